#!/usr/bin/env python3
"""Loads a YAML file with PyYAML's C loader and does nothing with it."""

import sys
import time

import yaml

assert yaml.__with_libyaml__, "PyYAML was built without libyaml"
start = time.monotonic()
with open(sys.argv[1]) as file:
    content = yaml.load(file, Loader=yaml.CSafeLoader)
print(f"{len(content['numbers'])} numbers loaded in {time.monotonic() - start:.2f} s")
