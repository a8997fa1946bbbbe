"""Clients that keep posting while something breaks."""

import threading
import time
import uuid
from dataclasses import dataclass

import requests

from support.forms import contact
from support.waiting import pause


@dataclass
class Answer:
    """One exchange as its client saw it. `status` 0: none came, `error` says why."""

    began: float
    seconds: float
    status: int
    retry_after: str | None = None
    error: str | None = None


class Crowd:
    """Threads that each do `_work()`, which looks at `self._stop`, as long as a `with` lasts. What one of them raised is
    raised at its end, or by `check()`."""

    def __init__(self, threads, patience=60):
        self._stop, self._failure, self._patience = threading.Event(), None, patience
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(self._patience)
            assert not thread.is_alive(), "a client hangs"
        if kind is None:
            self.check()

    def check(self):
        """True; raises what a thread raised."""
        if self._failure:
            raise self._failure
        return True

    def _run(self):
        try:
            self._work()
        except Exception as failure:  # told to the test by check()
            self._failure = failure


class Load(Crowd):
    """Threads that call `work(client)` again and again, noting each answer."""

    def __init__(self, server, work, threads=8):
        super().__init__(threads)
        self.answers = []
        self._server, self._turn = server, work

    def _work(self):
        client = self._server.client()
        while not self._stop.is_set():
            self.answers.append(timed(lambda: self._turn(client)))


def timed(exchange):
    began = time.monotonic()
    try:
        response = exchange()
    except requests.RequestException as failure:
        pause(0.01)
        return Answer(began, time.monotonic() - began, 0, error=repr(failure))
    return Answer(began, time.monotonic() - began, response.status_code, response.headers.get("Retry-After"))


class Posters(Crowd):
    """Threads that post contact forms, each until it is acknowledged, by key; the first acknowledgement goes to the ledger."""

    def __init__(self, server, ledger, threads=8, patience=60):
        super().__init__(threads, patience + 30)
        self._server, self._ledger, self._longest = server, ledger, patience
        self._lock = threading.Lock()
        self.posted = 0
        self.retries = 0

    def _work(self):
        client = self._server.client()
        while not self._stop.is_set():
            self._post(client)

    def _post(self, client):
        form, key, deadline = contact(), str(uuid.uuid4()), time.monotonic() + self._longest
        while True:
            try:
                response = client.post("/api/contact", form, key=key, timeout=10)
                if response.status_code == 201:
                    self._ledger.record(key=key, email=form["email"], id=response.json()["id"])
                    with self._lock:
                        self.posted += 1
                    return
                assert response.status_code in (409, 503), f"{response.status_code}: {response.text}"
            except requests.RequestException:
                pass
            assert time.monotonic() < deadline, f"{key} was not acknowledged within {self._longest} s"
            with self._lock:
                self.retries += 1
            pause(0.02)


def compare(ledger, database):
    """What the database lacks or has twice of what the ledger's client was told: both must be empty."""
    kept = {}
    for found, address in database.sql("select id::text, data->>'email' from website.submissions"):
        kept.setdefault(address, []).append(found)
    entries = ledger.entries()
    lost = [entry for entry in entries if entry["id"] not in kept.get(entry["email"], [])]
    doubled = [entry for entry in entries if len(kept.get(entry["email"], [])) > 1]
    return lost, doubled
