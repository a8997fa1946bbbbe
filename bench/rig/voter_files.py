"""Generated voter files: made once, kept in the cache, the same on every machine."""
import subprocess
import sys
from pathlib import Path

from .settings import BENCH, CACHE


def plain(rows: int) -> Path:
    """The peers' own generator: few names, every column that the Flask peer knows."""
    return _made(f"voters-{rows}.csv", [BENCH / "peers" / "gen_voters.py", rows])


def with_many_names(rows: int, part: int) -> Path:
    """Surnames as they are spread among people (Zipf). The parts of one size share no voter."""
    return _made(f"names-{rows}-{part}.csv", [BENCH / "data" / "zipf_voters.py", "voters", rows, part])


def one_edit_queries(count: int) -> Path:
    return _made(f"queries-{count}.txt", [BENCH / "data" / "zipf_voters.py", "queries", count])


def _made(name: str, command: list) -> Path:
    file = CACHE / name
    if not file.exists():
        print(f"making {file.name}", file=sys.stderr)
        CACHE.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".part")
        with open(unfinished, "wb") as out:
            subprocess.run([sys.executable, *map(str, command)], stdout=out, check=True)
        unfinished.rename(file)
    return file
