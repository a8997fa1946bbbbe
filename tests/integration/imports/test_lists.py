"""Imports as a list that is paged and synchronised, and conditions on canceling one."""

from datetime import datetime, timedelta, timezone

import pytest

from support.client import ok, problem
from support.uploads import Upload
from support.voterfiles import generated
from support.waiting import wait_until

IMPORTS = "/api/v1/voters/imports"


@pytest.fixture
def manager(make_user, target):
    """Whose only campaign it is."""
    return make_user("manager", target)


@pytest.fixture
def waiting(admin, database, make_campaign):
    """waiting(client, campaign) → an import that stays queued while the test runs: another one holds it up."""
    with database.session() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table campaign.voters in access exclusive mode")
        busy = Upload(admin, make_campaign()).send(generated(5))
        stuck = "select count(*) from pg_locks where not granted and relation = 'campaign.voters'::regclass"
        wait_until(lambda: database.one(stuck), 20, "the import that holds up others")
        yield lambda client, campaign: Upload(client, campaign).send(generated(5))
        cursor.execute("commit")
    busy.finished()


def ids(listed):
    return [item["id"] for item in listed["items"]]


def test_a_list_goes_on_behind_its_cursor(admin, manager, target, make_campaign):
    """Newest first, every import of the campaign once; page and cursor together, and forged cursors, are refused."""
    Upload(admin, make_campaign()).send(generated(1))
    made = [Upload(manager, target).send(generated(1)).id for _ in range(5)]
    for client, query in ((manager, {}), (admin, {"campaign_id": target})):
        seen, after, listed = [], {}, None
        while listed is None or listed["next"]:
            listed = ok(client.get(IMPORTS, params={"per_page": 2, **query, **after}))
            assert listed["total"] == 5
            seen += ids(listed)
            after = {"after": listed["next"]}
        assert seen == made[::-1]
        first = ok(client.get(IMPORTS, params={"per_page": 2, **query}))
        assert ids(ok(client.get(IMPORTS, params={"per_page": 2, "page": 3, **query}))) == made[:1]
        both = {"page": 1, "after": first["next"], **query}
        problem(client.get(IMPORTS, params=both), 422, parameters=["after"])
        problem(client.get(IMPORTS, params={"after": "x" + first["next"], **query}), 422, parameters=["after"])


def test_the_list_tells_what_is_new(manager, target):
    """Since `as_of` of an earlier list; nothing is told twice."""

    def listed(**query):
        return ok(manager.get(IMPORTS, params=query))

    Upload(manager, target).send(generated(1)).finished()

    def quiet():  # once no transaction is as old as the last change
        as_of = listed()["as_of"]
        return as_of if not listed(updated_since=as_of)["items"] else None

    since = wait_until(quiet, 20, "a quiet list")
    new = Upload(manager, target).send(generated(1)).id
    told = listed(updated_since=since)
    assert ids(told) == [new] and told["total"] == 1 and told["as_of"] >= since


def test_the_list_tells_what_went_on(manager, target, waiting, database):
    """An import of long ago that was canceled now, and not the one that still waits."""
    stays, changes = (waiting(manager, target).id for _ in range(2))
    database.sql(
        "update campaign.imports set created_at = now() - interval '1 hour', updated_at = now() - interval '1 hour'"
        " where id in (%s, %s)",
        stays,
        changes,
    )
    since = (datetime.now(timezone.utc) - timedelta(minutes=30)).isoformat()
    assert ids(ok(manager.get(IMPORTS, params={"updated_since": since}))) == []
    assert manager.delete(f"{IMPORTS}/{changes}").status_code == 202
    assert ids(ok(manager.get(IMPORTS, params={"updated_since": since}))) == [changes]


def test_canceling_honours_if_match(manager, target, waiting):
    """412 for another version, and the import is to go on; 202 for the one there is, which is another one then."""
    upload = waiting(manager, target)
    tag = manager.get(upload.path).headers["ETag"]
    problem(manager.delete(upload.path, headers={"If-Match": '"another"'}), 412)
    assert manager.get(upload.path).headers["ETag"] == tag
    assert manager.delete(upload.path, headers={"If-Match": tag}).status_code == 202
    assert manager.delete(upload.path, headers={"If-Match": "*"}).status_code == 202


def test_canceling_what_is_another_campaigns(admin, manager, make_campaign):
    """404, whatever its version."""
    upload = Upload(admin, make_campaign()).send(generated(1)).finished()
    problem(manager.delete(upload.path), 404)
    problem(manager.delete(upload.path, headers={"If-Match": '"another"'}), 404)
    problem(admin.delete(upload.path), 409)
