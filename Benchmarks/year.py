"""A year of a fleet in virtual time: the real engine and a real store, without a network."""
from rig import Row, Run, tell


def measure(simulation, folder, sizes):
    costs = {}
    for numbers in sizes:
        tell(f"a year of {numbers:,} numbers")
        line = Run([simulation, "--year", str(numbers), "365", folder / f"year-{numbers}"]).output.strip().split("\n")[-1]
        figures = dict(pair.split("=") for pair in line.split()[1:])
        costs[numbers] = float(figures["cpu_us"])
        flat = max(costs.values()) / costs[sizes[0]] if len(costs) > 1 else None
        compared = f"{costs[numbers] / costs[sizes[0]]:.2f} × the cost of {sizes[0]:,}" if flat else ""
        requests = int(figures["requests"])
        yield Row(f"a year of {numbers:,} numbers, {requests:,} requests",
                  f"{costs[numbers]:.0f} µs of processor a request; {float(figures['wall']):,.0f} s in all; "
                  f"{float(figures['commits_per_second']):,.0f} commits/s; store {int(figures['store']) / 1e6:,.0f} MB, "
                  f"{int(figures['store']) / requests:.0f} bytes a request; {int(figures['peak']) >> 20} MB at most",
                  compared, "flat within 20 %", None if flat is None else abs(costs[numbers] / costs[sizes[0]] - 1) <= 0.2)
