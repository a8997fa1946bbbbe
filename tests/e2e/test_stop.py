"""SIGTERM: what is in flight is finished, and then it ends."""

import json
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from support.forms import contact
from support.load import Load
from support.processes import alive, descendants
from support.server import Townhall
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
