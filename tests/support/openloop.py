"""A load whose rate does not depend on the answers: latencies count from when a request was due, so that a server that
stalls can't hide it. Runs as a process of its own, for the sake of a quiet interpreter.
"""

import json
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from pathlib import Path

PYTHON = "/usr/bin/python3"
MOST_OF_OTHERS = (
    1000  # requests a second: what the generator, on the server's own two cores, asks without falling behind
)


def capacity(url, token):
    """Answers a second that a signed-in reader can have of this address, as wrk finds it."""
    command = ["wrk", "-t1", "-c32", "-d3s", "-H", f"Authorization: Bearer {token}", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    return float(done.stdout.split("Requests/sec:")[1].split()[0])


class OpenLoop:
    """`with OpenLoop(port, request, rate, seconds) as load: …`, then `load.report()`; ends by itself after `seconds`."""

    def __init__(self, port, request, rate, seconds, connections=64):
        self._command = [PYTHON, str(Path(__file__)), str(port), str(rate), str(seconds), str(connections)]
        self._request, self._patience = request, seconds + 30
        self._process = None

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._process.stdin.write(self._request)
        self._process.stdin.close()
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self._process.kill()
            self._process.wait(10)

    def report(self):
        """{"due", "answered", "statuses", "p50", "p99", "most"}, times in seconds; waits for the end."""
        try:
            output = self._process.stdout.read()
            assert self._process.wait(self._patience) == 0
        finally:
            self._process.stdout.close()
        return json.loads(output)


class _Generator:
    """Sends each request on a free connection when it is due; all that are due wait in order when none is free."""

    def __init__(self, port, request, connections):
        self._port, self._request, self._most = port, request, connections
        self._selector = selectors.DefaultSelector()
        self._free, self._open = [], 0
        self._due = deque()
        self.latencies, self.statuses = [], Counter()

    def run(self, rate, seconds):
        begin, asked, count = time.monotonic(), 0, int(rate * seconds)
        while (asked < count or self._due or len(self.latencies) < asked) and time.monotonic() < begin + seconds + 10:
            now = time.monotonic()
            while asked < count and begin + asked / rate <= now:
                self._due.append(begin + asked / rate)
                asked += 1
            self._send()
            wait = begin + asked / rate - now if asked < count else 0.1
            for key, _ in self._selector.select(max(0, wait)):
                self._receive(key.fileobj, key.data)
        return asked

    def _send(self):
        while self._due and (self._free or self._open < self._most):
            used = bool(self._free)
            connection = self._free.pop() if used else self._connect()
            state = self._selector.get_key(connection).data
            state.update(due=self._due.popleft(), bytes=b"", used=used)
            try:
                connection.sendall(self._request)
            except OSError:
                self._lose(connection, state)

    def _connect(self):
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ, {"due": None})
        self._open += 1
        return connection

    def _receive(self, connection, state):
        try:
            more = connection.recv(262144)
        except OSError:
            more = b""
        if not more:
            return self._lose(connection, state)
        if state["due"] is None:
            return self._lose(connection, state)  # an answer that nobody asked for
        state["bytes"] += more
        if _is_whole(state["bytes"]):
            self.latencies.append(time.monotonic() - state["due"])
            self.statuses[state["bytes"][9:12].decode()] += 1
            state["due"] = None
            self._free.append(connection)
        return None

    def _lose(self, connection, state):
        """The connection ended. A request that met its idle end is sent again; another one counts as lost."""
        self._selector.unregister(connection)
        connection.close()
        self._open -= 1
        if connection in self._free:
            self._free.remove(connection)
        if state["due"] is None:
            return
        if state["used"] and not state["bytes"]:
            self._due.appendleft(state["due"])
        else:
            self.latencies.append(time.monotonic() - state["due"])
            self.statuses["lost"] += 1


def _is_whole(answer):
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return len(body) >= int(line[15:])
    return body.endswith(b"0\r\n\r\n") or b" 204 " in head[:13] or b" 304 " in head[:13]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("inf")


def main(port, rate, seconds, connections):
    generator = _Generator(int(port), sys.stdin.buffer.read(), int(connections))
    due = generator.run(float(rate), float(seconds))
    latencies = generator.latencies
    print(
        json.dumps(
            {
                "due": due,
                "answered": len(latencies) - generator.statuses["lost"],
                "statuses": generator.statuses,
                "p50": percentile(latencies, 0.5),
                "p99": percentile(latencies, 0.99),
                "most": max(latencies, default=float("inf")),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
