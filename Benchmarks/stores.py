"""A large store: start, reload, rest, and what people look at."""
import sys
import time

from rig import HERE, Daemon, Row, Run, fleet, store, tell, wait

NUMBER = "+15550000077"
LOOKS = [["status"], ["status", NUMBER], ["plan"], ["history"], ["history", NUMBER], ["history", "--events"],
         ["history", "--since", "2d"], ["history", "--outcome", "refused"]]


def make(binary, folder, numbers, changes):
    Run([sys.executable, HERE / "large-store.py", "--binary", binary, "--output", folder, "--numbers", str(numbers),
         "--changes", str(changes)])
    return folder / "twostepd.yaml"


def rows(config):
    with store(config) as db:
        return {row[0]: row for row in db.execute("SELECT number, * FROM numbers")}


def reload(binary, config):
    """Seconds from the edit of one number to its being in force, and how many rows differ."""
    before = rows(config)
    state = config.parent / "desired-state.yaml"
    text = state.read_text().replace("    label: n77\n", "    label: n77\n    rotate_every: 30d\n")
    began = time.perf_counter()
    state.write_text(text)
    Run([binary, "reload", "--config", config])
    seconds = time.perf_counter() - began
    after = rows(config)
    return seconds, sum(before[number] != after[number] for number in after)


def measure(binary, folder, changes, idle):
    tell("a store of 1,000 numbers, to compare")
    small = Daemon(binary, make(binary, folder / "small", 1000, 1000))
    small.stop()
    tell(f"a store of 100,000 numbers and {changes:,} requests: this takes some minutes")
    config = make(binary, folder / "store", 100_000, changes)
    size = f"100,000 numbers and {changes:,} requests"
    for words in LOOKS:
        # The second look: the first may wait for the disk.
        Run([binary] + words + ["--config", config], codes=(0, 2))
        run = Run([binary] + words + ["--config", config], codes=(0, 2))
        yield Row(f"`{' '.join(words)}`, {size}", f"{run.first:.2f} s to the first screen", f"{run.seconds:.2f} s in all, "
                  f"{run.peak} MB", "under 1 s", run.first < 1)
    tell("start")
    daemon = Daemon(binary, config)
    yield Row(f"start to READY, {size}, none due", f"{daemon.ready:.2f} s", f"1,000 numbers: {small.ready:.2f} s",
              "under 1 s", daemon.ready < 1)
    own, less = daemon.ready_memory["RssAnon"], small.ready_memory["RssAnon"]
    yield Row("memory of its own at READY", f"{own} MB", f"1,000 numbers: {less} MB", "does not grow", own <= less + 8)
    wait(lambda: "Desired state in force" in daemon.log.read_text(), "the desired state")
    tell("until the history of the large store has been looked at, and the memory for that is given back")
    daemon.rest()
    seconds, differing = reload(binary, config)
    yield Row("`reload`, one number of 100,000 changed", f"{seconds:.2f} s", f"{differing} row written",
              "under 1 s, one row", seconds < 1 and differing == 1)
    daemon.rest()
    tell(f"idle for {idle} s")
    before = daemon.switches()
    time.sleep(idle)
    after = daemon.switches()
    woken = {thread: after[thread] - before.get(thread, 0) for thread in after}
    names = sorted({name for (name, _), count in woken.items() if count})
    woken = sum(woken.values())
    memory = daemon.memory()
    daemon.stop()
    yield Row(f"idle for {idle // 60} minutes, 100,000 numbers", f"{memory['VmRSS']} MB resident, {memory['RssAnon']} its own",
              "", "under 60 MB", memory["VmRSS"] < 60)
    yield Row("", f"{woken * 60 / idle:.1f} wake-ups a minute" + (f" ({', '.join(names)})" if names else ""),
              "no watchdog is set", "under 75", woken * 60 / idle < 75)
