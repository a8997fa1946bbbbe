"""Who a request comes from, when it comes through proxies: the log tells whom the server took for the client."""

import pytest

from support.proxies import Proxy
from support.server import Townhall
from support.waiting import wait_until
from support.wire import ask

PEER = "127.0.0.1"


@pytest.fixture(scope="module")
def trusting(database):
    """Believes what comes from loopback, and two networks behind it."""
    server = Townhall(database, env={"TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8,2001:db8:1::/48"})
    try:
        yield server.start()
    finally:
        server.close()


_count = iter(range(10**9))


def client_of(server, *fields, port=None, source=PEER):
    """The address that the server logs for a request with these header fields."""
    name = f"who-{next(_count)}"
    lines = "".join(f"{field}\r\n" for field in fields)
    request = f"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: {name}\r\nConnection: close\r\n{lines}\r\n"
    answers, _ = ask(port or server.port, request.encode(), source=source)
    assert [answer.status for answer in answers] == [200]
    told = answers[0].header("x-request-id")

    def logged():
        return next((one["remote"] for one in server.log_entries() if one.get("request_id") == told), None)

    return wait_until(logged, 10, "the request in the log")


@pytest.mark.promise("P52", "without TRUSTED_PROXIES no header changes the client's address")
@pytest.mark.parametrize(
    "field",
    ["X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9", "X-Real-IP: 203.0.113.9", "Via: 203.0.113.9"],
)
def test_nobody_is_believed_by_default(server, field):
    """It is the peer's."""
    assert client_of(server, field) == PEER


@pytest.mark.promise(
    "P52", "from a trusted proxy, only what trusted proxies themselves appended is believed, repeated fields included"
)
@pytest.mark.parametrize(
    ("client", "fields"),
    [
        ("203.0.113.9", ["X-Forwarded-For: 203.0.113.9"]),
        ("203.0.113.9", ["X-Forwarded-For: 198.51.100.1, 203.0.113.9"]),
        ("203.0.113.9", ["X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 203.0.113.9"]),
        ("203.0.113.9", ["x-forwarded-for: 198.51.100.1,, 203.0.113.9 , 10.1.1.1,10.2.2.2"]),
        ("2001:db8:2::9", ["X-Forwarded-For: [2001:db8:2::9]:4711, 2001:db8:1::7"]),
        ("203.0.113.9", ["Forwarded: for=198.51.100.1, for=203.0.113.9;proto=https"]),
        ("203.0.113.9", ['Forwarded: for=", for=203.0.113.9']),
        ("203.0.113.9", ["Forwarded: for=198.51.100.1", "X-Forwarded-For: 203.0.113.9"]),
        ("10.2.2.2", ["X-Forwarded-For: 198.51.100.1, unknown, 10.2.2.2"]),
        (PEER, ["X-Forwarded-For: 203.0.113.9, 127.0.0.1x"]),
        (PEER, ["Forwarded: for=203.0.113.9;for=203.0.113.8"]),
        (PEER, []),
    ],
)
def test_what_a_trusted_proxy_tells(trusting, client, fields):
    """Read from the end, past trusted proxies."""
    assert client_of(trusting, *fields) == client


@pytest.mark.promise("P52", "behind nginx and haproxy a client's own X-Forwarded-For and Forwarded change nothing")
@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_behind_real_proxies(trusting, request, name):
    """The proxy's client is 127.0.0.9, whatever that claims."""
    proxy = Proxy(name, trusting.port)
    request.addfinalizer(proxy.close)
    forged = ["X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 203.0.113.8", "Forwarded: for=203.0.113.7"]
    assert client_of(trusting, port=proxy.port, source="127.0.0.9") == "127.0.0.9"
    assert client_of(trusting, *forged, port=proxy.port, source="127.0.0.9") == "127.0.0.9"


@pytest.mark.parametrize(
    "value", ["localhost", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.1,", "10.0.0.1 10.0.0.2", "::/129", "*"]
)
def test_bad_values_are_refused_at_start(database, request, value):
    """The option is named, and the entry that is wrong."""
    server = Townhall(database, env={"TRUSTED_PROXIES": value})
    request.addfinalizer(server.close)
    done = server.run("serve", check=False, timeout=30)
    assert done.returncode == 2
    assert "TRUSTED_PROXIES holds '" in done.stderr
