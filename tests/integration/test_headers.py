"""What every answer carries, whatever its status, and the shape of every error."""

import json
import signal
import socket
import ssl
import subprocess

import pytest
import requests

from support.client import problem, raw_exchange
from support.contract import EVERY_ANSWER
from support.forms import contact
from support.server import Townhall
from support.waiting import wait_until

GET = b"GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n"
POST = b"POST /api/contact HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n%s\r\n"
RAW = {
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "not HTTP": (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
    "bad escape in the path": (GET % (b"/%zz", b""), 400),
    "length and chunks": (POST % b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
    "TRACE": (b"TRACE /version HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 400),
    "TRACK": (b"TRACK /version HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "long URL": (GET % (b"/" + b"a" * 9000, b""), 414),
    "expectation": (POST % b"Content-Length: 5\r\nExpect: a-miracle\r\n", 417),
    "long header": (GET % (b"/", b"X: " + b"a" * 20_000 + b"\r\n"), 431),
    "gzip transfer coding": (POST % b"Transfer-Encoding: gzip, chunked\r\n", 501),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    "body too large": (POST % b"Content-Length: 99999999\r\n", 413),
}


@pytest.fixture(scope="module")
def own_server_for(database):
    """own_server_for(environment) → a server of this module's with these settings, one for all who ask alike."""
    started = {}

    def start(environment):
        key = tuple(environment.items())
        if key not in started:
            started[key] = Townhall(database, environment).start()
        return started[key]

    yield start
    for server in started.values():
        server.close()


def posted(form):
    """A contact form on a connection that closes after it."""
    body = json.dumps(form).encode()
    return POST % b"Connection: close\r\nContent-Length: %d\r\n" % len(body) + body


def parsed(answer):
    """Status, headers by lower-case name (a list of values each), body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(": ")
        headers.setdefault(name.lower(), []).append(value)
    return int(first.split()[1]), headers, body


def tls_exchange(port, request):
    """The same as `raw_exchange`, encrypted; who answers is not looked at."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain, context.wrap_socket(plain) as connection:
        connection.sendall(request)
        answer = b""
        while more := connection.recv(65536):
            answer += more
        return answer


def check_headers(headers, secure=False):
    """Each exactly once, with its value."""
    for name, value in EVERY_ANSWER.items():
        assert headers.get(name.lower()) == [value], (name, headers.get(name.lower()))
    assert headers["cross-origin-resource-policy"] == ["same-origin"]
    (policy,) = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert ("strict-transport-security" in headers) is secure
    assert "server" not in headers and "x-powered-by" not in headers


@pytest.mark.promise("P58", "what never became a request is answered with every security header, as a problem")
@pytest.mark.parametrize("sent, status", RAW.values(), ids=RAW.keys())
def test_answers_of_the_gate(server, sent, status):
    """The parser's refusals, TRACE among them."""
    got, headers, body = parsed(raw_exchange(server.port, sent))
    assert got == status, body
    check_headers(headers)
    assert headers["content-type"] == ["application/problem+json"]
    assert b"TRACE" not in body and b"secret" not in body


@pytest.mark.promise("P58", "a header and a body that come too slowly are answered with the headers too")
def test_answers_to_the_slow(database):
    """408, from the gate and from the reading of a body."""
    server = Townhall(database, {"HEADER_TIMEOUT": "1", "REQUEST_TIMEOUT": "1"})
    try:
        server.start()
        half = b"POST /api/contact HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
        for slow in (b"GET / HTTP/1.1\r\nHost: ", half):
            status, headers, body = parsed(raw_exchange(server.port, slow, timeout=10))
            assert status == 408 and json.loads(body)["status"] == 408
            check_headers(headers)
            assert headers["content-type"] == ["application/problem+json"]
    finally:
        server.close()


@pytest.mark.promise("P58", "every status that routes give carries the headers, and every error is a problem")
def test_answers_of_routes(server, admin, public, campaign, make_voter):
    """One exchange for each status. The client checks headers and shape of each answer."""
    voter = make_voter()
    path = f"/api/v1/voters/{voter['id']}?campaign_id={campaign}"
    tag = admin.get(path).headers["ETag"]
    form = contact()
    seen = {}

    def saw(response, status):
        assert response.status_code == status, response.text
        seen[status] = response
        check_headers({name.lower(): [value] for name, value in response.headers.items()})
        if status >= 400:
            problem(response, status)

    saw(public.get("/version"), 200)
    saw(public.post("/api/contact", form, key="one-key"), 201)
    saw(public.request("OPTIONS", "/api/contact"), 204)
    saw(admin.get(path, headers={"If-None-Match": tag}), 304)
    saw(public.request("POST", "/api/contact", data=b"{"), 400)
    saw(public.get(path), 401)
    saw(public.get(path, headers={"Authorization": "Bearer x.y.z"}), 401)
    saw(public.get("/nothing"), 404)
    saw(public.request("DELETE", "/api/contact"), 405)
    saw(public.get("/version", headers={"Accept": "image/png"}), 406)
    saw(admin.patch(path, {"city": "Elsewhere"}, headers={"If-Match": '"other"'}), 412)
    saw(public.request("POST", "/api/contact", data=b"x", headers={"Content-Type": "text/plain"}), 415)
    saw(public.post("/api/contact", {}), 422)
    saw(public.post("/api/contact", {**form, "message": "Another."}, key="one-key"), 422)
    saw(admin.delete(path), 204)
    assert len(seen) == 12


@pytest.mark.promise(
    "P58", "answers while the database is away, while the server stops, and to the limited carry the headers"
)
def test_answers_of_a_server_in_trouble(own_cluster):
    """429; 503 with Retry-After; readiness as a problem that names the components; what is served while it drains."""
    database = own_cluster.new_database()
    server = Townhall(database, {"RATE_LIMIT": "on", "SHUTDOWN_DELAY_MS": "3000"})
    try:
        server.run("db", "upgrade")
        client = server.start().client()
        for _ in range(30):
            limited = client.post("/api/v1/auth/login", {"email": "nobody@example.org", "password": "wrong wrong"})
            if limited.status_code == 429:
                break
        problem(limited, 429)
        assert int(limited.headers["Retry-After"]) > 0
        own_cluster.stop()
        status, headers, _ = parsed(raw_exchange(server.port, posted(contact()), source="127.0.0.9"))
        assert status == 503 and int(headers["retry-after"][0]) > 0
        check_headers(headers)
        told = lambda: requests.get(f"{server.url}/readyz", timeout=10)
        wait_until(lambda: told().status_code == 503, 10, "/readyz to tell")
        ready = problem(told(), 503)
        assert ready["components"]["database"] == "failing" and ready["components"]["server"] == "ok"
        own_cluster.start()
        wait_until(lambda: told().status_code == 200, 30, "the database to be found again")
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: told().status_code == 503, 1, "the drain to show, at once")
        assert problem(told(), 503)["components"]["server"] == "draining"
        status, headers, _ = parsed(raw_exchange(server.port, posted(contact()), source="127.0.0.9"))
        assert status == 201
        check_headers(headers)
        assert server.process.wait(30) == 0
    finally:
        server.close()


@pytest.mark.promise("P58", "Strict-Transport-Security goes with answers by TLS alone, the parser's among them")
def test_strict_transport_security(server, database, tmp_path):
    """Not on plain HTTP, whatever a stranger claims; behind a trusted proxy that says https; and over our own TLS."""
    claimed = GET % (b"/version", b"X-Forwarded-Proto: https\r\n")
    check_headers(parsed(raw_exchange(server.port, claimed))[1], secure=False)
    proxied = Townhall(database, {"TRUSTED_PROXIES": "127.0.0.1"})
    try:
        check_headers(parsed(raw_exchange(proxied.start().port, claimed))[1], secure=True)
        plain = GET % (b"/version", b"X-Forwarded-Proto: http\r\n")
        check_headers(parsed(raw_exchange(proxied.port, plain))[1], secure=False)
        told = b"X-Forwarded-Proto: https\r\nX-Forwarded-For: 192.0.2.77\r\n"
        for refused, status in (
            (GET % (b"/%zz", told), 400),
            (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + told + b"\r\n", 400),
            (b"TRACK / HTTP/1.1\r\nHost: a\r\n" + told + b"\r\n", 501),
        ):
            got, headers, _ = parsed(raw_exchange(proxied.port, refused))
            assert got == status
            check_headers(headers, secure=True)
            entry = wait_until(
                lambda wanted=headers["x-request-id"][0]: next(
                    (one for one in proxied.log_entries() if one.get("request_id") == wanted), None
                ),
                5,
                "the refusal's line",
            )
            assert entry["remote"] == "192.0.2.77"
        check_headers(parsed(raw_exchange(proxied.port, b"GET\r\n\r\n"))[1], secure=False)  # says nothing of itself
    finally:
        proxied.close()
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        + ["-subj", "/CN=localhost", "-days", "2", "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    encrypted = Townhall(database, {"TLS_CERTIFICATE": str(certificate), "TLS_KEY": str(key)})
    try:
        encrypted.launch()
        encrypted.port = wait_until(encrypted._announced_port, 60, "the log line `listening`")
        for sent, status in ((GET % (b"/version", b""), 200), (GET % (b"/nothing", b""), 404), (b"GET\r\n\r\n", 400)):
            got, headers, _ = parsed(tls_exchange(encrypted.port, sent))
            assert got == status
            check_headers(headers, secure=True)
    finally:
        encrypted.close()


@pytest.mark.parametrize("name", ["bad escape in the path", "TRACE", "TRACK", "expectation"])
def test_refusals_of_a_sound_header_know_who_asked(own_server_for, name):
    """The request's id is told back, and a listed site may read the answer."""
    server = own_server_for({"CORS_ALLOWED_ORIGINS": "https://www.example.org"})
    line, rest = RAW[name][0].split(b"\r\n", 1)
    told = b"X-Request-Id: mine-1\r\nOrigin: https://www.example.org\r\n"
    answer = raw_exchange(server.port, line + b"\r\n" + told + rest).lower()
    assert b"\r\nx-request-id: mine-1\r\n" in answer
    assert b"\r\naccess-control-allow-origin: https://www.example.org\r\n" in answer


@pytest.mark.promise("P58", "TRACE is refused and echoes nothing")
def test_trace_echoes_nothing(server):
    """Neither the target nor a header comes back."""
    sent = b"TRACE /echo-this HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer echo-that\r\nX-Header: echo-me\r\n\r\n"
    answer = raw_exchange(server.port, sent)
    assert answer.startswith(b"HTTP/1.1 405 ") and b"Allow: " in answer
    assert b"echo" not in answer
