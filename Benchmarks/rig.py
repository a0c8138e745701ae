"""What the measurements share: processes, the static vendor, the daemon, the disk."""
import contextlib
import hashlib
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent


class Row:
    """One line of the table."""

    def __init__(self, work, result, compared="", goal="", met=None):
        self.cells = [work, result, compared, goal, {True: "yes", False: "**no**", None: ""}[met]]

    def __str__(self):
        return "| " + " | ".join(self.cells) + " |"


def tell(text):
    print(text, file=sys.stderr, flush=True)


def fail(text):
    sys.exit(f"bench: {text}")


class Run:
    """A finished process: seconds in all and until its 40th line, processor seconds, peak MB, output."""

    def __init__(self, words, codes=(0,), **options):
        began = time.perf_counter()
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE if options.pop("quiet", True)
                                   else None, **options)
        lines, self.first = [], None
        for line in process.stdout:
            lines.append(line)
            if len(lines) == 40:
                self.first = time.perf_counter() - began
        errors = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        self.seconds = time.perf_counter() - began
        self.first = self.first or self.seconds
        self.processor = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss >> 10
        self.output = b"".join(lines).decode(errors="replace")
        code = os.waitstatus_to_exitcode(status)
        if code not in codes:
            fail(f"{' '.join(map(str, words))} ended with {code}: {errors.decode(errors='replace')[-2000:]}")


def median(values):
    return sorted(values)[len(values) // 2]


def fleet(folder, numbers, url=None, *options):
    """Settings, secrets and desired state in a new folder; the settings lift every limit of rate."""
    words = [sys.executable, HERE / "make-fleet.py", folder, "--numbers", str(numbers), "--all-enabled"]
    words += ["--endpoint", url] if url else []
    for line in ["log_level: warning", "limits: { requests_per_minute: unlimited, writes_per_hour: unlimited, "
                 "writes_per_hour_exposed: unlimited, max_exposed: 64, concurrency: 64 }"]:
        words += ["--setting", line]
    Run(words + list(options))
    return folder / "twostepd.yaml"


def digest(folder):
    """The beginning of the SHA-256 of the desired state, as `accept` requires it of a new store."""
    return hashlib.sha256((folder / "desired-state.yaml").read_bytes()).hexdigest()[:12]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def static_vendor(folder):
    """nginx that answers success to everything; yields its URL."""
    folder.mkdir(parents=True)
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text((HERE / "nginx.conf.in").read_text().replace("@DIR@", str(folder)).replace("@PORT@", str(port)))
    nginx = subprocess.Popen(["nginx", "-p", folder, "-c", conf, "-e", folder / "error.log"], stderr=subprocess.DEVNULL)
    try:
        wait(lambda: not socket.socket().connect_ex(("127.0.0.1", port)), "nginx")
        yield f"http://127.0.0.1:{port}/api/v2/two-step-verification"
    finally:
        nginx.terminate()
        nginx.wait()


def wait(condition, what, limit=900, pause=0.01):
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            fail(f"{what} does not come")
        time.sleep(pause)


class Daemon:
    """A running daemon; `ready` is the seconds from its start to READY=1."""

    def __init__(self, binary, config):
        self.folder = config.parent
        self.log = self.folder / "daemon.log"
        path = str(self.folder / "notify")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify, open(self.log, "wb") as sink:
            notify.bind(path)
            notify.settimeout(120)
            began = time.perf_counter()
            self.process = subprocess.Popen(
                [binary, "run", "--config", config], stdout=sink, stderr=sink, env=os.environ | {"NOTIFY_SOCKET": path})
            while b"READY=1" not in notify.recv(4096).split(b"\n"):
                pass
            self.ready = time.perf_counter() - began
        self.ready_memory = self.memory()

    def memory(self):
        """Resident MB now, of which its own, and the most there was."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return {name: int(re.search(name + r":\s+(\d+)", status).group(1)) >> 10 for name in ("VmRSS", "RssAnon", "VmHWM")}

    def switches(self):
        """How often each thread gave the processor away by itself: at least once for each wake-up. By name and id."""
        found = {}
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            text = (task / "status").read_text()
            name = re.search(r"Name:\s+(.*)", text).group(1)
            found[name, task.name] = int(re.search(r"\nvoluntary_ctxt_switches:\s+(\d+)", text).group(1))
        return found

    def rest(self, seconds=30, limit=1800):
        """Waits until no processor has been used for so long: the history of a large store is looked at in the background."""
        def used():
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return int(fields[11]) + int(fields[12])
        before, since, deadline = used(), time.monotonic(), time.monotonic() + limit
        while time.monotonic() - since < seconds:
            if time.monotonic() > deadline:
                fail("the daemon does not come to rest")
            time.sleep(1)
            now = used()
            if now != before:
                before, since = now, time.monotonic()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60) != 0:
            fail(f"the daemon ended badly: {self.log.read_text()[-2000:]}")


@contextlib.contextmanager
def store(config):
    """The store of a fleet, for reading."""
    db = sqlite3.connect(f"file:{config.parent}/state/twostepd.sqlite?mode=ro", uri=True)
    try:
        yield db
    finally:
        db.close()


def requests_after(config, change):
    """Requests since one: how many, and the seconds from the first that was sent to the last answer."""
    with store(config) as db:
        return db.execute(
            "SELECT count(answered_at), (julianday(max(answered_at)) - julianday(min(sent_at))) * 86400 "
            "FROM changes WHERE id > ?", (change,)).fetchone()


def durable_commits(folder, seconds=3):
    """Commits a second that SQLite makes durable here, one row each: the bound of everything that commits singly."""
    db = sqlite3.connect(folder / "commits.sqlite", isolation_level=None)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE rows (id INTEGER PRIMARY KEY, t)")
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        db.execute("INSERT INTO rows (t) VALUES ('durable')")
        count += 1
    rate = count / (time.perf_counter() - began)
    db.close()
    return rate


def machine(folder):
    """The machine, as lines of a list."""
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1))
    kind = Run(["stat", "-f", "-c", "%T", folder]).output.strip()
    return [
        f"- processor: {os.cpu_count()} × {cpu.group(1) if cpu else os.uname().machine}",
        f"- memory: {memory / 1e6:.0f} GB; kernel {os.uname().release}; file system {kind}",
        f"- durable commits of SQLite, one row each (WAL, `synchronous=FULL`): {durable_commits(folder):,.0f} a second",
    ]
