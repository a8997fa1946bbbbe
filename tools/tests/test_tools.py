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
import tidy_commands  # noqa: E402


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
        ("campaign/imports/upload.cpp", '"campaign/voters/draft.hpp"'),
        ("website/forms/submit.cpp", '"accounts/sql.hpp"'),
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
        ("campaign/imports/upload.cpp", '"campaign/voters/voters.hpp"'),
        ("campaign/imports/upload.cpp", '"campaign/imports/chunk.hpp"'),
        ("app/main.cpp", '"accounts/sql.hpp"'),
    ],
)
def test_an_arrow_that_goes_down_is_not(file, include):
    assert not list(arrows.faults_of(file, f"#include {include}\n"))


def test_a_header_that_brings_a_fenced_library_along_is_found():
    texts = {
        "platform/db/raw.hpp": "#include <libpq-fe.h>\n",
        "platform/db/db.hpp": '#include "platform/db/clean.hpp"\n#include "platform/db/raw.hpp"\n',
        "platform/db/clean.hpp": "#include <string>\n",
        "platform/db/lane.cpp": '#include "platform/db/raw.hpp"\n',
        "accounts/login.cpp": '#include "platform/db/clean.hpp"\n#include "platform/db/db.hpp"\n',
    }
    assert list(arrows.leaks_of(texts)) == ["src/accounts/login.cpp:2: platform/db/db.hpp brings libpq along"]


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


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("feat: keep contact forms\n\nMore about it.\n", 0),
        ("# a comment of git's\n\nUpdate stuff\n", 1),
        ("fixup! feat: keep contact forms\n", 0),
        ("", 1),
    ],
)
def test_the_hook_looks_at_the_subject(tmp_path, message, code):
    (tmp_path / "message").write_text(message)
    done = subprocess.run([sys.executable, TOOLS / "lint/commits.py", "--message", tmp_path / "message"], check=False)
    assert done.returncode == code


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
    tally = [sys.executable, TOOLS / "tally.py", str(status), tmp_path, tmp_path / "none"]
    done = subprocess.run(tally, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == (line, code)


def test_missing_lines_are_told_as_ranges():
    trace = ["SF:/a.cpp\n", "DA:1,0\n", "DA:2,0\n", "DA:3,4\n", "DA:5,0\n", "end_of_record\n"]
    assert coverage.read(trace) == {"/a.cpp": {1: 0, 2: 0, 3: 4, 5: 0}}
    assert coverage.ranges([2, 1, 5]) == "1-2 5"


def test_clang_tidy_compiles_without_the_precompiled_header():
    command = "clang++-19 -O2 -Winvalid-pch -Xclang -include-pch -Xclang /a/cmake_pch.hxx.pch -c /a/src/x.cpp"
    assert tidy_commands.without_precompiled_header(command) == "clang++-19 -O2 -c /a/src/x.cpp"
