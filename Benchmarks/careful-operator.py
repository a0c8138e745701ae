#!/usr/bin/env python3
"""What a careful operator would write without twostepd: asyncio, aiohttp and sqlite3.

Every request is recorded and committed before it is sent, and its answer is recorded and committed as well; the store is
as durable as twostepd's (write-ahead log, synchronous=FULL). There is no belief, no rotation, no limit and no sealing:
only the part that is needed to compare speed honestly.

    careful-operator.py converge|reapply --url URL --numbers N --concurrency N --store FILE

Prints one line: requests, seconds, requests a second.
"""
import argparse
import asyncio
import datetime
import json
import secrets
import sqlite3
import time

import aiohttp

TABLES = """
CREATE TABLE numbers (number TEXT PRIMARY KEY, token TEXT NOT NULL, state TEXT NOT NULL, pin TEXT) WITHOUT ROWID;
CREATE TABLE changes (id INTEGER PRIMARY KEY, number TEXT NOT NULL, action TEXT NOT NULL, pin TEXT,
    sent_at TEXT NOT NULL, answered_at TEXT, http_status INTEGER, api_status INTEGER, message TEXT);
"""


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")


def open_store(path, count):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.executescript(TABLES)
    db.execute("BEGIN")
    for index in range(count):
        db.execute(
            "INSERT INTO numbers VALUES (?, ?, 'on', '482913')",
            (f"+1555{index:07d}", f"token-{index:07d}-0123456789abcdef"))
    db.execute("COMMIT")
    return db


async def send(session, db, url, number, token, action, pin):
    """One request: committed before it is sent, and again when its answer is known."""
    body = {"token": token, "action": 0 if action == "enable" else 1}
    if pin is not None:
        body["pin"] = pin
    db.execute("BEGIN")
    change = db.execute(
        "INSERT INTO changes (number, action, pin, sent_at) VALUES (?, ?, ?, ?)", (number, action, pin, now())).lastrowid
    db.execute("UPDATE numbers SET state = 'changing', pin = coalesce(?, pin) WHERE number = ?", (pin, number))
    db.execute("COMMIT")
    async with session.post(url, json=body) as response:
        answer = json.loads(await response.text())
    accepted = response.status == 200 and answer["status"] == 100
    db.execute("BEGIN")
    db.execute(
        "UPDATE changes SET answered_at = ?, http_status = ?, api_status = ?, message = ? WHERE id = ?",
        (now(), response.status, answer["status"], answer["message"], change))
    state = ("on" if action == "enable" else "off") if accepted else "unknown"
    db.execute("UPDATE numbers SET state = ? WHERE number = ?", (state, number))
    db.execute("COMMIT")
    if not accepted:
        raise SystemExit(f"{number}: {answer}")


async def work(arguments, db):
    queue = iter(db.execute("SELECT number, token, pin FROM numbers").fetchall())
    requests = 0

    async def worker(session):
        nonlocal requests
        for number, token, pin in queue:
            if arguments.job == "converge":
                await send(session, db, arguments.url, number, token, "disable", None)
                pin = f"{secrets.randbelow(900000) + 100000}"
                requests += 1
            await send(session, db, arguments.url, number, token, "enable", pin)
            requests += 1

    connector = aiohttp.TCPConnector(limit=arguments.concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(worker(session) for _ in range(arguments.concurrency)))
    return requests


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("job", choices=["converge", "reapply"])
    parser.add_argument("--url", required=True)
    parser.add_argument("--numbers", type=int, required=True)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--store", required=True)
    arguments = parser.parse_args()
    db = open_store(arguments.store, arguments.numbers)
    began = time.perf_counter()
    requests = asyncio.run(work(arguments, db))
    seconds = time.perf_counter() - began
    print(f"{requests} {seconds:.3f} {requests / seconds:.1f}")


if __name__ == "__main__":
    main()
