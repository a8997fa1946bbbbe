#!/usr/bin/python3
"""Measures Townhall side by side with its peers, in turn, on this machine, and prints one table of ratios.

Every number is a ratio against a peer in the same run, or a bound on Townhall's own memory and start. bench/README.md
says how it is done.
"""
import argparse
import datetime
import json
import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

from entries import ENTRIES
from rig.bench import Bench
from rig.figures import Figure, table
from rig.settings import CACHE, ROOT, TOWNHALL, Settings


def main() -> int:
    arguments = parse()
    if not TOWNHALL.exists():
        sys.exit(f"{TOWNHALL} is missing: ./dev bench builds it")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything started is stopped
    figures: list[Figure] = []
    broken = []
    with Bench(Settings(short=arguments.short)) as bench:
        for name in arguments.names or ENTRIES:
            try:
                figures += ENTRIES[name](bench)
            except Exception as error:  # one entry that can't be measured must not cost the others
                broken.append(f"{name}: {error}")
                print(broken[-1], file=sys.stderr)
        keep_raw(bench)
    print(table(figures))
    for line in broken:
        print(f"not measured: {line}")
    if arguments.write:
        arguments.write.write_text(document(figures, arguments.short), encoding="utf-8")
    return 1 if broken or any(figure.passed is False for figure in figures) else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(ENTRIES)} (default: all)")
    parser.add_argument("--short", action="store_true", help="a tenth of the size, in minutes; proves little")
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep the table, for instance in docs/benchmarks.md")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(ENTRIES):
        parser.error(f"no such entry: {', '.join(sorted(unknown))}")
    return arguments


def keep_raw(bench: Bench) -> None:
    """Single measurements, for whoever looks into a ratio; they mean nothing on another day or machine."""
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "last.json").write_text(json.dumps(bench.raw, indent=2), encoding="utf-8")


def document(figures: list[Figure], short: bool) -> str:
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    size = "\nThis was a **short** run, at a tenth of the size: it proves little.\n" if short else ""
    return f"""# Benchmarks

Written by `./dev bench --write`; how it is measured: [bench/README.md](../bench/README.md).
{datetime.date.today()}, commit {commit.strip() or "unknown"}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, \
Linux {platform.release()}.
{size}
{table(figures)}
"""


if __name__ == "__main__":
    sys.exit(main())
