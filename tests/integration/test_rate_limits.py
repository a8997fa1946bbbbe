"""Limits on how many requests a client may make: slowed, refused, banned; by network and by user."""

import itertools
import json
import re
import time

import pytest

from support.client import ok, problem, raw_exchange
from support.forms import contact
from support.server import Townhall

ME, FORM, LOGIN = "/api/v1/auth/me", "/api/contact", "/api/v1/auth/login"
LIMITS = {
    "RATE_LIMIT": "on",
    "RATE_LIMIT_PUBLIC_WRITES": "20",
    "RATE_LIMIT_PUBLIC_READS": "100",
    "RATE_LIMIT_STAFF_READS": "40",
    "RATE_LIMIT_STAFF_WRITES": "30",
}
numbers = itertools.count(1)


def address():
    """An IPv4 address that no other test speaks from."""
    number = next(numbers)
    return f"198.51.{number // 250}.{number % 250 + 1}"


@pytest.fixture(scope="module")
def server(database):
    """Behind a proxy on loopback that is trusted, so that tests can speak from any address."""
    server = Townhall(database, {**LIMITS, "TRUSTED_PROXIES": "127.0.0.1"})
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def bare(cluster, template):
    """The same, believing nobody."""
    database = cluster.new_database(template)
    server = Townhall(database, LIMITS)
    try:
        yield server.start()
    finally:
        server.close()
        database.drop()


def post_form(client, **headers):
    return client.post(FORM, contact(), headers={name.replace("_", "-"): value for name, value in headers.items()})


def let_in(responses):
    """How many got through; the others are proper refusals."""
    through = 0
    for response in responses:
        if response.status_code == 429:
            problem(response, 429, code="too_many_requests")
            assert int(response.headers["Retry-After"]) >= 1
        else:
            assert response.status_code < 400, response.text
            through += 1
    return through


def from_addresses(client, addresses):
    return let_in(post_form(client, X_Forwarded_For=each) for each in addresses)


def in_fields(server, *addresses):
    """The status of a form whose X-Forwarded-For comes in fields of its own for each address."""
    body = json.dumps(contact()).encode()
    fields = "".join(f"X-Forwarded-For: {each}\r\n" for each in addresses)
    head = f"POST {FORM} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    answer = raw_exchange(server.port, f"{head}Connection: close\r\n{fields}\r\n".encode() + body)
    return int(answer.split()[1])


def fuzzy(limit, through):
    """Whether so many is the limit, but for what came back in the meantime."""
    return limit <= through <= limit * 1.5


def test_slower_then_refused_then_as_told(server):
    """The last quarter is slowed down, what is over is refused; who waits as long as told is let in."""
    client, me, took = server.client(), address(), []
    for number in range(1, 40):
        began = time.monotonic()
        response = post_form(client, X_Forwarded_For=me)
        took.append(time.monotonic() - began)
        if response.status_code == 429:
            break
        ok(response, 201)
        assert response.headers["RateLimit-Policy"] == '"public-writes";q=20;w=60'
        assert response.headers["RateLimit"].startswith('"public-writes";r=')
    assert fuzzy(20, number - 1)
    assert max(took[-4:-1]) > 0.1 > sorted(took[:15])[7], took
    assert '"public-writes";r=0;t=' in response.headers["RateLimit"]
    time.sleep(int(response.headers["Retry-After"]))  # the time told is what is tested
    ok(post_form(client, X_Forwarded_For=me), 201)


def test_content_is_slowed_then_refused(server):
    """What is answered without waiting for anything waits too, and is whole."""
    client, me, took = server.client(), address(), []
    for _ in range(85):
        began = time.monotonic()
        assert ok(client.get("/api/services", headers={"X-Forwarded-For": me}))["items"]
        took.append(time.monotonic() - began)
    assert max(took[-5:]) > 0.05 > sorted(took[:75])[37], took
    from_now_on = [client.get("/api/services", headers={"X-Forwarded-For": me}) for _ in range(40)]
    assert 10 <= let_in(from_now_on) < 40


def test_who_goes_on_is_banned_longer_each_time_and_told_once(server):
    """After many refusals no request passes for a while; the log says so once a ban, with nobody's data."""
    client, me = server.client(), address()
    offset = server.log.stat().st_size
    waits = []
    for _ in range(120):
        response = post_form(client, X_Forwarded_For=me)
        if response.status_code == 429:
            waits.append(int(response.headers["Retry-After"]))
    assert min(waits) <= 4 and max(waits) == 15
    assert set(waits[-50:]) <= set(range(8, 16)), "and no request gets through it"
    bans = [entry for entry in server.log_entries(offset) if "banned" in entry["message"]]
    assert len(bans) == 1 and bans[0]["seconds"] == 15 and bans[0]["limit"] == "public-writes", bans
    assert bans[0]["remote"] == me


