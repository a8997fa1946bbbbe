"""Requests that two readers could understand differently, sent directly and through nginx and haproxy."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.proxies import Proxy
from support.smuggling import CASES, SOUND
from support.waiting import wait_until
from support.wire import ask, connect, read_until_closed, split

AFTER = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: after-%s\r\nConnection: close\r\n\r\n"

FOREIGN = {"head-version-0.9", "head-preface-of-2"}  # a proxy may speak these to the client


def seen(server, offset=0):
    """The log's lines of requests: (request id, status, method)."""
    entries = server.log_entries(offset)
    return [
        (entry["request_id"], entry["status"], entry["method"])
        for entry in entries
        if entry.get("message") == "request"
    ]


def logged(server, name, offset=0):
    """Every line of the log up to the request `name`, which is made now: the log is written behind the answers."""
    ask(server.port, AFTER % name.encode())
    wait_until(lambda: any(found[0] == f"after-{name}" for found in seen(server, offset)), 10, "the log")
    return seen(server, offset)


def test_the_corpus_is_large():
    """At least sixty different tricks, each under a name of its own."""
    assert len(CASES) >= 60
    assert len({case.name for case in CASES + SOUND}) == len(CASES) + len(SOUND)
    assert len({case.data for case in CASES}) == len(CASES)


@pytest.mark.promise("P60", "each of the corpus is refused with one problem document, and the connection closed")
def test_tricks_are_refused_once(own_server):
    """Directly: one refusal, then the end; neither the smuggled request nor the one behind it is served."""

    def attempt(case):
        return case, *ask(own_server.port, case.data + AFTER % case.name.encode())

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, CASES))
    for case, answers, closed in outcomes:
        assert closed and len(answers) == 1, (case.name, answers)
        assert 400 <= answers[0].status <= 505 and answers[0].status != 500, (case.name, answers)
        assert answers[0].header("connection") == "close", (case.name, answers)
        assert answers[0].header("content-type").startswith("application/problem+json"), (case.name, answers)
        assert answers[0].json()["status"] == answers[0].status, (case.name, answers)
    found = logged(own_server, "all")
    assert len(found) >= len(CASES)
    assert not [
        one for one in found if one[0].startswith("smuggled") or (one[0].startswith("after") and one[0] != "after-all")
    ]


@pytest.mark.promise("P60", "bodies that look like requests are never served as such")
def test_sound_requests_are_read_in_one_way(own_server):
    """What is allowed is served, and the request behind it is the next one."""
    for case in SOUND:
        answers, closed = ask(own_server.port, case.data + AFTER % case.name.encode())
        assert closed and [answer.status for answer in answers] == [*case.statuses, 200], (case.name, answers)
        assert answers[-1].header("x-request-id") == f"after-{case.name}"
    assert not [one for one in logged(own_server, "all") if one[0].startswith("smuggled")]


@pytest.mark.promise(
    "P60", "through nginx and haproxy, set as lenient as they can be, no request is smuggled and no answer goes astray"
)
@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_nothing_passes_a_proxy_unseen(own_server, request, name):
    """The server sees only what the proxy forwarded, each once; every answer belongs to the request that it answers."""
    proxy = Proxy(name, own_server.port)
    request.addfinalizer(proxy.close)
    logged(own_server, "before")
    offset = own_server.log.stat().st_size

    def attempt(case):
        with connect(proxy.port) as connection:
            connection.sendall(case.data + AFTER % case.name.encode())
            received, _ = read_until_closed(connection, 1.5)
        victim, _ = ask(proxy.port, AFTER % b"victim")
        return case, [] if case.name in FOREIGN else split(received), victim

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(attempt, [*CASES, *SOUND]))
    passed = 0
    for case, answers, victim in outcomes:
        assert len(victim) == 1 and victim[0].status == 200, (case.name, victim)
        for answer in answers + victim:
            ours, theirs = answer.header("x-request-id"), answer.header("x-proxy-id")
            if ours is not None and ours.startswith("via-"):
                assert ours == theirs, (case.name, answer)
            elif ours is not None:
                assert answer.status >= 400, (case.name, answer)  # refused before it had an id
        passed += any((answer.header("x-request-id") or "").startswith("via-") for answer in answers)
    assert passed >= 30, "the proxy forwarded next to nothing"
    found = logged(own_server, "all", offset)
    strangers = [one for one in found if not one[0].startswith("via-") and one[0] != "after-all"]
    assert not [one for one in strangers if one[2] != "OTHER" or one[1] < 400], strangers
    forwarded = [one[0] for one in found if one[0].startswith("via-")]
    assert len(set(forwarded)) == len(forwarded)
