"""SIGTERM: what is in flight is finished, and then it ends."""

import json
import os
import select
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from support.forms import contact
from support.load import Load
from support.processes import alive, descendants
from support.server import Townhall, program
from support.waiting import wait_until


class SlowPost:
    """A contact form whose second half is sent only when told to."""

    def __init__(self, port, expected=201):
        body = json.dumps(contact()).encode()
        head = f"POST /api/contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._rest, self._expected = body[10:], expected
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._connection.sendall(head.encode() + body[:10])

    def finish(self):
        self._connection.sendall(self._rest)
        answer = self._connection.recv(65536)
        assert answer.startswith(f"HTTP/1.1 {self._expected}".encode()), answer

    def close(self):
        self._connection.close()


def fresh(client):
    """One post on a connection of its own."""
    return requests.post(
        client.server.url + "/api/contact", json=contact(), headers={"Connection": "close"}, timeout=20
    )


@pytest.mark.promise(
    "P29",
    "SIGTERM under load: every request that reached the server is answered 201 or 503, and it exits with 0 within 30 s",
)
def test_sigterm_under_load(own_server, own_database):
    """After the signal, connecting may be refused; nothing that was accepted fails."""
    with Load(own_server, fresh, threads=16) as load:
        wait_until(lambda: sum(one.status == 201 for one in load.answers) >= 200, 30, "200 posts")
        slow = [SlowPost(own_server.port) for _ in range(4)]
        signalled = time.monotonic()
        own_server.process.send_signal(signal.SIGTERM)
        for one in slow:
            one.finish()
        assert own_server.process.wait(30) == 0
    assert time.monotonic() - signalled <= 31
    failed = [one for one in load.answers if one.status not in (201, 503) and "refused" not in (one.error or "")]
    assert not failed, f"{len(failed)} of {len(load.answers)}: {failed[:3]}"
    assert not [
        one for one in load.answers if one.status == 0 and one.began < signalled and one.began + one.seconds < signalled
    ]
    acknowledged = sum(one.status == 201 for one in load.answers) + len(slow)
    assert own_database.one("select count(*) from website.submissions") >= acknowledged


@pytest.mark.promise("P29", "while it drains, /readyz says 503 before the port closes")
def test_not_ready_first(own_server):
    """A request in flight holds it up; a new connection is told 503 by /readyz, then refused."""
    slow = SlowPost(own_server.port)
    own_server.process.send_signal(signal.SIGTERM)
    seen = []

    def closed():
        try:
            seen.append(
                requests.get(f"{own_server.url}/readyz", headers={"Connection": "close"}, timeout=5).status_code
            )
            return False
        except requests.ConnectionError:
            return True

    with ThreadPoolExecutor(1) as pool:
        gone = pool.submit(wait_until, closed, 30, "the port to close")
        wait_until(lambda: 503 in seen or gone.done(), 30, "503 of /readyz")
        slow.finish()
        gone.result(40)
    assert 503 in seen and 200 not in seen[seen.index(503) :], seen
    assert own_server.process.wait(30) == 0


@pytest.mark.promise("P29", "a second SIGTERM ends it at once, though a request is in flight")
def test_second_sigterm_at_once(own_server):
    """Within 2 s of the second signal."""
    slow = SlowPost(own_server.port)
    own_server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not _ready(own_server), 10, "the drain")
    assert own_server.process.poll() is None, "the request in flight was not waited for"
    own_server.process.send_signal(signal.SIGTERM)
    own_server.process.wait(2)
    slow.close()


def _ready(server):
    try:
        return requests.get(f"{server.url}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


class Unread:
    """A server whose log goes to a pipe, read until it listens and then no more."""

    def __init__(self, database):
        self.server = Townhall(database, {"SHUTDOWN_TIMEOUT": "5"})
        self._end, theirs = os.pipe()
        self.server.process = subprocess.Popen(
            [program(), "serve", "--listen", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            env=self.server.env,
            cwd=self.server.folder,
            start_new_session=True,
        )
        os.close(theirs)
        self._seen = b""
        self.server.port = wait_until(self._announced_port, 60, "the log line `listening`")
        wait_until(self.server.is_ready, 60, "200 of /readyz")

    def _announced_port(self):
        if select.select([self._end], [], [], 0.1)[0]:
            self._seen += os.read(self._end, 65536)
        entries = [json.loads(line) for line in self._seen.split(b"\n")[:-1]]
        return next((entry["port"] for entry in entries if entry["message"] == "listening"), None)

    def fill(self):
        """Says much more than a pipe holds, and then as much again."""
        with requests.Session() as session:
            for _ in range(2000):
                assert session.get(f"{self.server.url}/healthz", timeout=5).status_code == 200

    def close(self):
        self.server.close()
        os.close(self._end)


@pytest.fixture
def unread(own_database):
    server = Unread(own_database)
    yield server
    server.close()


@pytest.mark.promise("P29", "also while nobody reads its log: it goes on serving, and ends within 30 s of SIGTERM")
def test_nobody_reads_the_log(unread):
    """The pipe is full; SIGHUP stalls nothing either."""
    unread.fill()
    unread.server.process.send_signal(signal.SIGHUP)
    unread.fill()
    assert unread.server.stop(30) == 0


@pytest.mark.promise("P29", "a second SIGTERM ends it at once though nobody reads its log")
def test_second_sigterm_while_nobody_reads_the_log(unread):
    """Within 3 s: a second of them is for whoever might read the last lines after all."""
    unread.fill()
    slow = SlowPost(unread.server.port)
    unread.server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not _ready(unread.server), 10, "the drain")
    assert unread.server.process.poll() is None, "the request in flight was not waited for"
    unread.server.process.send_signal(signal.SIGTERM)
    unread.server.process.wait(3)
    slow.close()


@pytest.mark.promise("P29", "SIGTERM while it starts: it ends with 0 as soon as the start has come to its next step")
def test_sigterm_while_it_starts(own_database):
    """Held up by a lock on what it reads before it serves."""
    server = Townhall(own_database)
    held = own_database.connect()
    try:
        server.start().stop()  # so that the next start has nothing to migrate
        with held.cursor() as cursor:
            cursor.execute("begin; lock table core.sessions in access exclusive mode")
        server.launch()
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        wait_until(lambda: own_database.one(waiting) > 0, 60, "the start to wait")
        server.process.send_signal(signal.SIGTERM)
        wait_until(
            lambda: any("told to stop" in entry["message"] for entry in server.log_entries()),
            10,
            "the signal to be taken",
        )
        with held.cursor() as cursor:
            cursor.execute("rollback")
        assert server.process.wait(30) == 0
        assert not any(entry["message"] == "listening" for entry in server.log_entries(server._seen))
    finally:
        held.close()
        server.close()


def test_the_embedded_database_stops_too(request):
    """After SIGTERM no process of the embedded PostgreSQL is left, and it was shut down cleanly."""
    server = Townhall()
    request.addfinalizer(server.close)
    server.start(ready=120)
    first = server.postmaster()
    pids = [first, *descendants(first)]
    assert server.stop() == 0
    assert not [pid for pid in pids if alive(pid)]
    assert not server.postmaster_file()
