"""Whoever uploads a voter file may wait for the end of its import: not longer than the server can."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.client import ok
from support.server import Townhall
from support.uploads import Upload
from support.voterfiles import generated
from support.waiting import pause


@pytest.fixture
def idle_server(database):
    """A server without a worker, so that an import waits; a request may last five seconds."""
    server = Townhall(database, {"WORKER": "off", "REQUEST_TIMEOUT": "5"})
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def target(idle_server):
    return ok(idle_server.admin().post("/api/v1/campaigns", {"name": "Waited for"}), 201)["id"]


def test_nobody_waits_longer_than_a_request_may_last(idle_server, target):
    """202 while there is time to answer: 503 would say that the file was not taken, and it would come twice."""
    answer = Upload(idle_server.admin(), target).attempt(generated(5), prefer="wait=30")
    assert answer.status_code == 202 and answer.json()["status"] == "queued"
    assert answer.headers["Preference-Applied"] in ("wait=3", "wait=4")


@pytest.mark.promise("P29", "who waits for the end of an import is answered as soon as the server stops")
def test_who_waits_is_answered_when_the_server_stops(idle_server, target):
    """The file was taken, so the answer says so."""
    admin = idle_server.admin()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Upload(admin, target).attempt, generated(5), prefer="wait=4")
        pause(1)
        began = time.monotonic()
        idle_server.process.terminate()
        assert waiting.result(30).status_code == 202
        assert time.monotonic() - began < 1.5
    assert idle_server.process.wait(30) == 0
