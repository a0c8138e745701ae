"""A year of a fleet in virtual time: the real engine and a real store, without a network."""
from rig import Row, Run, tell


def measure(simulation, folder, sizes):
    first = None
    for numbers in sizes:
        tell(f"a year of {numbers:,} numbers")
        line = Run([simulation, "--year", str(numbers), "365", folder / f"year-{numbers}"]).output.strip().split("\n")[-1]
        figures = dict(pair.split("=") for pair in line.split()[1:])
        cost, requests, size = float(figures["cpu_us"]), int(figures["requests"]), int(figures["store"])
        first = first or cost
        compared, met = "", None
        if numbers != sizes[0]:
            compared, met = f"{cost / first:.2f} × the cost of {sizes[0]:,}", abs(cost / first - 1) <= 0.2
        yield Row(f"a year of {numbers:,} numbers, {requests:,} requests",
                  f"{cost:.0f} µs of processor a request; {float(figures['wall']):,.0f} s in all; "
                  f"{float(figures['commits_per_second']):,.0f} commits/s; store {size / 1e6:,.0f} MB, "
                  f"{size / requests:.0f} bytes a request; {int(figures['peak']) >> 20} MB at most",
                  compared, "flat within 20 %", met)
