#!/usr/bin/python3
"""tally.py STATUS FOLDER…: adds up the JUnit reports of the folders and prints `N passed, N failed`.

STATUS is 0 where every runner ended well. A runner that failed without a failed case in its report, as one that crashed
does, counts as one failure."""

import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def count(folders):
    passed = failed = 0
    for report in sorted(report for folder in folders for report in Path(folder).glob("*.xml")):
        for case in xml.parse(report).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            elif (
                case.find("skipped") is None and case.get("status", "run") == "run" and case.get("result") != "skipped"
            ):
                passed += 1
    return passed, failed


def main():
    status, folders = int(sys.argv[1]), sys.argv[2:]
    passed, failed = count(folders)
    if status != 0:
        failed = max(failed, 1)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
