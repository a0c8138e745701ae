#!/usr/bin/env python3
"""Measures everything side by side in one go and prints a table in Markdown; scripts/bench.sh builds what it needs."""
import argparse
import pathlib
import shutil

import files
import stores
import wire
import year
from rig import machine


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    parser.add_argument("--simulation", type=pathlib.Path, required=True)
    parser.add_argument("--compose", type=pathlib.Path, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="made, and removed at the end")
    parser.add_argument("--changes", type=int, default=10_000_000, help="requests in the large store")
    parser.add_argument("--idle", type=int, default=600, help="seconds of rest")
    parser.add_argument("--year", type=int, default=1_000_000, help="numbers of the largest fleet that lives a year")
    parser.add_argument("parts", nargs="*", default=[], help="wire, files, stores, year; all of them when none is named")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True)
    sizes = [numbers for numbers in (1000, 10_000, 100_000) if numbers < options.year] + [options.year]
    parts = {
        "wire": lambda: wire.measure(options.binary, folder),
        "files": lambda: files.measure(options.binary, folder, options.compose),
        "stores": lambda: stores.measure(options.binary, folder, options.changes, options.idle),
        "year": lambda: year.measure(options.simulation, folder, sizes),
    }
    if unknown := set(options.parts) - set(parts):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    try:
        print("\n".join(machine(folder)) + "\n", flush=True)
        print("| work | twostepd | compared with | goal | met |\n|---|---|---|---|---|", flush=True)
        for part in options.parts or parts:
            for row in parts[part]():
                print(row, flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
