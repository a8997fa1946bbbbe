"""The manners of HTTP: compression, tags and conditions, links, traces, events, the page of the contract."""

import gzip
import json
import re
import time
from contextlib import contextmanager

import pytest
import requests

from support.browser import visit
from support.client import ok, problem, raw_exchange
from support.forms import contact
from support.server import Townhall
from support.uploads import Upload
from support.voterfiles import generated
from support.waiting import wait_until


def raw_get(server, path, *headers):
    """The answer to a GET as it came: status, headers by lower-case name, body bytes."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    sent = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n"
    head, _, body = raw_exchange(server.port, sent.encode()).partition(b"\r\n\r\n")
    first, *fields = head.decode().split("\r\n")
    named = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
    if named.get("transfer-encoding") == "chunked":
        body = unchunked(body)
    return int(first.split()[1]), named, body


def unchunked(body):
    out = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            assert body == b"\r\n"
            return out
        out, body = out + body[: int(size, 16)], body[int(size, 16) + 2 :]


# ---- compression ----


@pytest.mark.parametrize(
    "accepted, coding",
    [
        (None, None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.1, gzip", "gzip"),
        ("gzip;q=0, br;q=0", None),
        ("*", "br"),
        ("identity", None),
        ("deflate", None),
    ],
)
def test_cached_answers_come_in_the_form_that_is_liked(server, accepted, coding):
    """The contract, made once: plain, gzip or br by the client's weights, the same document in each, with its own tag."""
    plain = raw_get(server, "/openapi.json")
    headers = [("Accept-Encoding", accepted)] if accepted else []
    status, named, body = raw_get(server, "/openapi.json", *headers)
    assert status == 200 and named.get("content-encoding") == coding
    assert int(named["content-length"]) == len(body) and "Accept-Encoding" in named["vary"]
    assert (named["etag"] == plain[1]["etag"]) is (coding is None)
    if coding == "gzip":
        body = gzip.decompress(body)
    if coding == "br":
        assert len(body) < len(plain[2]) / 3
    else:
        assert body == plain[2]
    status, same, body = raw_get(server, "/openapi.json", ("If-None-Match", named["etag"]), *headers)
    assert (
        status == 304 and not body and same["etag"] == named["etag"] and same["cache-control"] == named["cache-control"]
    )
    assert raw_get(server, "/openapi.json", ("If-None-Match", f'W/"x", {named["etag"]}'))[0] == 304
    assert raw_get(server, "/openapi.json", ("If-None-Match", '"x"'), *headers)[0] == 200


def test_answers_made_for_one_client_are_compressed(server, admin, campaign, make_voter):
    """A long list comes by gzip where it is taken, a short one and a stream of CSV too as they should."""
    for _ in range(5):
        make_voter()
    token = ("Authorization", f"Bearer {admin.token}")
    path = f"/api/v1/voters?campaign_id={campaign}"
    plain = raw_get(server, path, token)
    assert "content-encoding" not in plain[1] and len(plain[2]) > 1024
    zipped = raw_get(server, path, token, ("Accept-Encoding", "gzip"))
    assert zipped[1]["content-encoding"] == "gzip" and len(zipped[2]) < len(plain[2]) / 2
    assert json.loads(gzip.decompress(zipped[2]))["items"] == json.loads(plain[2])["items"]
    assert "content-encoding" not in raw_get(server, "/healthz", ("Accept-Encoding", "gzip"))[1]


