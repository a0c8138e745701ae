#!/usr/bin/env python3
"""Makes a store as large as years of a fleet, for measurements:

    Benchmarks/large-store.py --binary .build-package/twostepd --output DIR [--numbers 100000] [--changes 10000000]

DIR then holds settings, secrets, a desired state and a store that the real program made and adopted the fleet into.
What a fleet of that size would have added since then is filled in through SQL, and is what the program would have
written: every PIN is sealed under the key, every row is chained with its right code, nothing is due. So everything
works on it: `run` starts and sends nothing, `audit verify` is content, `pin show` opens the PIN.

The endpoint is a closed port of this machine. Needs Python's `cryptography` (apt-get install python3-cryptography).
"""
import argparse
import datetime
import hashlib
import hmac
import os
import pathlib
import secrets
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from collections import deque

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from rig import digest

DAY = 86_400_000


def text(milliseconds):
    moment = datetime.datetime.fromtimestamp(milliseconds // 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


class Clock:
    """Texts of instants that mostly go forward: the date is formatted once a day."""

    def __init__(self):
        self.day, self.head = None, ""

    def text(self, milliseconds):
        day, rest = divmod(milliseconds, DAY)
        if day != self.day:
            self.day, self.head = day, text(day * DAY)[:11]
        second, milli = divmod(rest, 1000)
        return f"{self.head}{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{milli:03d}Z"


def write(path, content, mode=0o600):
    path.write_text(content) if isinstance(content, str) else path.write_bytes(content)
    path.chmod(mode)


def number(index):
    return f"+1555{index:07d}"


def make_fleet(folder, options):
    """Settings, key, secrets and desired state for the fleet."""
    folder.mkdir(mode=0o700, parents=True)
    write(folder / "key", secrets.token_bytes(32))
    write(folder / "twostepd.yaml", f"""desired_state: desired-state.yaml
state_directory: state
runtime_directory: run
secrets: secrets.yaml
sealing_key: {folder / 'key'}
listen: "off"
metrics: fleet
{options.settings}
""")
    names = [f"n{index}" for index in range(options.numbers)]
    write(folder / "secrets.yaml", "tokens:\n" + "".join(f"  {n}: token-value-of-{n}\n" for n in names))
    write(folder / "desired-state.yaml", "version: 1\ndefaults:\n  endpoint: http://127.0.0.1:9/\nnumbers:\n" + "".join(
        f"  - number: \"{number(i)}\"\n    label: {n}\n    token: {n}\n" for i, n in enumerate(names)))


def adopt(folder, binary):
    """Has the real program make the store and take the fleet into force, with everything paused."""
    config = ["--config", str(folder / "twostepd.yaml")]
    subprocess.run([binary, "clock", "accept"] + config, check=True, stdout=subprocess.DEVNULL)
    with sqlite3.connect(folder / "state/twostepd.sqlite") as db:
        db.execute("UPDATE store_state SET paused_at = ?, paused_by = 'bench', pause_exposed = 1",
                   (text(int(time.time() * 1000)),))
    db.close()
    log = folder / "daemon.log"
    # A new store is held until it is accepted.
    with open(log, "wb") as sink:
        daemon = subprocess.Popen([binary, "run"] + config, stdout=sink, stderr=sink)
        try:
            while "Desired state in force" not in log.read_text():
                if daemon.poll() is not None:
                    sys.exit(f"the daemon ended: {log.read_text()[-2000:]}")
                subprocess.run([binary, "accept", digest(folder)] + config, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                time.sleep(0.2)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait()


class Chain:
    """The audit chain: codes in the order of writing, as Sources/Storage/AuditChain.swift makes them."""

    def __init__(self, key):
        self.key, self.mac, self.sequence = key, bytes(32), 0

    @staticmethod
    def encoded(value):
        if value is None:
            return b"\0"
        if isinstance(value, int):
            return b"\1" + struct.pack(">q", value)
        if isinstance(value, bytes):
            return b"\4" + struct.pack(">q", len(value)) + value
        data = value.encode()
        return b"\3" + struct.pack(">q", len(data)) + data

    def link(self, entry, row_id, content):
        self.sequence += 1
        head = b"twostepd audit %s\n%s" % (entry, self.mac)
        self.mac = hmac.digest(self.key, head + struct.pack(">q", self.sequence) + content, "sha256")
        return self.sequence, entry.decode(), row_id, self.mac


# How requests of a healthy fleet end: one in a hundred does not at once.
ENDINGS = [("accepted", "success", 200, 100, None)] * 98 + [
    ("refused", "vendor_refused", 200, 133, "Something went wrong"), ("in_doubt", "timeout", None, None, None)]


class Filler:
    def __init__(self, db, key, options):
        self.db, self.options = db, options
        self.cipher = ChaCha20Poly1305(key)
        self.key_id = hashlib.sha256(b"twostepd sealing key id\n" + key).hexdigest()[:16]
        sealed, key_id = db.execute("SELECT sealed_key, key_id FROM audit_state").fetchone()
        if key_id != self.key_id:
            sys.exit("the store is sealed under another key")
        self.chain = Chain(self.cipher.decrypt(sealed[:12], sealed[12:], b"twostepd audit key\n"))
        self.now = int(time.time() * 1000)
        self.begin = self.now - options.days * DAY
        # The last request lies some hours back: nothing is due, and nobody's hourly budget is touched.
        self.spacing = (self.now - self.begin - 3 * 3_600_000) / options.changes

    def seal(self, number, generation):
        nonce = secrets.token_bytes(12)
        pin = str(secrets.randbelow(800_000) + 112_345).encode()
        return nonce + self.cipher.encrypt(nonce, pin, f"twostepd pin\n{number}\n{generation}".encode())

    def pins(self):
        generations = self.options.generations
        for index in range(self.options.numbers):
            for generation in range(1, generations + 1):
                since = text(self.now - (generations - generation + 1) * 80 * DAY)
                until = None if generation == generations else text(self.now - (generations - generation) * 80 * DAY)
                yield (number(index), generation, self.seal(number(index), generation), self.key_id, "generated", since,
                       since, until, until is None)

    def history(self):
        """Changes, events and links in the order of their writing, as (table, row)."""
        options, chain, clock, later = self.options, self.chain, Clock(), Clock()
        encoded, pack = Chain.encoded, struct.pack
        enable, reapply = encoded("enable"), encoded("reapply_due")
        endings = [b"".join(map(encoded, (e[0], e[1], e[2], e[3], e[4] and e[4].encode(), None))) for e in ENDINGS]
        texts = [number(index) for index in range(options.numbers)]
        numbers = [encoded(value) for value in texts]
        generation = options.generations
        in_flight, event = deque(), 0
        for change in range(1, options.changes + 1):
            index = (change * 7919) % options.numbers
            sent = self.begin + int(change * self.spacing)
            sent_text, answered = clock.text(sent), later.text(sent + int(8.5 * self.spacing) + 40)
            ending = change * 31 % 100
            row_id = b"\1" + pack(">q", change)
            opening = b"".join(
                (row_id, numbers[index], enable, reapply, encoded(generation), encoded(sent_text)))
            outcome = ENDINGS[ending]
            yield "changes", (change, texts[index], "enable", "reapply_due", generation, sent_text, answered) + outcome
            in_flight.append((change, opening + encoded(answered) + endings[ending]))
            # Eight requests are always under way.
            if len(in_flight) > 8 or change == options.changes:
                while len(in_flight) > (0 if change == options.changes else 8):
                    answered_id, content = in_flight.popleft()
                    yield "audit_chain", chain.link(b"change", answered_id, content)
            if change % 1000 == 0:
                event += 1
                row = (event, sent_text, "configuration_accepted", None, "daemon", "revision 1 from the file")
                yield "events", row
                yield "audit_chain", self.event(row)

    def event(self, row):
        content = b"".join(map(Chain.encoded, row[:4] + (row[4].encode(), row[5].encode())))
        return self.chain.link(b"event", row[0], content)

    def fill(self):
        db = self.db
        rules = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")]
        indexes = [sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")]
        for kind, name in db.execute(
                "SELECT type, name FROM sqlite_master WHERE type = 'trigger' OR type = 'index' AND sql NOT NULL").fetchall():
            db.execute(f"DROP {kind} {name}")
        real = db.execute("SELECT at, kind, number, actor, detail FROM events ORDER BY id").fetchall()
        db.execute("DELETE FROM audit_chain")
        db.execute("DELETE FROM events")
        db.executemany("INSERT INTO pins (number, generation, sealed, key_id, origin, created_at, live_from, live_until, "
                       "maybe_live) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self.pins())
        self.number_rows()
        self.history_rows()
        first = (db.execute("SELECT max(id) FROM events").fetchone()[0] or 0) + 1
        for row in ((first + index,) + row for index, row in enumerate(real)):
            db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", row)
            db.execute("INSERT INTO audit_chain VALUES (?, ?, ?, ?)", self.event(row))
        for sql in indexes + rules:
            db.execute(sql)
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'change_hours'").fetchone():
            db.execute("INSERT OR IGNORE INTO change_hours SELECT substr(sent_at, 1, 13), min(id) FROM changes GROUP BY 1")
        db.execute("UPDATE store_state SET paused_at = NULL, paused_by = NULL, pause_exposed = NULL")

    def number_rows(self):
        """Everything is as desired; the next re-applies are spread over the day that begins in some hours."""
        applied = self.now - 12 * 3_600_000
        self.db.executemany(
            "UPDATE numbers SET maybe_off = 0, maybe_foreign = 0, off_doubt_at = NULL, last_accepted = ?, attempts = 0, "
            "retry_at = NULL, cycle_since = NULL, cycle_reason = NULL, applied_at = ?, rotated_at = ?, last_error = NULL, "
            "last_failure = NULL, due_at = ? WHERE number = ?",
            ((f"on({self.options.generations})", text(applied + index * 300), text(self.now - 80 * DAY),
              text(applied + index * 300 + DAY), number(index)) for index in range(self.options.numbers)))

    def history_rows(self):
        marks = {"changes": 12, "audit_chain": 4, "events": 6}
        columns = {"changes": " (id, number, action, reason, generation, sent_at, answered_at, outcome, outcome_reason, "
                              "http_status, api_status, message)"}
        batches = {table: [] for table in marks}
        inserts = {table: f"INSERT INTO {table}{columns.get(table, '')} VALUES ({', '.join('?' * count)})"
                   for table, count in marks.items()}
        for table, row in self.history():
            batch = batches[table]
            batch.append(row)
            if len(batch) == 50_000:
                self.db.executemany(inserts[table], batch)
                batch.clear()
        for table, batch in batches.items():
            self.db.executemany(inserts[table], batch)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--numbers", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=10_000_000)
    parser.add_argument("--generations", type=int, default=5)
    parser.add_argument("--days", type=int, default=395, help="over so many days the history stretches")
    parser.add_argument("--settings", default="", help="further lines for the settings")
    options = parser.parse_args()
    folder = options.output.resolve()
    if folder.exists():
        sys.exit(f"{folder} exists already")
    make_fleet(folder, options)
    adopt(folder, options.binary)
    path = folder / "state/twostepd.sqlite"
    db = sqlite3.connect(path, isolation_level=None)
    # Only this script sees the store until it is whole.
    db.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; PRAGMA temp_store = FILE; BEGIN")
    filler = Filler(db, (folder / "key").read_bytes(), options)
    filler.fill()
    db.execute("COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    # The fence holds the chain's head of the last start, which is another one now.
    fence = folder / "state/twostepd.fence"
    starts = fence.read_text().split("\n")[0]
    write(fence, f"{starts}\n{filler.chain.sequence}:{filler.chain.mac.hex()}\n")
    print(f"{folder}: {options.numbers} numbers, {options.changes} changes, {filler.chain.sequence} links, "
          f"{path.stat().st_size >> 20} MB")


if __name__ == "__main__":
    main()
