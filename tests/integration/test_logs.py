"""The log: its levels, what it tells of failures, how its file turns over, and that nothing about it stops the server."""

import gzip
import json
import os
import re
import signal
import subprocess
import time

import pytest

from support.client import ok, problem
from support.contract import EVERY_ANSWER
from support.metrics import scrape
from support.server import Townhall, program
from support.waiting import wait_until


def lines_of(text):
    """Every line, parsed: none may be anything but a JSON object."""
    found = [json.loads(line) for line in text.splitlines()]
    assert all(isinstance(entry, dict) and entry["time"] and entry["level"] and entry["message"] for entry in found)
    return found


def with_message(server, message):
    return [entry for entry in server.log_entries() if entry["message"] == message]


@pytest.fixture
def make_server(own_database):
    """make_server(LOG_LEVEL="DEBUG") → a running server with these options."""
    made = []

    def make(**options):
        server = Townhall(own_database, {name: str(value) for name, value in options.items()})
        server.contract = False  # which knows of no 500
        made.append(server)
        return server.start() if "LOG_FILE" not in options else server

    yield make
    for server in made:
        server.close()


def started_with_file(server):
    """Starts a server whose log is a file: its port is looked up there."""
    server.launch()
    file = server.env["LOG_FILE"]

    def announced():
        try:
            entries = [json.loads(line) for line in open(file, encoding="utf-8").read().splitlines()]
        except FileNotFoundError:
            return None
        return next((entry["port"] for entry in entries if entry["message"] == "listening"), None)

    server.port = wait_until(announced, 60, "the log line `listening`")
    wait_until(server.is_ready, 60, "200 of /readyz")
    return server


# ---- What is told of a failure ----


def test_a_500_tells_where_it_was_thrown(make_server, own_database):
    """Type, SQLSTATE and query, a trace through the coroutines up to the operation, and a fingerprint that stays."""
    server = make_server()
    admin = server.admin()
    own_database.sql("alter table campaign.campaigns rename column office to renamed_away")
    answers = [admin.get("/api/v1/campaigns") for _ in range(3)]
    assert all(EVERY_ANSWER.items() <= dict(answer.headers).items() for answer in answers), answers[0].headers
    ids = [problem(answer, 500)["request_id"] for answer in answers]
    problem(admin.post("/api/v1/campaigns", {"name": "Canary Campaign 9931"}), 500)
    told = wait_until(
        lambda: found if len(found := with_message(server, "statement failed")) >= 4 else None,
        10,
        "the failures' lines",
    )
    first = [entry for entry in told if entry["request_id"] in ids]
    assert len(first) == 3
    for entry in first:
        assert entry["level"] == "error" and entry["type"] == "townhall::db::StatementError"
        assert entry["sqlstate"] == "42703" and entry["statement"].startswith("campaigns.")
        assert entry["route"] == "/api/v1/campaigns"
        trace = entry["trace"]
        functions = [place.split(" ")[0] for place in trace]
        # Where the lane made it, then up through the coroutines that waited for it: the operation, the router.
        wanted = ["townhall::db::make_error", "townhall::campaign::list_campaigns", "townhall::api::Router::serve"]
        assert [one for one in functions if one in wanted] == wanted, "\n".join(trace)
        assert any(re.search(r" src/campaign/campaigns/\w+\.cpp:\d+$", place) for place in trace), "\n".join(trace)
        assert not any("boost" in place or "/usr/" in place for place in trace), "\n".join(trace)
    assert len({entry["fingerprint"] for entry in first}) == 1
    other = next(entry for entry in told if entry["request_id"] not in ids)
    assert other["fingerprint"] != first[0]["fingerprint"]
    text = server.log.read_text()
    assert "9931" not in text and "renamed_away" not in text and "column" not in text


def test_the_fingerprint_is_the_same_in_the_next_run(make_server, own_database):
    """It is of the place, not of the process."""
    own_database.sql("alter table campaign.campaigns rename column office to renamed_away")
    seen = set()
    for _ in range(2):
        server = make_server()
        problem(server.admin().get("/api/v1/campaigns"), 500)
        told = wait_until(lambda server=server: with_message(server, "statement failed"), 10, "the failure's line")
        seen.add(told[0]["fingerprint"])
        server.stop()
    assert len(seen) == 1


@pytest.mark.unsanitized("a sanitizer tells of crashes in its own way")
@pytest.mark.parametrize("number, name", [(signal.SIGSEGV, "SIGSEGV"), (signal.SIGABRT, "SIGABRT")])
def test_a_crash_leaves_a_last_line(make_server, number, name):
    """One critical line with a trace; then the signal takes its usual effect."""
    server = make_server()
    server.process.send_signal(number)
    assert server.process.wait(20) == -number
    entry = lines_of(server.log.read_text())[-1]
    assert entry["level"] == "critical" and entry["message"] == "crashed" and entry["signal"] == name
    assert len(entry["trace"]) >= 3 and any("main" in place for place in entry["trace"]), entry


# ---- Levels ----


def test_the_level_is_changed_while_it_runs(make_server):
    """Nothing of information at WARNING; SIGUSR1 brings it, SIGUSR2 ends it."""
    server = make_server(LOG_LEVEL="INFO")
    server.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: with_message(server, "the log's level was changed"), 5, "the change")
    assert with_message(server, "the log's level was changed")[-1]["log_level"] == "WARNING"
    client = server.client()
    client.get("/healthz", headers={"X-Request-Id": "not-logged"})
    server.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: len(with_message(server, "the log's level was changed")) == 2, 5, "the change back")
    client.get("/healthz", headers={"X-Request-Id": "logged"})
    wait_until(lambda: '"logged"' in server.log.read_text(), 5, "the request's line")
    assert "not-logged" not in server.log.read_text()


