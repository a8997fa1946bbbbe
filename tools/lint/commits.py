#!/usr/bin/python3
"""Checks that commit subjects follow Conventional Commits: those that origin/main does not have, else those since the last
tag, else all. With --message FILE, the subject of the message in that file, as the hook of `./dev hooks` does."""

import re
import subprocess
import sys
from pathlib import Path

SUBJECT = re.compile(r"^(feat|fix|docs|style|refactor|perf|test|build|chore)(\([a-z0-9_/-]+\))?!?: \S.*[^.\s]$")
# What git writes itself: not checked later, or taken away by a rebase before.
GITS_OWN = re.compile(r"^(Merge|fixup!|squash!|amend!) ")
WANTS = "wants: type(scope)?: what changed, no full stop (feat fix docs style refactor perf test build chore)"


def git(*arguments):
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)


def range_to_check():
    ahead = git("rev-list", "--count", "origin/main..HEAD")
    if ahead.returncode == 0 and ahead.stdout.strip() != "0":
        return "origin/main..HEAD"
    tag = git("describe", "--tags", "--abbrev=0")
    return f"{tag.stdout.strip()}..HEAD" if tag.returncode == 0 else "HEAD"


def subjects():
    """(where, subject) of each commit in question."""
    for line in git("log", "--no-merges", "--format=%h %s", range_to_check()).stdout.splitlines():
        yield line.split(" ", 1)


def subject_of(message):
    """The first line of a message that is no comment."""
    lines = (line.strip() for line in message.splitlines() if not line.startswith("#"))
    return next((line for line in lines if line), "")


def main(arguments):
    if arguments[:1] == ["--message"]:
        subject = subject_of(Path(arguments[1]).read_text(encoding="utf-8"))
        found = [] if GITS_OWN.match(subject) else [("this commit", subject)]
    elif git("rev-parse", "HEAD").returncode != 0:
        print("no history here: nothing to check")
        return 0
    else:
        found = list(subjects())
    bad = [(where, subject) for where, subject in found if not SUBJECT.match(subject)]
    for where, subject in bad:
        print(f"{where} {subject}\n    {WANTS}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
