"""Health, readiness, the contract document, and what every answer and log line carries."""

import json
import re
import time

import pytest

from support.client import ok, problem, raw_exchange
from support.forms import contact
from support.metrics import admin_url, scrape
from support.server import Townhall
from support.waiting import wait_until


def test_health_and_readiness(public):
    """Both 200 while all is well; readiness names its components."""
    assert public.get("/healthz").status_code == 200
    assert {"database", "migrations"} <= set(str(ok(public.get("/readyz"))).replace("'", " ").split())


def test_readiness_is_found_out_once_a_second(own_database):
    """However often anybody asks, the database is asked no oftener than that."""
    server = Townhall(own_database, {"ADMIN_LISTEN": "127.0.0.1:0"})
    try:
        client = server.start().client()
        looks = lambda: scrape(admin_url(server) + "/metrics").value(
            "townhall_db_query_seconds_count", query="system.queue"
        )
        before, began = looks(), time.monotonic()
        for _ in range(300):
            ok(client.get("/readyz"))
        assert looks() - before <= time.monotonic() - began + 2
        wait_until(lambda: client.get("/readyz").ok and looks() > before, 5, "another look")
    finally:
        server.close()


@pytest.mark.promise(
    "P19", "REQUEST_TIMEOUT: 503 in the place of an answer that does not begin, 408 where a body does not end"
)
def test_a_request_has_its_time(own_database):
    """Held up by a lock in the database, for longer than the request may take."""
    server = Townhall(own_database, {"REQUEST_TIMEOUT": "1"})
    held = own_database.connect()
    try:
        client = server.start().client()
        with held.cursor() as cursor:
            cursor.execute("begin; lock table website.submissions in access exclusive mode")
        began = time.monotonic()
        late = client.post("/api/contact", contact())
        assert 0.9 <= time.monotonic() - began <= 2.7
        assert problem(late, 503)["detail"] == "The answer took too long."
        assert int(late.headers["Retry-After"]) > 0 and late.headers["Connection"] == "close"
        with held.cursor() as cursor:
            cursor.execute("rollback")
        ok(client.post("/api/contact", contact()), 201)
    finally:
        held.close()
        server.close()


@pytest.mark.parametrize("option", ["MAIL_FROM", "MAIL_TEAM"])
def test_an_address_that_is_none_is_refused(own_database, option):
    """At start, with how to mend it, and with whatever else is wrong."""
    server = Townhall(own_database, {option: "nobody at nowhere", "RATE_LIMIT": "perhaps"})
    try:
        told = server.run("serve", check=False)
        assert told.returncode != 0
        assert f"{option} must be one address, as in" in told.stderr and "RATE_LIMIT" in told.stderr
    finally:
        server.close()


def test_a_list_of_keys_may_have_spaces(own_database):
    """They are no part of a key: not when it signs, and not when its length is looked at."""
    short = "k" * 20 + "0123456789"
    strict = {
        "TOWNHALL_ENV": "production",
        "SECRET_KEY": "s" * 20 + "ecret-" * 4,
        "PUBLIC_URL": "https://www.example.org",
    }
    server = Townhall(own_database, {**strict, "RATE_LIMIT": "on", "JWT_SECRET_KEY": f"{'j' * 40}x,  {short}  "})
    try:
        told = server.run("serve", check=False)
        assert told.returncode != 0 and "JWT_SECRET_KEY is too short" in told.stderr
    finally:
        server.close()


def test_version(public):
    """The version is told."""
    assert re.match(r"\d+\.\d+\.\d+", ok(public.get("/version"))["version"])


def test_metrics_are_not_public(public):
    """Without a token or the admin port: not there."""
    assert public.get("/metrics").status_code in (401, 403, 404)


def test_openapi_lists_the_routes(public):
    """The routes of this version are in the document, each with its problems."""
    document = ok(public.get("/openapi.json"))
    assert document["openapi"].startswith("3.1")
    for method, path in [
        ("post", "/api/contact"),
        ("post", "/api/v1/auth/login"),
        ("get", "/api/v1/voters/{id}"),
        ("post", "/api/v1/voters/upload"),
        ("get", "/api/v1/submissions"),
        ("post", "/api/v1/campaigns"),
    ]:
        operation = document["paths"][path][method]
        assert operation["responses"].keys() & {"200", "201", "202"}, (method, path)
    assert "application/problem+json" in json.dumps(document["paths"]["/api/contact"]["post"]["responses"])


@pytest.mark.parametrize("sent, echoed", [("abc-123", True), ("x" * 500, False), ("a b\x1bc", False), ("", False)])
def test_request_id(public, sent, echoed):
    """A sane one comes back, another is replaced."""
    got = public.get("/healthz", headers={"X-Request-Id": sent}).headers["X-Request-Id"]
    assert (got == sent) is echoed and got


def test_log_lines_are_json_and_hold_no_persons_data(server, public, admin):
    """Every line parses; the request line has the template, not the query; no address, password or token anywhere."""
    form = contact(message="canary-message-5521")
    ok(public.post("/api/contact", form, headers={"X-Request-Id": "find-this-one"}), 201)
    admin.get("/api/v1/voters/4242?campaign_id=1&q=canary-query-77")
    public.post("/api/v1/auth/login", {"email": "canary@example.org", "password": "canary-password-9"})

    def line():
        return [entry for entry in server.log_entries() if entry.get("request_id") == "find-this-one"]

    entry = wait_until(line, 5, "the request's log line")[0]
    assert "/api/contact" in entry.values() and 201 in entry.values()
    text = server.log.read_text()
    assert all(isinstance(json.loads(one), dict) for one in text.splitlines()[:-1])
    for secret in ("canary", form["email"], "4242", admin.token):
        assert secret not in text, secret
    assert "/api/v1/voters/{id}" in text


def test_errors_of_the_gate_have_the_same_shape(server):
    """What never became a request is a problem document too."""
    for sent, status in [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20000 + b"\r\n\r\n", 431),
        (b"POST /api/contact HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ]:
        answer = raw_exchange(server.port, sent)
        assert answer.startswith(f"HTTP/1.1 {status}".encode()), (sent[:60], answer[:200])
        assert b"application/problem+json" in answer and answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "method, path, body, status",
    [
        ("POST", "/api/contact", b"{", 400),
        ("GET", "/api/v1/voters/1", b"", 401),
        ("GET", "/api/v2/voters", b"", 404),
        ("DELETE", "/api/contact", b"", 405),
        ("POST", "/api/contact", b'"' + b"x" * 1_100_000 + b'"', 413),
        ("POST", "/api/contact", b"{}", 422),
        ("POST", "/api/v1/auth/login", b'{"email":"a@example.org","password":"wrong wrong"}', 401),
    ],
    ids=["not JSON", "no token", "no such path", "other method", "too large", "faults", "wrong password"],
)
def test_a_problem_has_every_member(public, method, path, body, status):
    """type, title, status, detail, instance and request_id, each with something in it."""
    told = problem(public.request(method, path, data=body, headers={"Content-Type": "application/json"}), status)
    empty = [name for name in ("type", "title", "status", "detail", "instance", "request_id") if not told.get(name)]
    assert not empty and told["instance"].endswith(path), told


def test_unknown_version_of_the_path(public):
    """404 as a problem, with the request's own id in it."""
    body = problem(public.get("/api/v2/voters", headers={"X-Request-Id": "mine"}), 404)
    assert body["request_id"] == "mine"