def test_a_level_that_is_none_is_refused(own_database):
    """The names are those that are documented."""
    server = Townhall(own_database, {"LOG_LEVEL": "LOUD"})
    try:
        refused = server.run("serve", check=False)
        assert (
            refused.returncode == 2
            and "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL" in refused.stderr
        )
    finally:
        server.close()


# ---- The file ----


def test_the_file_turns_over_and_no_line_is_lost(make_server, tmp_path):
    """Old files are compressed, so many are kept, and together they hold a line for every request."""
    file = tmp_path / "townhall.log"
    server = started_with_file(make_server(LOG_FILE=file, LOG_MAX_BYTES="100K", LOG_KEEP=1000))
    client = server.client()
    for number in range(1500):
        client.get("/healthz", headers={"X-Request-Id": f"request-{number}"})
    server.stop()
    old = sorted(path for path in tmp_path.iterdir() if path != file)
    assert len(old) >= 3
    assert all(path.name.endswith("Z.gz") for path in old[:-1]), old  # the last may have come with the end
    texts = [gzip.open(path, "rt").read() if path.suffix == ".gz" else path.read_text() for path in old]
    assert all(len(text) <= 150_000 for text in texts)
    ids = [entry.get("request_id") for text in [*texts, file.read_text()] for entry in lines_of(text)]
    assert [one for one in ids if one and one.startswith("request-")] == [f"request-{number}" for number in range(1500)]


def test_only_so_many_old_files_are_kept(make_server, tmp_path):
    """The oldest go."""
    file = tmp_path / "townhall.log"
    server = started_with_file(make_server(LOG_FILE=file, LOG_MAX_BYTES="20K", LOG_KEEP=2))
    client = server.client()

    def turned_over():
        for _ in range(20):
            client.get("/healthz")
        return {path.name for path in tmp_path.iterdir()}

    first = wait_until(lambda: names if len(names := turned_over()) >= 3 else None, 20, "two old files")
    wait_until(lambda: not (first - {file.name}) & turned_over(), 20, "the first two to go")
    wait_until(lambda: len(list(tmp_path.glob("*.gz"))) == 2, 10, "two compressed files")


def test_a_worker_shares_the_file(make_server, tmp_path):
    """`serve` turns the file over again and again; what `worker` writes now and then is lost neither to that nor to the archive."""
    file = tmp_path / "townhall.log"
    server = started_with_file(make_server(LOG_FILE=file, LOG_MAX_BYTES="20K", LOG_KEEP=500))
    worker = subprocess.Popen([program(), "worker"], env=server.env, cwd=server.folder, stdin=subprocess.DEVNULL)

    def all_lines():
        texts = [gzip.open(path, "rt").read() for path in tmp_path.glob("*.gz")]
        plain = [path.read_text() for path in tmp_path.glob("townhall.log*") if path.suffix not in (".gz", ".part")]
        return lines_of("".join(texts + plain))

    try:
        wait_until(lambda: '"working"' in file.read_text(), 60, "the worker to start")
        client = server.client()
        changes = 0
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            worker.send_signal(signal.SIGUSR2 if changes % 2 else signal.SIGUSR1)
            changes += 1
            for _ in range(100):
                client.get("/healthz")
    finally:
        worker.terminate()
        assert worker.wait(40) == 0
    server.stop()
    assert len(list(tmp_path.glob("*.gz"))) > 3
    messages = [entry["message"] for entry in all_lines()]
    assert messages.count("the log's level was changed") == changes
    assert messages.count("stopped") == 2


def test_hangup_opens_the_file_by_its_name(make_server, tmp_path):
    """As logrotate wants it."""
    file, moved = tmp_path / "townhall.log", tmp_path / "moved"
    server = started_with_file(make_server(LOG_FILE=file))
    file.rename(moved)
    server.process.send_signal(signal.SIGHUP)
    wait_until(file.exists, 5, "the new file")
    server.client().get("/healthz", headers={"X-Request-Id": "after-the-move"})
    wait_until(lambda: "after-the-move" in file.read_text(), 5, "the request's line")
    assert "after-the-move" not in moved.read_text()


def test_a_full_disk_does_not_stop_the_service(make_server):
    """Nothing can be written, everything is served, and what was lost is counted."""
    server = make_server(LOG_FILE="/dev/full", ADMIN_LISTEN="127.0.0.1:0")
    server.launch()
    pid = server.process.pid
    first, second = wait_until(lambda: ports if len(ports := listening_ports(pid)) == 2 else None, 60, "two listeners")
    for port in (first, second):
        server.port = port
        wait_until(server.is_ready, 60, "200 of /readyz")
    operators = min((first, second), key=lambda port: is_public(server, port))
    server.port = max((first, second), key=lambda port: is_public(server, port))
    client = server.client()
    for _ in range(200):
        ok(client.get("/healthz"))
    lost = lambda: scrape(f"http://127.0.0.1:{operators}/metrics").value("townhall_log_dropped_lines_total")
    wait_until(lambda: lost() >= 200, 10, "the lost lines to be counted")


def is_public(server, port):
    server.port = port
    return server.client().get("/version").status_code == 200


def listening_ports(pid):
    """The TCP ports that a process listens on."""
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    rows = [line.split() for line in open("/proc/net/tcp", encoding="ascii").read().splitlines()[1:]]
    return sorted({int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and row[9] in inodes})
