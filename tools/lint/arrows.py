#!/usr/bin/python3
"""Checks who may include whom under src/, as docs/architecture.md draws it."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)

# A floor may include itself and what is below it; the folders of one floor never include each other.
FLOORS = [
    ["app"],
    ["website", "campaign"],
    ["accounts"],
    ["integrations", "importer", "profile"],
    ["platform"],
]
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}

# Third party: where each may be included, as folders of src/.
FENCED = [
    (re.compile(r"^boost/beast"), "Beast", ("platform/http", "platform/outbound")),
    (re.compile(r"^(libpq-fe|libpq/|pg_config|postgres_ext|catalog/)"), "libpq", ("platform/db",)),
    (re.compile(r"^duckdb"), "DuckDB", ("profile",)),
]
# These know neither HTTP nor the database.
APART = {"importer": ("platform/http", "platform/api", "platform/db"), "profile": ("platform/http", "platform/api", "platform/db")}


def inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def faults_of(path, text):
    """What is wrong with the includes of one file; `path` is relative to src/."""
    room = path.split("/")[0]
    for match in INCLUDE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        quote, name = match.groups()
        where = f"src/{path}:{line}: "
        for pattern, label, folders in FENCED:
            if pattern.match(name) and not any(inside(path, folder) for folder in folders):
                yield f"{where}{label} belongs under {', '.join(folders)}"
        target = name.split("/")[0]
        if quote != '"' or room not in LEVEL or target not in LEVEL:
            continue
        if LEVEL[target] < LEVEL[room]:
            yield f"{where}{room} must not include {name}: arrows go down"
        elif LEVEL[target] == LEVEL[room] and target != room:
            yield f"{where}{room} and {target} must not include each other"
        for folder in APART.get(room, ()):
            if inside(name, folder):
                yield f"{where}{room} knows nothing of {folder}"


def main():
    files = sorted(p for p in SRC.rglob("*") if p.suffix in (".cpp", ".hpp"))
    strangers = {p.relative_to(SRC).parts[0] for p in files if len(p.relative_to(SRC).parts) > 1} - set(LEVEL)
    faults = [f"src/{name}: no floor for this folder in tools/lint/arrows.py" for name in sorted(strangers)]
    for path in files:
        faults += faults_of(path.relative_to(SRC).as_posix(), path.read_text())
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
