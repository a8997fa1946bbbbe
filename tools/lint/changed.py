#!/usr/bin/python3
"""Prints the C++ sources that clang-tidy should look at: what differs from the merge base with the main branch, or, on
it, from five commits ago; the last changed first, twelve at most. --all: every one."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MOST = 12
BACK = 5


def git(*arguments):
    done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=False)
    return done.stdout.split("\n") if done.returncode == 0 else []


def base():
    head = git("rev-parse", "HEAD")[:1]
    for branch in ("origin/main", "main"):
        merge_base = git("merge-base", "HEAD", branch)[:1]
        if merge_base and merge_base != head:
            return merge_base[0]
    # The first of a short or shallow history has nothing before it: the empty tree stands in.
    commits = [commit for commit in git("rev-list", "--first-parent", f"--max-count={BACK + 1}", "HEAD") if commit]
    return commits[-1] if len(commits) > 1 else git("hash-object", "-t", "tree", "/dev/null")[0]


def last_change(path):
    stamp = git("log", "-1", "--format=%ct", "--", path)[0]
    dirty = git("status", "--porcelain", "--", path)[0]
    return float("inf") if dirty or not stamp else int(stamp)


def main():
    compiled = json.loads((ROOT / "build/release/compile_commands.json").read_text())
    sources = {
        Path(entry["file"]).relative_to(ROOT).as_posix() for entry in compiled if entry["file"].startswith(f"{ROOT}/")
    }
    sources = {source for source in sources if not source.startswith("build/")}
    if sys.argv[1:] == ["--all"]:
        chosen = sorted(sources)
    else:
        changed = git("diff", "--name-only", base()) + git("ls-files", "--others", "--exclude-standard")
        # A header is looked at through the source beside it.
        changed = {str(Path(path).with_suffix(".cpp")) for path in changed if path.endswith((".cpp", ".hpp"))}
        chosen = sorted(changed & sources, key=lambda path: (-last_change(path), path))[:MOST]
    print("\n".join(chosen))


if __name__ == "__main__":
    main()
