"""Connections byte by byte, for what no HTTP library would send."""

import json
import socket
import time
from dataclasses import dataclass

from support.waiting import wait_until


@dataclass
class Answer:
    status: int
    headers: list  # (name in small letters, value)
    body: bytes

    def header(self, name):
        return next((value for known, value in self.headers if known == name), None)

    def json(self):
        return json.loads(self.body)


def connect(port, timeout=10, source="127.0.0.1"):
    """`source`: any address of 127.0.0.0/8, to be a client of that address."""
    return socket.create_connection(("127.0.0.1", port), timeout, (source, 0))


def read_until_closed(connection, timeout=10):
    """All that comes, and whether the server closed (a reset is no close)."""
    deadline, received = time.monotonic() + timeout, b""
    try:
        while True:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            more = connection.recv(65536)
            if not more:
                return received, True
            received += more
    except (ConnectionError, TimeoutError):
        return received, False


def ask(port, request, timeout=10, source="127.0.0.1"):
    """Sends these bytes on a connection of its own: the answers, and whether the server closed."""
    with connect(port, timeout, source) as connection:
        try:
            connection.sendall(request)
        except ConnectionError:
            pass  # what it said before is still to be read
        received, closed = read_until_closed(connection, timeout)
    return split(received), closed


def split(received):
    """Whole answers, in order. Fails when the bytes are anything else."""
    answers = []
    while received:
        answer, received = _take(received)
        if answer.status >= 200:
            answers.append(answer)
    return answers


def _take(received):
    head, separator, rest = received.partition(b"\r\n\r\n")
    assert separator and head.startswith(b"HTTP/1."), f"not an answer: {received[:300]!r}"
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    answer = Answer(int(status.split()[1]), headers, b"")
    if answer.header("transfer-encoding") == "chunked":
        answer.body, rest = _unchunk(rest)
    elif answer.header("content-length") is not None:
        length = int(answer.header("content-length"))
        assert len(rest) >= length, f"cut short: {received[:300]!r}"
        answer.body, rest = rest[:length], rest[length:]
    elif answer.status >= 200 and answer.status not in (204, 304):
        answer.body, rest = rest, b""
    return answer, rest


def _unchunk(rest):
    body = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        size = int(size, 16)
        body, rest = body + rest[:size], rest[size + 2 :]
        if size == 0:
            return body, rest


def _sockets_at(port):
    """The kernel's rows about the server's end of this port, in columns: proc(5), /proc/net/tcp."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return [row for row in rows if row[1].endswith(f":{port:04X}")]


def open_connections(port):
    """How many connections at this port a process holds a descriptor of, in whichever state."""
    listening, of_nobody = "0A", "0"  # the inode of what waits to be accepted, or was let go, is 0
    return sum(row[3] != listening and row[9] != of_nobody for row in _sockets_at(port))


def unsent_bytes(port):
    """What the kernel holds for each connection to this port: what was written and the client has not acknowledged."""
    established = "01"
    return [int(row[4].split(":")[0], 16) for row in _sockets_at(port) if row[3] == established]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_listening(port, timeout=10):
    def listening():
        try:
            connect(port, 1).close()
            return True
        except OSError:
            return False

    wait_until(listening, timeout, f"somebody to listen on {port}")
