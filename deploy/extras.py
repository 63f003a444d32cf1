"""Prints the packages of optional parts, as pyproject.toml pins them: ``extras.py pretrained,ray``."""

import sys
import tomllib

with open("pyproject.toml", "rb") as file:
    known = tomllib.load(file)["project"]["optional-dependencies"]
for name in filter(None, sys.argv[1].split(",")):
    if name not in known:
        sys.exit(f"There is no optional part {name}: EXTRAS may name {', '.join(known)}.")
    sys.stdout.writelines(f"{package}\n" for package in known[name])