@pytest.mark.promise("P52", "X-Forwarded-For from anybody but a trusted proxy does not make a new client")
@pytest.mark.parametrize("field", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP"])
def test_a_forged_address_changes_nothing(bare, field):
    """Each request claims another address, and all count together: the second round begins where the first ended."""
    client = bare.client()
    made_up = ("for=198.18.0.{}" if field == "Forwarded" else "198.18.0.{}").format
    through = let_in(client.post(FORM, contact(), headers={field: made_up(n)}) for n in range(1, 51))
    assert through <= 30
    assert let_in(client.post(FORM, contact()) for _ in range(10)) <= 5


@pytest.mark.promise(
    "P52", "behind a trusted proxy, what the client wrote before the proxy's own entry changes nothing"
)
def test_a_forged_chain_changes_nothing(server):
    """The proxy appends the client's address; whatever stands before it, once or in several fields, is not believed."""
    client, me = server.client(), address()
    assert fuzzy(20, from_addresses(client, [f"198.18.0.{n}, {me}" for n in range(1, 51)]))
    assert from_addresses(client, [f"198.18.0.{n}, 198.18.1.{n}, {me}" for n in range(1, 11)]) <= 5
    assert from_addresses(client, [f"for={n}, {me}" for n in range(1, 11)]) <= 5
    told = [in_fields(server, f"198.18.0.{n}", me) for n in range(1, 11)]
    assert set(told) <= {201, 429} and told.count(201) <= 5
    assert from_addresses(client, [address() for _ in range(30)]) == 30, "other clients are others"


@pytest.mark.promise("P52", "the addresses of one IPv6 /64 are one client")
def test_ipv6_addresses_of_one_network_count_together(server):
    """A host may take any address of its /64; the next /64 is another client."""
    client = server.client()
    assert fuzzy(20, from_addresses(client, [f"2001:db8:7:1:{n:x}:{n:x}::{n:x}" for n in range(1, 51)]))
    assert from_addresses(client, ["2001:db8:7:2::1"] * 10) == 10


def test_ipv4_written_as_ipv6_is_the_same_client(server):
    """Mapped addresses give nothing new."""
    client, me = server.client(), address()
    assert fuzzy(20, from_addresses(client, [me, f"::ffff:{me}"] * 25))


def test_users_are_counted_as_users(server, make_user):
    """From whatever address; one's own limit is nobody else's, and writing has one of its own."""
    one, two = make_user(), make_user()
    through = let_in(one.get(ME, headers={"X-Forwarded-For": address()}) for _ in range(80))
    assert fuzzy(40, through)
    assert let_in(two.get(ME) for _ in range(20)) == 20, "the same office, another user"
    response = one.patch(f"/api/v1/users/{one.account['id']}", {"name": "Still Writing"})
    ok(response)
    assert response.headers["RateLimit-Policy"] == '"staff-writes";q=30;w=60'


def test_a_crowd_behind_one_address_does_not_lock_staff_out(server, make_user):
    """Forms and reads of the address are over their limit; who is signed in works on."""
    client, office = server.client(), address()
    from_addresses(client, [office] * 60)
    user = make_user()
    assert let_in(user.get(ME, headers={"X-Forwarded-For": office}) for _ in range(20)) == 20


def test_bad_tokens_are_counted_by_network(server):
    """Trying tokens ends in 429."""
    client, me = server.client(), address()
    statuses = [
        client.get(ME, headers={"Authorization": f"Bearer a.b.{n}", "X-Forwarded-For": me}).status_code
        for n in range(160)
    ]
    assert fuzzy(100, statuses.count(401)) and set(statuses) == {401, 429} and statuses[-1] == 429


def test_paths_that_are_not_there_are_counted(server):
    """Probing for paths ends in 429 too; other addresses read on."""
    client, me = server.client(), address()
    statuses = [client.get(f"/api/{n}.php", headers={"X-Forwarded-For": me}).status_code for n in range(160)]
    assert fuzzy(100, statuses.count(404)) and set(statuses) == {404, 429}
    problem(client.get("/api/nothing", headers={"X-Forwarded-For": address()}), 404)


def test_health_is_never_limited(server):
    """Whoever watches the server may ask as often as it likes."""
    client, me = server.client(), address()
    for _ in range(300):
        assert client.get("/healthz", headers={"X-Forwarded-For": me}).status_code == 200


def test_public_reads_carry_no_limit_that_a_cache_would_keep(server):
    """RateLimit is for the one who asked; on the form's answer it stands, on the contract's it does not."""
    client = server.client()
    assert "RateLimit" not in client.get("/openapi.json").headers
    assert "RateLimit" in post_form(client, X_Forwarded_For=address()).headers


def test_off_means_off(cluster, template):
    """RATE_LIMIT=off: no limits and none told; refused in production."""
    database = cluster.new_database(template)
    server = Townhall(database)
    try:
        client = server.start().client()
        responses = [post_form(client) for _ in range(80)]
        assert let_in(responses) == 80 and "RateLimit" not in responses[0].headers
        server.stop()
        strict = {"TOWNHALL_ENV": "production", "PUBLIC_URL": "https://townhall.example.org"}
        server.env.update({**strict, "SECRET_KEY": "s" * 20 + "ecret-" * 4, "JWT_SECRET_KEY": "j" * 20 + "ecret-" * 4})
        refused = server.run("serve", check=False)
        assert refused.returncode != 0
        assert re.search(r"RATE_LIMIT\W+must not be off", refused.stderr + refused.stdout)
    finally:
        server.close()
        database.drop()
