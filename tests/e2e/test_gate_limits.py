"""Too much of something: answered in words, at a bounded cost, and survived."""

import json
import os
import resource
import subprocess
import threading
import time

import pytest

from support.processes import peak_rss, reset_peak_rss
from support.server import Townhall
from support.waiting import pause, wait_until
from support.wire import ask, connect, read_until_closed, split

MIB = 1024 * 1024
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POST = b"POST /api/contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

OVERSIZED = {
    "header": (431, b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 40_000),
    "header of many lines": (431, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: bbbbbbbbbbbbbbbbbbbb\r\n" * 2_000),
    "fields": (431, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 100 + b"\r\n"),
    "URL": (414, b"GET /" + b"a" * 20_000),
    "query": (414, b"GET /?" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    "chunk extension": (400, CHUNKED + b"2;" + b"a" * 40_000),
    "chunk extensions": (400, CHUNKED + b"1;aaaaaaaaaaaaaaa\r\n \r\n" * 1_000),
    "chunk size": (400, CHUNKED + b"0" * 40_000),
    "trailer": (400, CHUNKED + b"2\r\n{}\r\n0\r\nA: " + b"a" * 40_000),
    "trailers": (400, CHUNKED + b"2\r\n{}\r\n0\r\n" + b"A: bbbbbbbbbbbbbbbbbbbb\r\n" * 2_000),
}


def check_refusal(answers, closed, status):
    assert closed and len(answers) == 1, answers
    assert answers[0].status == status, answers
    assert answers[0].header("content-type").startswith("application/problem+json")
    assert answers[0].header("connection") == "close"
    assert answers[0].json()["status"] == status


@pytest.mark.promise(
    "P20", "oversized headers, field counts, URLs, chunk extensions and trailers: 431, 414, 400, then closed"
)
@pytest.mark.parametrize("what", OVERSIZED)
def test_oversized_parts_are_refused(server, what):
    """One problem document with the status, and the end."""
    status, request = OVERSIZED[what]
    check_refusal(*ask(server.port, request), status)


@pytest.mark.promise("P20", "a connection that fills every buffer costs less than 1 MiB of memory")
def test_a_connection_costs_little(own_server):
    """Two hundred connections, each with a header just short of the limit and a body that does not end."""
    count = 200
    for _ in range(20):
        ask(own_server.port, GET)
    reset_peak_rss(own_server.process.pid)
    before = peak_rss(own_server.process.pid)
    header = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: %s\r\n" % (b"a" * 15_000)
    body = CHUNKED + b"1;aaa\r\n \r\n" * 500
    connections = [connect(own_server.port) for _ in range(2 * count)]
    try:
        for number, connection in enumerate(connections):
            connection.sendall(body if number % 2 else header)
        ask(own_server.port, GET)
        grown = peak_rss(own_server.process.pid) - before
        assert grown < len(connections) * MIB, f"{grown // len(connections)} bytes a connection"
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.promise("P20", "a body that is announced and does not come costs a small part of its length")
def test_an_announced_body_costs_little(own_server):
    """A hundred connections that announce a mebibyte of JSON, and send a kilobyte of it."""
    ask(own_server.port, GET)
    reset_peak_rss(own_server.process.pid)
    before = peak_rss(own_server.process.pid)
    connections = [connect(own_server.port) for _ in range(100)]
    try:
        for connection in connections:
            connection.sendall(POST + b"Content-Length: %d\r\n\r\n" % MIB + b"[" * 1024)
        ask(own_server.port, GET)
        grown = peak_rss(own_server.process.pid) - before
        assert grown < len(connections) * MIB / 8, f"{grown // len(connections)} bytes a connection"
        for connection in connections:
            connection.sendall(b"[" * (64 * 1024))
        ask(own_server.port, GET)
        grown = peak_rss(own_server.process.pid) - before
        assert grown < len(connections) * MIB / 2, f"{grown // len(connections)} bytes a connection"
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.promise(
    "P21",
    "a body over the limit, by Content-Length and chunked, of up to 16 MiB and sent to its end: the client reads a whole"
    " 413",
)
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_too_large_a_body_is_told(server, framing):
    """The client sends all 15 MiB before it reads a byte."""
    body = b"x" * (15 * MIB)
    if framing == "length":
        request = POST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    else:
        piece = body[: 64 * 1024]
        request = CHUNKED + (b"%x\r\n" % len(piece) + piece + b"\r\n") * (15 * 16) + b"0\r\n\r\n"
    with connect(server.port, 30) as connection:
        connection.sendall(request)
        received, closed = read_until_closed(connection, 20)
    check_refusal(split(received), closed, 413)


@pytest.mark.promise(
    "P21", "who reads no 413 and goes on sending is cut off: at full rate after 16 MiB, else after 5 s"
)
@pytest.mark.parametrize("piece, seconds_between", [(64 * 1024, 0), (1024, 0.05)])
def test_who_ignores_the_refusal_is_cut_off(server, piece, seconds_between):
    """What the kernel holds between the two comes on top."""
    sent, began = 0, time.monotonic()
    with connect(server.port, 30) as connection:
        connection.sendall(POST + b"Content-Length: %d\r\n\r\n" % (1 << 40))
        try:
            while time.monotonic() - began < 20:
                sent += connection.send(b"x" * piece)
                pause(seconds_between)
        except OSError:
            pass
    assert time.monotonic() - began < 8 and sent < 64 * MIB, sent
    assert ask(server.port, GET)[0][0].status == 200


@pytest.mark.promise("P21", "the same for a body of 200 MB by curl, which reads while it sends")
@pytest.mark.parametrize("fields", [[], ["-H", "Transfer-Encoding: chunked"]])
def test_curl_is_told(server, tmp_path, fields):
    """curl ends well, and has the problem document."""
    large = tmp_path / "large"
    with open(large, "wb") as file:
        file.truncate(200_000_000)
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "30", "-w", "\n%{http_code}", "-H", "Content-Type: application/json"]
        + ["-H", "Expect:", *fields, "-T", large, "-X", "POST", server.url + "/api/contact"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    document, _, status = done.stdout.rpartition(b"\n")
    assert status == b"413", done
    assert json.loads(document)["status"] == 413


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        columns = stat.read().rpartition(")")[2].split()
    return (int(columns[11]) + int(columns[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.unsanitized("UBSan looks at objects through a pipe, for which no descriptor is left")
@pytest.mark.promise("P22", "out of descriptors: below 20 % of a core while it lasts, served again within 1 s")
def test_out_of_descriptors(own_server):
    """A hundred clients in the middle of their headers take every descriptor; one more waits, and is served once they go."""
    pid = own_server.process.pid
    ask(own_server.port, GET)
    used = len(os.listdir(f"/proc/{pid}/fd"))
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 20, hard))
    crowd = [connect(own_server.port) for _ in range(100)]
    for one in crowd:
        one.sendall(b"GET / HTTP/1.1\r\nHost: ")
    wait_until(
        lambda: any("too many open files" in entry.get("message", "") for entry in own_server.log_entries()),
        5,
        "a warning",
    )
    began, spent = time.monotonic(), cpu_seconds(pid)
    with connect(own_server.port, 20) as waiting:
        waiting.sendall(GET)
        pause(3)  # over which the processor's time is taken
        share = (cpu_seconds(pid) - spent) / (time.monotonic() - began)
        assert share < 0.2, f"{share:.0%} of a core"
        released = time.monotonic()
        for one in crowd:
            one.close()
        received, closed = read_until_closed(waiting, 10)
        assert time.monotonic() - released <= 1
    assert closed and split(received)[0].status == 200
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
    assert own_server.client().get("/readyz").status_code == 200


def test_a_second_server_on_the_port_is_refused(own_server, own_database, request):
    """It ends and says why; the first one goes on, alone."""
    second = Townhall(own_database)
    request.addfinalizer(second.close)
    second.port = own_server.port
    second.launch()
    assert second.process.wait(30) != 0
    assert f"127.0.0.1:{own_server.port}" in second.tail()
    clients = [threading.Thread(target=ask, args=(own_server.port, GET)) for _ in range(20)]
    before = len(own_server.log_entries())
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    wait_until(lambda: len(own_server.log_entries()) >= before + 20, 10, "twenty requests in the log")
