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
NO_SERVER = ("platform/http", "platform/api", "platform/db")
APART = {"importer": NO_SERVER, "profile": NO_SERVER}
# The rooms made of features, one a folder; what a feature shows to the others is the header named after its folder.
HOUSES_OF_FEATURES = ("website", "campaign", "integrations")


def inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def feature_of(path):
    """The feature that a file belongs to: "campaign/voters", "accounts"; none for the ground, and for what knows all."""
    parts = path.split("/")
    if parts[0] in HOUSES_OF_FEATURES and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0] if parts[0] == "accounts" else None


def includes_of(text):
    """(line, quote, name) of each."""
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, *match.groups()


def faults_of(path, text):
    """What is wrong with the includes of one file; `path` is relative to src/."""
    room = path.split("/")[0]
    for line, quote, name in includes_of(text):
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
        feature = feature_of(name)
        if room != "app" and feature and feature != feature_of(path) and name != f"{feature}/{Path(feature).name}.hpp":
            yield f"{where}{feature} shows {Path(feature).name}.hpp alone, not {name}"


def leaks_of(texts):
    """Headers that carry a fenced library out of its folders: `texts` is {path: text} of all of src/."""
    direct = {path: [(line, name) for line, quote, name in includes_of(text)] for path, text in texts.items()}
    for pattern, label, folders in FENCED:
        # What includes the library, itself or through a header; grown until nothing is added.
        carriers = {path for path, names in direct.items() if any(pattern.match(name) for _, name in names)}
        while more := {p for p, names in direct.items() if p not in carriers and any(n in carriers for _, n in names)}:
            carriers |= more
        for path in sorted(carriers):
            if not any(inside(path, folder) for folder in folders):
                for line, name in direct[path]:
                    if any(inside(name, folder) for folder in folders) and name in carriers:
                        yield f"src/{path}:{line}: {name} brings {label} along"


def main():
    files = sorted(p for p in SRC.rglob("*") if p.suffix in (".cpp", ".hpp"))
    strangers = {p.relative_to(SRC).parts[0] for p in files if len(p.relative_to(SRC).parts) > 1} - set(LEVEL)
    faults = [f"src/{name}: no floor for this folder in tools/lint/arrows.py" for name in sorted(strangers)]
    texts = {path.relative_to(SRC).as_posix(): path.read_text() for path in files}
    for path, text in texts.items():
        faults += faults_of(path, text)
    faults += leaks_of(texts)
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
