"""The manners of HTTP: tags and conditions, links between pages, traces."""

import json
import re

import pytest

from support.client import ok, problem, raw_exchange
from support.forms import contact
from support.uploads import Upload
from support.voterfiles import generated
from support.waiting import wait_until


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


def with_lines(server, caller, method, target, lines, body=None):
    """Status of a request with these header lines, of which several may have one name."""
    data = b"" if body is None else json.dumps(body).encode()
    head = [f"{method} {target} HTTP/1.1", "Host: x", "Connection: close", f"Authorization: Bearer {caller.token}"]
    head += ["Content-Type: application/json", f"Content-Length: {len(data)}"] if data else []
    return int(raw_exchange(server.port, "\r\n".join([*head, *lines, "", ""]).encode() + data).split(b" ", 2)[1])


def test_the_lines_of_a_condition_are_one_list(server, admin, campaign, make_voter, make_user):
    """RFC 9110, section 5.3: a tag counts on whichever line it is, for what is read and for what is changed."""
    for path, change in resources(admin, campaign, make_voter, make_user):
        tag = admin.get(path).headers["ETag"]
        others = [f'{name}: "other"' for name in ("If-None-Match", "If-Match")]
        assert with_lines(server, admin, "GET", path, [others[0], f"If-None-Match: {tag}"]) == 304
        assert with_lines(server, admin, "PATCH", path, [others[1], 'If-Match: "third"'], change) == 412
        assert with_lines(server, admin, "PATCH", path, [others[0], f"If-None-Match: {tag}"], change) == 412
        assert with_lines(server, admin, "PATCH", path, [others[1], f"If-Match: {tag}"], change) == 200
        tag = admin.get(path).headers["ETag"]
        assert with_lines(server, admin, "DELETE", path, [others[1], f"If-Match: {tag}"]) == 204
    assert with_lines(server, admin, "GET", "/api/services", ['If-None-Match: "other"', "If-None-Match: *"]) == 200
    tag = admin.get("/api/services", headers={"Accept-Encoding": "identity"}).headers["ETag"]
    assert with_lines(server, admin, "GET", "/api/services", ['If-None-Match: "x"', f"If-None-Match: {tag}"]) == 304


def test_if_match_of_what_is_read(server, admin, campaign, make_voter, make_user):
    """RFC 9110, section 13.2.2: 412 where the tag is another, and that before the client is told that it has it."""
    paths = [path for path, _ in resources(admin, campaign, make_voter, make_user)]
    for path in [*paths, "/api/services", "/openapi.json"]:
        tag = admin.get(path).headers["ETag"]
        for method in ("GET", "HEAD"):
            for conditions in ({}, {"If-None-Match": tag}, {"If-None-Match": "*"}):
                other = admin.request(method, path, headers={"If-Match": '"zzz"', **conditions})
                assert other.status_code == 412 and "ETag" not in other.headers, (path, method, conditions)
            for mine in (tag, "*", f'"zzz", {tag}'):
                assert admin.request(method, path, headers={"If-Match": mine}).status_code == 200, (path, method, mine)
            both = admin.request(method, path, headers={"If-Match": tag, "If-None-Match": tag})
            assert both.status_code == 304, (path, method)
        problem(admin.get(path, headers={"If-Match": '"zzz"'}), 412, code="precondition_failed")
    problem(admin.get("/api/v1/campaigns/987654321", headers={"If-Match": '"zzz"'}), 404)


def test_a_change_of_what_must_not_be_there(admin, campaign, make_voter, make_user):
    """RFC 9110, section 13.1.2: If-None-Match with * or the current tag, by weak comparison, is 412 and changes nothing."""
    for path, change in resources(admin, campaign, make_voter, make_user):
        before = admin.get(path)
        tag = before.headers["ETag"]
        for known in ("*", tag, f"W/{tag}", f'"x", {tag}'):
            headers = {"If-None-Match": known}
            problem(admin.patch(path, change, headers=headers), 412, code="precondition_failed")
            problem(admin.patch(path, change, headers={"If-Match": tag, **headers}), 412)
            problem(admin.delete(path, headers=headers), 412, code="precondition_failed")
        assert admin.get(path).json() == before.json()
        ok(admin.patch(path, change, headers={"If-None-Match": '"x"'}))
        assert admin.delete(path, headers={"If-None-Match": tag}).status_code == 204


def test_put_heeds_what_must_not_be_there(admin, make_campaign):
    """As PATCH does."""
    path, whole = f"/api/v1/campaigns/{make_campaign()}", {"name": "Anew"}
    problem(admin.put(path, whole, headers={"If-None-Match": "*"}), 412, code="precondition_failed")
    assert admin.get(path).json()["name"] != "Anew"
    ok(admin.put(path, whole, headers={"If-Match": "*"}))


# ---- what is acceptable ----


@pytest.mark.parametrize(
    "accept, status",
    [
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", 200),
        ("text/html, */*;q=0.80000", 200),
        ("application/json;q=high", 200),
        ("text/html", 406),
        ("application/json;q=0.0000", 406),
        ("*/*;q=.0", 406),
    ],
)
def test_weights_of_old_clients(public, accept, status):
    """A weight off the grammar does not shut a client out; nought does, however it is written."""
    assert public.get("/api/services", headers={"Accept": accept}).status_code == status


# ---- problems ----


@pytest.mark.parametrize(
    "target, instance",
    [
        ("/nothing/here", "/nothing/here"),
        ("/a%20b/%C3%A9%22%3C", "/a%20b/%C3%A9%22%3C"),
        ("/a?b=c", "/a"),
        ("//evil.example/path", "/evil.example/path"),
        ("/%2F/evil.example", "/evil.example"),
        ("/%7Ea/b:c", "/~a/b%3Ac"),
    ],
)
def test_the_instance_of_a_problem_is_a_reference(server, target, instance):
    """RFC 9457, section 3.1.5: a URI reference to what was asked for, on this host."""
    answer = raw_exchange(server.port, f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["instance"] == instance, answer


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
