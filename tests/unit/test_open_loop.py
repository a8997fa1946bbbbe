"""The load generator of the tests that hold latencies."""

import socket
import threading
import time

from support.openloop import OpenLoop

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
FIXED = b"HTTP/1.1 200 OK\r\ncontent-length:  2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


class Answers:
    """A server that answers the n-th request of each connection with what `answer(n)` gives; None closes it."""

    def __init__(self, answer):
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            number = 0
            while connection.recv(4096):
                answer = self._answer(number)
                if answer is None:
                    return
                connection.sendall(answer)
                number += 1


def load(answer, rate=100, connections=4):
    with Answers(answer) as server, OpenLoop(server.port, REQUEST, rate, 1, connections) as running:
        return running.report()


def test_every_kind_of_answer_is_read_to_its_end():
    """By length, in chunks, and without a body."""
    report = load(lambda number: [FIXED, CHUNKED, EMPTY][number % 3])
    assert report["due"] == report["answered"] == 100
    assert set(report["statuses"]) == {"200", "204"} and sum(report["statuses"].values()) == 100
    assert 0 < report["p50"] <= report["p99"] <= report["most"] < 1


def test_a_stall_counts_from_when_each_request_was_due():
    """One answer takes half a second on the only connection: all that are due meanwhile waited too."""

    def answer(number):
        time.sleep(0.5 if number == 0 else 0)
        return FIXED

    report = load(answer, connections=1)
    assert report["answered"] == 100 and report["most"] >= 0.5 and report["p50"] > 0.01


def test_what_an_idle_end_meets_is_asked_again_and_the_rest_is_lost():
    """A connection that ends before it ever answered is a loss; one that has answered may have been idle."""
    assert load(lambda number: FIXED if number == 0 else None)["statuses"] == {"200": 100}
    assert load(lambda number: None)["statuses"] == {"lost": 100}
