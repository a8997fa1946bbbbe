#!/usr/bin/python3
"""Reads an lcov trace on standard input; prints for each file its share of covered lines and the lines that are missing."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def ranges(lines):
    """[1, 2, 3, 7] → "1-3 7"."""
    out = []
    for line in sorted(lines):
        if out and line == out[-1][1] + 1:
            out[-1][1] = line
        else:
            out.append([line, line])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in out)


def read(trace):
    """{file: {line: hits}}"""
    files, current = {}, None
    for line in trace:
        key, _, value = line.strip().partition(":")
        if key == "SF":
            current = files.setdefault(value, {})
        elif key == "DA":
            number, hits = value.split(",")[:2]
            current[int(number)] = max(current.get(int(number), 0), int(hits))
    return files


def main():
    files = read(sys.stdin)
    total = covered = 0
    print(f"{'covered':>8} {'lines':>6}  file: missing lines")
    for name, lines in sorted(files.items()):
        hit = sum(1 for hits in lines.values() if hits)
        total, covered = total + len(lines), covered + hit
        path = Path(name)
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        missing = ranges(line for line, hits in lines.items() if not hits)
        print(f"{100 * hit / max(len(lines), 1):7.1f}% {len(lines):6}  {shown}{': ' + missing if missing else ''}")
    print(f"{100 * covered / max(total, 1):7.1f}% {total:6}  all")
    return 0 if total else 1


if __name__ == "__main__":
    sys.exit(main())
