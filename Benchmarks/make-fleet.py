#!/usr/bin/env python3
"""Writes the files of a fleet for measurements: desired-state.yaml, secrets.yaml and twostepd.yaml in a folder.

The same arguments give the same bytes. Numbers are +1555 and seven digits or more; tokens are 32 letters and digits.
"""

import argparse
import hashlib
import os
import pathlib


def token(index: int, salt: str) -> str:
    return hashlib.sha256(f"token {index} {salt}".encode()).hexdigest()[:32]


def number(index: int) -> str:
    return f"+1555{1_000_000 + index}"


def desired_state(arguments) -> str:
    lines = ["version: 1", "defaults:"]
    if arguments.endpoint:
        lines.append(f'  endpoint: "{arguments.endpoint}"')
    lines += [f"  rotate_every: {arguments.rotate_every}", f"  reapply_every: {arguments.reapply_every}", "numbers:"]
    for index in range(arguments.numbers):
        lines.append(f'  - number: "{number(index)}"')
        lines.append(f"    label: number-{index}")
        lines.append(f"    token: token-{index}")
        # One key of its own, which differs here and there, as in a fleet that people edit.
        own = "disabled" if index % 100 == 99 and not arguments.all_enabled else "enabled"
        lines.append(f"    verification: {own}")
    return "\n".join(lines) + "\n"


def secrets(arguments) -> str:
    tokens = (f"  token-{index}: {token(index, arguments.salt)}" for index in range(arguments.numbers))
    return "tokens:\n" + "\n".join(tokens) + "\n"


def settings(arguments, folder: pathlib.Path) -> str:
    lines = [
        f"desired_state: {folder}/desired-state.yaml",
        f"secrets: {folder}/secrets.yaml",
        f"state_directory: {folder}/state",
        f"runtime_directory: {folder}/run",
        f"listen: {arguments.listen}",
    ]
    return "\n".join(lines + arguments.setting) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--numbers", type=int, default=100_000)
    parser.add_argument("--endpoint", help="the URL that requests go to; the vendor's own when left out")
    parser.add_argument("--rotate-every", default="90d")
    parser.add_argument("--reapply-every", default="24h")
    parser.add_argument("--all-enabled", action="store_true", help="no number is disabled")
    parser.add_argument("--salt", default="", help="another salt gives other tokens")
    parser.add_argument("--listen", default='"off"')
    parser.add_argument("--setting", action="append", default=[], metavar="LINE", help="one more line of twostepd.yaml")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in [
        ("desired-state.yaml", desired_state(arguments)),
        ("secrets.yaml", secrets(arguments)),
        ("twostepd.yaml", settings(arguments, folder)),
    ]:
        # Created for its owner alone: one of the files holds secrets.
        with open(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)


if __name__ == "__main__":
    main()
