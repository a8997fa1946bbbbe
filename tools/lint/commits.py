#!/usr/bin/python3
"""Checks that commit subjects since the last tag, or all, follow Conventional Commits."""

import re
import subprocess
import sys

SUBJECT = re.compile(r"^(feat|fix|docs|style|refactor|perf|test|build|chore)(\([a-z0-9_/-]+\))?!?: \S.*[^.\s]$")


def git(*arguments):
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)


def main():
    if git("rev-parse", "HEAD").returncode != 0:
        print("no history here: nothing to check")
        return 0
    tag = git("describe", "--tags", "--abbrev=0")
    since = [f"{tag.stdout.strip()}..HEAD"] if tag.returncode == 0 else ["HEAD"]
    log = git("log", "--no-merges", "--format=%h %s", *since).stdout
    bad = [line for line in log.splitlines() if not SUBJECT.match(line.split(" ", 1)[1])]
    for line in bad:
        print(f"{line}\n    wants: type(scope)?: what changed, no full stop (feat fix docs style refactor perf test build chore)")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