def test_long_answers_are_compressed_piece_by_piece(server, admin, make_campaign):
    """200 voters, over 64 KiB: chunked, and the same list."""
    target = make_campaign()
    upload = Upload(admin, target).send(generated(300), prefer="wait=30").finished()
    token = ("Authorization", f"Bearer {admin.token}")
    path = f"/api/v1/voters?campaign_id={target}&per_page=200"
    plain = raw_get(server, path, token)
    assert len(plain[2]) > 64 * 1024, len(plain[2])
    zipped = raw_get(server, path, token, ("Accept-Encoding", "gzip"))
    assert zipped[1]["transfer-encoding"] == "chunked" and zipped[1]["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(zipped[2]))["items"] == json.loads(plain[2])["items"]
    rows = raw_get(server, f"{upload.path}/errors.csv?campaign_id={target}", token, ("Accept-Encoding", "gzip"))
    assert rows[1]["content-encoding"] == "gzip" and gzip.decompress(rows[2]).startswith(b"error_line,")


def test_answers_with_tokens_are_never_compressed(server, make_user):
    """Signing in and refreshing: a token beside what an attacker chooses would be told by its length."""
    user = make_user()
    for path, body in (
        ("/api/v1/auth/login", {"email": user.account["email"], "password": user.password}),
        ("/api/v1/auth/refresh", {"refresh_token": user.refresh_token}),
    ):
        response = user.post(path, body, headers={"Accept-Encoding": "gzip, br"})
        assert "access_token" in ok(response)
        assert "Content-Encoding" not in response.headers and response.headers["Cache-Control"] == "no-store"


# ---- tags and conditions ----


def resources(admin, campaign, make_voter, make_user):
    """Path of one resource of each kind, and a change to it."""
    user, other = make_user(), admin.post("/api/v1/campaigns", {"name": "For a while"}).json()
    return [
        (f"/api/v1/voters/{make_voter()['id']}?campaign_id={campaign}", {"city": "Elsewhere"}),
        (f"/api/v1/campaigns/{other['id']}", {"description": "Changed"}),
        (f"/api/v1/users/{user.account['id']}", {"name": "Changed"}),
    ]


def test_if_match(admin, campaign, make_voter, make_user):
    """412 where the tag is not the current one, by strong comparison; any form's tag, a list of tags and * will do."""
    for path, change in resources(admin, campaign, make_voter, make_user):
        tag = admin.get(path).headers["ETag"]
        for other in ('"other"', f"W/{tag}", tag.strip('"'), "", tag[:-2] + '"'):
            problem(admin.patch(path, change, headers={"If-Match": other}), 412, code="precondition_failed")
        changed = admin.patch(path, change, headers={"If-Match": f'"other", {tag}'})
        assert changed.status_code == 200 and changed.headers["ETag"] != tag, changed.text
        problem(admin.patch(path, change, headers={"If-Match": tag}), 412)
        problem(admin.delete(path, headers={"If-Match": tag}), 412)
        zipped = changed.headers["ETag"][:-1] + '-gz"'
        assert admin.patch(path, change, headers={"If-Match": zipped}).status_code == 200
        assert admin.delete(path, headers={"If-Match": "*"}).status_code == 204


def test_if_none_match(admin, campaign, make_voter, make_user):
    """304 for whom nothing is new, also by HEAD; the whole answer for the others."""
    for path, change in resources(admin, campaign, make_voter, make_user):
        tag = admin.get(path).headers["ETag"]
        for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            for method in ("GET", "HEAD"):
                same = admin.request(method, path, headers={"If-None-Match": known})
                assert same.status_code == 304 and not same.content and same.headers["ETag"] == tag, (known, method)
        ok(admin.patch(path, change))
        assert admin.get(path, headers={"If-None-Match": tag}).status_code == 200


# ---- lists ----


def pages_of(client, path, per_page):
    """Follows the links from the first page; every item."""
    separator = "&" if "?" in path else "?"
    target, items = f"{path}{separator}per_page={per_page}", []
    for _ in range(50):
        response = client.get(target)
        items += ok(response)["items"]
        link = response.headers.get("Link")
        if not link:
            return items
        match = re.fullmatch(r'<(/[^>]+)>; rel="next"', link)
        assert match, link
        target = match[1]
    raise AssertionError("the links never end")


def test_every_list_links_its_pages(server, admin, make_campaign):
    """RFC 8288: from page to page by the Link header alone, each item comes once, on every list there is."""
    target = make_campaign()
    Upload(admin, target).send(generated(5), prefer="wait=30").finished()
    for _ in range(2):
        Upload(admin, target).send(generated(3), prefer="wait=30").finished()
    for number in range(5):
        ok(
            admin.post(
                "/api/v1/users", {"email": f"u{number}.{target}@example.org", "password": f"a long enough one {target}"}
            ),
            201,
        )
        ok(server.client().post("/api/contact", contact()), 201)
    document = ok(admin.get("/openapi.json"))
    lists = [
        path
        for path, verbs in document["paths"].items()
        if "{" not in path and "get" in verbs and lists_items(verbs["get"])
    ]
    assert {"/api/v1/voters", "/api/v1/campaigns", "/api/v1/users", "/api/v1/submissions"} <= set(lists)
    for path in lists:
        scoped = f"{path}?campaign_id={target}" if needs_campaign(document["paths"][path]["get"]) else path
        scoped += "?q=data" if path == "/api/search" else ""
        whole = ok(admin.get(f"{scoped}{'&' if '?' in scoped else '?'}per_page=200"))["items"]
        found = pages_of(admin, scoped, 2)
        assert [item.get("id", item) for item in found] == [item.get("id", item) for item in whole], path


def lists_items(operation):
    content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
    return content.get("schema", {}).get("$ref", "").endswith("Page")


def needs_campaign(operation):
    return {"$ref": "#/components/parameters/campaign"} in operation.get("parameters", [])


# ---- traces ----

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    "sent, taken",
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", True),
        (f"cc-{TRACE}-00f067aa0ba902b7-01-what-comes-later", True),
        (f"00-{TRACE}-00f067aa0ba902b7-01-more", False),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", False),
        (f"00-{TRACE.upper()}-00f067aa0ba902b7-01", False),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
        (f"00-{TRACE}-{'0' * 16}-01", False),
        (f"00-{TRACE}-00f067aa0ba902b7", False),
        ("garbage", False),
    ],
)
def test_a_sound_traceparent_is_in_the_log(server, public, sent, taken):
    """W3C Trace Context: the trace's id is in the request's line where it is sound, and nothing of it where it is not."""
    response = public.get("/version", headers={"traceparent": sent})
    mine = response.headers["X-Request-Id"]

    def line():
        return [entry for entry in server.log_entries() if entry.get("request_id") == mine]

    (entry,) = wait_until(line, 5, "the request's log line")
    assert entry.get("trace_id") == (TRACE if taken else None)


