"""Clients that are slow on purpose: closed at their deadline, while the others notice nothing."""

import os
import select
import socket
import subprocess
import time

import pytest

from support.openloop import OpenLoop, capacity
from support.server import Townhall
from support.waiting import pause, wait_until
from support.wire import connect, open_connections, read_until_closed, split, unsent_bytes

NORMAL = "/api/v1/campaigns"  # one statement to the database, for somebody who is signed in
MODES = {
    "headers": ["-H", "-u", "{url}/"],
    "bodies": ["-B", "-t", "POST", "-f", "application/json", "-u", "{url}/api/contact"],
    "reads": ["-X", "-w", "512", "-y", "1024", "-n", "5", "-z", "32", "-k", "3", "-u", "{url}/openapi.json"],
}
CLOSED_WITHIN = 30  # seconds, from when a slow connection was opened
# Seconds: a p99 below this says nothing on a machine that other tests share; nor, in the long run, on one that the slow
# clients themselves share.
NOISE, NOISE_ALONE = 0.025, 0.010


class Attack:
    """slowhttptest, in some of its modes at once, until none of its connections is left."""

    def __init__(self, server, modes, connections, rate):
        self._server = server
        self.spread = connections / rate  # seconds in which they are opened
        self._processes = [
            subprocess.Popen(
                ["slowhttptest", "-c", str(connections), "-r", str(rate), "-i", "5", "-x", "16", "-p", "3", "-l", "90"]
                + [part.format(url=server.url) for part in MODES[mode]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=lambda: os.nice(5),  # an attacker's work is done elsewhere
            )
            for mode in modes
        ]

    def running(self):
        return any(process.poll() is None for process in self._processes)

    def close(self):
        for process in self._processes:
            process.kill()
            process.wait(10)


def slow_clients(request, full, modes, connections, rate):
    server = Townhall(env={"IDLE_TIMEOUT": "15"} if full else {"HEADER_TIMEOUT": "4", "IDLE_TIMEOUT": "4"})
    request.addfinalizer(server.close)
    token = server.start(ready=120).create_admin().admin().token
    rate_of_others = 0.3 * capacity(server.url + NORMAL, token) if full else 200
    ask = f"GET {NORMAL} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    with OpenLoop(server.port, ask, rate_of_others, 5, connections=32) as quiet:
        before = quiet.report()
    began = time.monotonic()
    attack = Attack(server, modes, connections, rate)
    request.addfinalizer(attack.close)
    limit = attack.spread + CLOSED_WITHIN
    with OpenLoop(server.port, ask, rate_of_others, limit if full else 15, connections=32) as load:
        most_of_them = 0.9 * connections * len(modes)
        wait_until(lambda: open_connections(server.port) >= most_of_them, attack.spread + 15, "the attack")
        # What the load itself holds open is not slow.
        wait_until(
            lambda: open_connections(server.port) <= 32, limit - (time.monotonic() - began), "the slow to be gone"
        )
        during = load.report()
    assert open_connections(server.port) == 0
    for report in (before, during):
        assert report["statuses"] == {"200": report["due"]}, report
    print(
        f"P18, {modes}: p99 of the others {1000 * before['p99']:.1f} ms before, {1000 * during['p99']:.1f} ms beside them"
    )
    assert during["p99"] < 2 * max(before["p99"], NOISE_ALONE if full else NOISE), (before, during)


@pytest.mark.promise(
    "P18",
    "slow headers, bodies and reads by slowhttptest: all closed within 30 s, the others' p99 below twice, or 50 ms",
)
def test_slow_clients(request, full):
    """The three at once, 60 connections each, under shorter timeouts; an open-loop load runs beside them."""
    slow_clients(request, False, list(MODES), 60, 60)


@pytest.mark.full
@pytest.mark.promise(
    "P18", "2,000 connections of each kind; beside them 30 % of what the server can do: p99 below twice, or 20 ms"
)
@pytest.mark.parametrize("mode", MODES)
def test_two_thousand_slow_clients(request, mode):
    """Under the default timeouts."""
    slow_clients(request, True, [mode], 2000, 400)


# ---- Deadlines ----


@pytest.fixture(scope="module")
def impatient(database):
    server = Townhall(database, env={"HEADER_TIMEOUT": "1", "IDLE_TIMEOUT": "2"})
    try:
        yield server.start()
    finally:
        server.close()


def seconds_until_closed(connection):
    began = time.monotonic()
    received, closed = read_until_closed(connection, 20)
    assert closed, "not closed"
    return time.monotonic() - began, split(received)


@pytest.mark.promise("P19", "a connection that says nothing is closed at HEADER_TIMEOUT, without a word")
def test_silence(impatient):
    """Between one and two and a half seconds: deadlines are looked at every second."""
    with connect(impatient.port) as connection:
        took, answers = seconds_until_closed(connection)
    assert 0.9 <= took <= 2.5 and not answers


@pytest.mark.promise("P19", "half a header is answered 408 at HEADER_TIMEOUT, however often a byte of it comes")
def test_half_a_header(impatient):
    """A byte every 0.2 s buys no time."""
    with connect(impatient.port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nA: ")
        began = time.monotonic()
        received, closed = b"", False
        while not received and not closed and time.monotonic() - began < 20:
            try:
                connection.sendall(b"a")
            except OSError:
                pass
            received, closed = read_until_closed(connection, 0.2)
        took = time.monotonic() - began
    assert 0.9 <= took <= 2.5
    assert split(received)[0].status == 408


@pytest.mark.promise("P19", "an idle connection is closed at IDLE_TIMEOUT after its last answer")
def test_idle(impatient):
    """It is served twice before, with a pause."""
    with connect(impatient.port) as connection:
        for _ in range(2):
            connection.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = connection.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200")
            with pytest.raises(TimeoutError):
                connection.settimeout(0.5)
                connection.recv(1)
        took, answers = seconds_until_closed(connection)
    assert 1.2 <= took <= 3.2 and not answers


@pytest.mark.promise("P18", "most of a body sent at once buys no more than twenty seconds for the rest")
def test_a_body_that_comes_almost_whole(impatient):
    """All but sixty bytes of sixty KiB, and then a byte every two seconds: 408 within half a minute."""
    head = b"POST /api/contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 61440\r\n\r\n"
    with connect(impatient.port) as connection:
        connection.sendall(head + b"[" * (61440 - 60))
        began, received, closed = time.monotonic(), b"", False
        while not received and not closed and time.monotonic() - began < 60:
            try:
                connection.sendall(b"[")
            except OSError:
                pass
            received, closed = read_until_closed(connection, 2)
        took = time.monotonic() - began
    assert took <= CLOSED_WITHIN, took
    assert split(received)[0].status == 408


@pytest.mark.promise("P18", "a body that keeps to 2 KiB a second may take longer than any stall")
def test_a_slow_and_honest_body(impatient):
    """60 KiB in thirty pieces, one a second: read to its end, and refused for what it says."""
    body = b" " * 61438 + b"[]"
    head = f"POST /api/contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with connect(impatient.port) as connection:
        connection.sendall(head.encode())
        for at in range(0, len(body), 2048):
            connection.sendall(body[at : at + 2048])
            readable, _, _ = select.select([connection], [], [], 1)
            assert not readable or at + 2048 >= len(body), connection.recv(65536)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 422 "), answer


@pytest.mark.promise("P18", "for a client that does not read, the kernel holds less than 150 kB of its answers")
def test_an_answer_that_nobody_reads(own_server):
    """Four answers of 160 kB are asked at once and not read: what can't be sent stays where it is shared."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", own_server.port))
        connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 4)
        wait_until(lambda: max(unsent_bytes(own_server.port), default=0) > 0, 5, "the answer")
        pause(0.5)  # in which more would be written
        held = max(unsent_bytes(own_server.port))
        assert 10_000 < held < 150_000, held
