"""What ./dev relies on: a check that finds nothing and a tally that counts wrong would both look like success."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOOLS), str(TOOLS / "lint")]

import arrows  # noqa: E402
import commits  # noqa: E402
import coverage  # noqa: E402


@pytest.mark.parametrize(
    ("file", "include"),
    [
        ("platform/db/pool.cpp", '"accounts/accounts.hpp"'),
        ("accounts/login.cpp", '"campaign/voters/voters.hpp"'),
        ("website/forms/submit.cpp", '"campaign/voters/voters.hpp"'),
        ("campaign/voters/list.cpp", '"website/forms/forms.hpp"'),
        ("importer/stream.cpp", '"platform/db/db.hpp"'),
        ("platform/api/router.cpp", "<boost/beast/http.hpp>"),
        ("app/main.cpp", "<libpq-fe.h>"),
        ("importer/stream.cpp", "<duckdb.h>"),
    ],
)
def test_an_arrow_that_goes_up_is_found(file, include):
    (fault,) = arrows.faults_of(file, f"#include <string>\n#include {include}\n")
    assert fault.startswith(f"src/{file}:2: ")


@pytest.mark.parametrize(
    ("file", "include"),
    [
        ("app/main.cpp", '"website/forms/forms.hpp"'),
        ("campaign/voters/list.cpp", '"accounts/accounts.hpp"'),
        ("platform/http/server.cpp", "<boost/beast/http.hpp>"),
        ("platform/db/wire.cpp", "<libpq-fe.h>"),
    ],
)
def test_an_arrow_that_goes_down_is_not(file, include):
    assert not list(arrows.faults_of(file, f"#include {include}\n"))


@pytest.mark.parametrize(
    ("subject", "fine"),
    [
        ("feat: keep contact forms", True),
        ("fix(db)!: answer the culprit", True),
        ("fix: ends in a full stop.", False),
        ("feature: no such type", False),
        ("Update stuff", False),
    ],
)
def test_subjects(subject, fine):
    assert bool(commits.SUBJECT.match(subject)) == fine


CASES = """<testsuite><testcase name="a" status="run" result="completed"/><testcase name="b"><failure/></testcase>
<testcase name="c"><skipped/></testcase><testcase name="d" status="notrun" result="suppressed"/></testsuite>"""


@pytest.mark.parametrize(
    ("report", "status", "line", "code"),
    [
        (CASES, 1, "1 passed, 1 failed", 1),
        ('<testsuite><testcase name="a"/></testsuite>', 0, "1 passed, 0 failed", 0),
        ('<testsuite><testcase name="a"/></testsuite>', 1, "1 passed, 1 failed", 1),
        ("<testsuite/>", 0, "0 passed, 0 failed", 1),
    ],
)
def test_the_tally(tmp_path, report, status, line, code):
    (tmp_path / "some.xml").write_text(report)
    done = subprocess.run([sys.executable, TOOLS / "tally.py", str(status), tmp_path], capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == (line, code)


def test_missing_lines_are_told_as_ranges():
    trace = ["SF:/a.cpp\n", "DA:1,0\n", "DA:2,0\n", "DA:3,4\n", "DA:5,0\n", "end_of_record\n"]
    assert coverage.read(trace) == {"/a.cpp": {1: 0, 2: 0, 3: 4, 5: 0}}
    assert coverage.ranges([2, 1, 5]) == "1-2 5"
