"""Files: a large desired state, read and validated."""
import re
import sys

from rig import HERE, Row, Run, fleet, median, tell


def check(binary, config):
    runs = [Run([binary, "check", "--config", config]) for _ in range(3)]
    return median([run.seconds for run in runs]), max(run.peak for run in runs)


def measure(binary, folder, compose):
    tell("read 100,000 numbers")
    config = fleet(folder / "files", 100_000)
    state = config.parent / "desired-state.yaml"
    seconds, peak = check(binary, config)
    pattern = r"(?:loaded|composed) in ([\d.]+)"
    bare = median([float(re.search(pattern, Run([compose, state]).output).group(1)) for _ in range(3)])
    python = median([float(re.search(pattern, Run([sys.executable, HERE / "load-yaml.py", state]).output).group(1))
                     for _ in range(3)])
    work = "`check` of 100,000 numbers with their secrets"
    yield Row(work, f"{seconds:.2f} s", f"bare `Yams.compose`: {bare:.2f} s", f"0.5 ×; is {seconds / bare:.2f} ×",
              seconds <= 0.5 * bare)
    yield Row("", "", f"PyYAML's C loader: {python:.2f} s", f"¼; is {seconds / python:.2f}", seconds <= python / 4)
    yield Row("", f"{peak} MB at most", "", "under 250 MB", peak < 250)
    tell("read a million numbers")
    million, peak = check(binary, fleet(folder / "million", 1_000_000))
    yield Row("`check` of 1,000,000 numbers", f"{million:.2f} s", f"{million / seconds:.1f} × the time of 100,000",
              "linear: under 11 ×", million < 11 * seconds)
    yield Row("", f"{peak} MB at most", "", "under 2,000 MB", peak < 2000)