# ---- events ----


def events_of(response):
    """The events of a stream as they come: (name, id, data)."""
    fields = {}
    for line in response.iter_lines(decode_unicode=True):
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield fields["event"], fields["id"], json.loads(fields["data"])
            fields = {}


def listen(client, upload, campaign, **headers):
    return client.get(f"{upload.path}/events?campaign_id={campaign}", headers=headers, stream=True, timeout=(10, 30))


def test_events_of_an_import(server, admin, make_campaign, make_user):
    """Progress until it is done, then the end; who comes back with the last id is told that there is no more."""
    target = make_campaign()
    manager = make_user("manager", target)
    upload = Upload(manager, target).send(generated(30_000))
    with listen(manager, upload, target) as response:
        assert response.status_code == 200 and response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["X-Accel-Buffering"] == "no" and response.headers["Cache-Control"] == "no-store"
        assert "Content-Encoding" not in response.headers  # asked for by the client, and left out
        events = list(events_of(response))
    names = [name for name, _, _ in events]
    assert names[-1] == "done" and set(names[:-1]) <= {"progress"}, names
    assert events[-1][2]["status"] == "completed" and events[-1][2]["created"] == 30_000
    assert events[-1][2] == upload.report()
    assert [data["rows"] for _, _, data in events] == sorted(data["rows"] for _, _, data in events)
    assert len({event_id for _, event_id, _ in events}) == len(events)  # nothing is told twice
    again = listen(manager, upload, target, **{"Last-Event-ID": events[-1][1]})
    assert again.status_code == 204
    with listen(manager, upload, target, **{"Last-Event-ID": "another"}) as response:
        assert [name for name, _, _ in events_of(response)] == ["done"]


def test_events_are_for_managers(admin, make_campaign, make_user):
    """By role, by campaign, and only of imports that are there."""
    target = make_campaign()
    upload = Upload(admin, target).send(generated(3), prefer="wait=30")
    problem(admin.anonymous().get(f"{upload.path}/events"), 401)
    problem(listen(make_user("organizer", target), upload, target), 403)
    elsewhere = make_campaign()
    problem(listen(make_user("manager", elsewhere), upload, elsewhere), 404)


@contextmanager
def held(database):
    """Keeps imports from going on."""
    with database.session() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table campaign.voters in access exclusive mode")
        yield


