#!/usr/bin/env python3
"""Measures what the program does with a store that large-store.py made:

    Benchmarks/large-store-figures.py --binary .build-package/twostepd --store DIR [--idle SECONDS]

One line for each command: until its 40th line, in all, processor time, memory. Then the daemon: until READY, the part
of that which is the store's (no desired state and no secrets to read), memory and wake-ups while it rests, and its pages.
"""
import argparse
import pathlib
import re
import signal
import subprocess
import sys
import time
import os

NUMBER, LABEL = "+15550000077", "n77"
COMMANDS = [
    ["status"], ["status", NUMBER], ["status", "--format", "json"], ["plan"], ["history"], ["history", NUMBER],
    ["history", LABEL], ["history", "--events"], ["history", "--since", "2d"], ["history", "--outcome", "refused"],
]
PAGES = ["/metrics", "/metrics", "/", "/", "/v1/status", "/numbers/%2B15550000077"]


def measure(binary, words, config):
    began = time.time()
    process = subprocess.Popen([binary] + words + ["--config", config], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    lines, first = 0, None
    for _ in process.stdout:
        lines += 1
        if lines == 40:
            first = time.time() - began
    _, status, usage = os.wait4(process.pid, 0)
    total = time.time() - began
    print(f"{' '.join(words):28} first screen {first or total:5.2f} s  all {total:5.2f} s  processor "
          f"{usage.ru_utime + usage.ru_stime:5.2f} s  {usage.ru_maxrss >> 10:4} MB  {lines} lines"
          + ("" if status == 0 else f"  EXIT {status}"))


class Daemon:
    def __init__(self, binary, folder, config):
        self.folder, self.log = folder, folder / "figures.log"
        with open(self.log, "wb") as sink:
            self.began = time.time()
            self.process = subprocess.Popen([binary, "run", "--config", config], stdout=sink, stderr=sink)
        self.wait(" Ready ")
        self.ready = time.time() - self.began

    def wait(self, text):
        while text not in self.log.read_text():
            if self.process.poll() is not None:
                sys.exit(self.log.read_text()[-2000:])
            time.sleep(0.005)

    def memory(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return {name: int(re.search(name + r":\s+(\d+)", status).group(1)) >> 10 for name in ("VmRSS", "RssAnon", "VmHWM")}

    def switches(self):
        """How often each thread gave the processor away by itself: at least once for each wake-up."""
        found = {}
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            text = (task / "status").read_text()
            found[task.name] = int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", text).group(1))
        return found

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--store", required=True, type=pathlib.Path)
    parser.add_argument("--idle", type=int, default=60)
    options = parser.parse_args()
    folder, config = options.store.resolve(), str(options.store.resolve() / "twostepd.yaml")
    for words in COMMANDS:
        measure(options.binary, words, config)
    bare = folder / "bare.yaml"
    text = (folder / "twostepd.yaml").read_text()
    bare.write_text(text.replace("desired-state.yaml", "nothing.yaml").replace("secrets.yaml", "none.yaml"))
    daemon = Daemon(options.binary, folder, str(bare))
    print(f"start, the store's part        {daemon.ready:5.2f} s  {daemon.memory()}")
    daemon.stop()
    daemon = Daemon(options.binary, folder, config)
    print(f"start to READY                 {daemon.ready:5.2f} s  {daemon.memory()}")
    daemon.wait("in force")
    # Until the files and the history of a large store have been looked at, and the memory for that is given back.
    time.sleep(40)
    before = daemon.switches()
    time.sleep(options.idle)
    after = daemon.switches()
    woken = sum(after[thread] - before[thread] for thread in after if thread in before)
    print(f"idle for {options.idle} s: {woken} wake-ups, {len(set(after) - set(before))} new threads, {daemon.memory()}")
    for page in PAGES:
        began = time.time()
        socket = str(folder / "run/control.sock")
        result = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}, %{size_download} bytes", "--unix-socket",
                                 socket, "http://localhost" + page], capture_output=True, text=True, check=True).stdout
        print(f"{page:28} {time.time() - began:5.2f} s  {result}  {daemon.memory()}")
    time.sleep(7)
    print(f"afterwards {daemon.memory()}, exit {daemon.stop()}")


if __name__ == "__main__":
    main()
