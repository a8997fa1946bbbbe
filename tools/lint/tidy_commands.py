#!/usr/bin/python3
"""Writes FOLDER/compile_commands.json: how build/release compiles each source, without the precompiled header.

clang-tidy 19 crashes where it has something to say about a line that came out of a precompiled header.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRECOMPILED = re.compile(r" -Winvalid-pch| -Xclang -include-pch -Xclang \S+")


def without_precompiled_header(command):
    return PRECOMPILED.sub("", command)


def main():
    commands = json.loads((ROOT / "build/release/compile_commands.json").read_text())
    for entry in commands:
        entry["command"] = without_precompiled_header(entry["command"])
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(commands))


if __name__ == "__main__":
    main()