@pytest.mark.promise("P48", "a stream of events ends within 5 s of the loss of its reader's role")
def test_events_end_with_the_right_to_hear_them(own_server, own_database):
    """Who is taken out of the campaign hears no more of it."""
    admin = own_server.admin()
    target = ok(admin.post("/api/v1/campaigns", {"name": "Watched"}), 201)["id"]
    roles = [{"campaign_id": target, "role": "manager"}]
    account = ok(
        admin.post("/api/v1/users", {"email": "m@example.org", "password": "a long enough one", "roles": roles}), 201
    )
    manager = own_server.client().login("m@example.org", "a long enough one")
    with held(own_database):
        upload = Upload(manager, target).send(generated(50))
        with listen(manager, upload, target) as response:
            events = events_of(response)
            assert next(events)[0] == "progress"
            ok(admin.patch(f"/api/v1/users/{account['id']}", {"roles": []}))
            began = time.monotonic()
            assert "done" not in [name for name, _, _ in events]
            assert time.monotonic() - began < 5


def test_one_user_does_not_take_all_streams(own_server, own_database):
    """The twenty-first at once is 429 with Retry-After, until some end; other users are not affected."""
    admin = own_server.admin()
    target = ok(admin.post("/api/v1/campaigns", {"name": "Watched"}), 201)["id"]
    roles = [{"campaign_id": target, "role": "manager"}]
    body = {"email": "other@example.org", "password": "a long enough one", "roles": roles}
    ok(admin.post("/api/v1/users", body), 201)
    other = own_server.client().login(body["email"], body["password"])
    with held(own_database):
        upload = Upload(admin, target).send(generated(50))
        streams = [listen(admin, upload, target) for _ in range(20)]
        assert {stream.status_code for stream in streams} == {200}
        refused = listen(admin, upload, target)
        problem(refused, 429)
        assert int(refused.headers["Retry-After"]) > 0
        with listen(other, upload, target) as response:
            assert response.status_code == 200
    for stream in streams:
        assert [name for name, _, _ in events_of(stream)][-1] == "done"
    wait_until(lambda: listen(admin, upload, target).status_code == 200, 5, "a place")


@pytest.mark.promise("P29", "streams of events end within a second of SIGTERM, and hold nothing up")
def test_events_end_when_the_server_stops(own_server, own_database):
    """The stream ends whole: its last chunk comes."""
    admin = own_server.admin()
    target = ok(admin.post("/api/v1/campaigns", {"name": "Watched"}), 201)["id"]
    with held(own_database):
        upload = Upload(admin, target).send(generated(50))
        with listen(admin, upload, target) as response:
            events = events_of(response)
            assert next(events)[0] == "progress"
            began = time.monotonic()
            own_server.process.terminate()
            assert "done" not in [name for name, _, _ in events]
            assert time.monotonic() - began < 1.5
    assert own_server.process.wait(30) == 0


# ---- the page of the contract ----


def test_docs_in_a_browser(server, tmp_path):
    """Swagger UI shows the operations; nothing is loaded from elsewhere, and the page's policy stops nothing of it."""
    seen = visit(
        f"{server.url}/docs",
        wait=".opblock",
        script="[document.querySelectorAll('.opblock').length, document.title]",
        screenshot=str(tmp_path / "docs.png"),
    )
    assert seen["result"][0] > 20 and "Townhall" in seen["result"][1]
    assert not seen["said"], seen["said"]
    assert all(url.startswith((server.url, "data:")) for url in seen["visited"]), seen["visited"]


def test_docs_have_a_policy_of_their_own(public):
    """The page may run its own scripts and no others; it is not to be framed."""
    page = public.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert "<script>" not in page.text and "http:" not in page.text and "https:" not in page.text
    assert public.get("/docs/").text == page.text


@pytest.mark.parametrize(
    "env, there",
    [
        ({"TOWNHALL_ENV": "production"}, False),
        ({"TOWNHALL_ENV": "staging"}, False),
        ({"TOWNHALL_ENV": "production", "DOCS": "on"}, True),
        ({"DOCS": "off"}, False),
    ],
    ids=["production", "staging", "asked for", "switched off"],
)
def test_docs_are_off_where_the_public_is(database, env, there):
    """Off in staging and production unless asked for, and then not in the contract either."""
    secrets = {"SECRET_KEY": "k" * 20 + "0123456789abcdefghij", "JWT_SECRET_KEY": "j" * 20 + "0123456789abcdefghij"}
    strict = {**secrets, "PUBLIC_URL": "https://www.example.org", "RATE_LIMIT": "on"}
    server = Townhall(database, {**strict, **env})
    try:
        server.start()
        assert requests.get(f"{server.url}/docs", timeout=10).status_code == (200 if there else 404)
        document = requests.get(f"{server.url}/openapi.json", timeout=10).json()
        assert ("/docs" in document["paths"]) is there
    finally:
        server.close()
