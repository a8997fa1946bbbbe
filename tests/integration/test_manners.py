"""The manners of HTTP: tags and conditions, links between pages, traces."""

import re

import pytest

from support.client import ok, problem
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
