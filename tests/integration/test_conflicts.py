"""Changes of one thing at the same moment: If-Match lets one of them through, and nothing is lost."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from support.client import ok, problem
from support.waiting import wait_until

VOTERS, CAMPAIGNS = "/api/v1/voters", "/api/v1/campaigns"


@contextmanager
def row_held(database, table, row_id):
    """Somebody else's transaction that holds the row; gives a function that waits until so many others wait for it."""
    with database.session() as cursor:
        cursor.execute("begin")
        cursor.execute(f"select id from {table} where id = %s for update", (row_id,))
        waiting = "select count(*) from pg_stat_activity where datname = %s and wait_event_type = 'Lock'"
        yield lambda count: wait_until(
            lambda: database.one(waiting, database.name) >= count, 20, f"{count} waiting for the row"
        )
        cursor.execute("commit")


def at_once(server, token, database, table, row_id, requests):
    """The answers to these requests, which are all under way before the first of them can be carried out."""
    with ThreadPoolExecutor(len(requests)) as pool:
        with row_held(database, table, row_id) as until_waiting:
            sent = []
            for method, path, tag, body in requests:
                client = server.client()
                client.token = token
                more = {} if body is None else {"json_body": body}
                sent.append(pool.submit(client.request, method, path, headers={"If-Match": tag}, **more))
            until_waiting(len(requests))
        return [answer.result() for answer in sent]


def found(admin, campaign, name):
    return [item["id"] for item in ok(admin.get(f"{VOTERS}?campaign_id={campaign}", params={"q": name}))["items"]]


def test_of_two_changes_of_a_voter_one_wins(server, admin, campaign, make_voter, database):
    """One 200 and one 412; the voter is found by the name that it has then."""
    tail = secrets.token_hex(4)
    voter = make_voter(first_name="Bob", last_name=f"Ray{tail}")
    path = f"{VOTERS}/{voter['id']}?campaign_id={campaign}"
    tag = admin.get(path).headers["ETag"]
    requests = [("PATCH", path, tag, {"first_name": "Ann"}), ("PATCH", path, tag, {"last_name": f"Lee{tail}"})]
    answers = at_once(server, admin.token, database, "campaign.voters", voter["id"], requests)
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    now = ok(admin.get(path))
    assert (now["first_name"], now["last_name"]) in [("Ann", f"Ray{tail}"), ("Bob", f"Lee{tail}")]
    assert voter["id"] in found(admin, campaign, f"{now['first_name']} {now['last_name']}")


def test_two_changes_without_if_match_both_count(server, admin, campaign, make_voter, database):
    """Each sees the other's name, so the voter is found by both together."""
    voter = make_voter(first_name="Bob", last_name=f"Ray{secrets.token_hex(4)}")
    path, last = f"{VOTERS}/{voter['id']}?campaign_id={campaign}", f"Lee{secrets.token_hex(4)}"
    requests = [("PATCH", path, "*", {"first_name": "Ann"}), ("PATCH", path, "*", {"last_name": last})]
    for answer in at_once(server, admin.token, database, "campaign.voters", voter["id"], requests):
        ok(answer)
    folded = "select first_folded, last_folded from campaign.campaign_voters where voter_id = %s"
    assert database.sql(folded, voter["id"]) == [("ann", last.lower())]


@pytest.mark.parametrize("scope", ["campaign", "everywhere"])
def test_a_delete_meets_a_change_of_the_voter(server, admin, campaign, make_voter, database, scope):
    """Both hold the tag of the same version: only one is carried out."""
    voter = make_voter()
    query = f"?campaign_id={campaign}" if scope == "campaign" else ""
    path = f"{VOTERS}/{voter['id']}{query}"
    tag = admin.get(path).headers["ETag"]
    requests = [("PATCH", path, tag, {"city": "Cary"}), ("DELETE", path, tag, None)]
    changed, deleted = at_once(server, admin.token, database, "campaign.voters", voter["id"], requests)
    assert (changed.status_code, deleted.status_code) in [(200, 412), (404, 204)]


def test_of_two_changes_of_a_campaign_one_wins(server, admin, make_campaign, database):
    """One 200 and one 412; a DELETE with the same tag is refused likewise."""
    path = f"{CAMPAIGNS}/{make_campaign()}"
    row_id, tag = int(path.rsplit("/", 1)[1]), admin.get(path).headers["ETag"]
    requests = [("PATCH", path, tag, {"office": "Mayor"}), ("PATCH", path, tag, {"office": "Sheriff"})]
    answers = at_once(server, admin.token, database, "campaign.campaigns", row_id, requests)
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    tag = admin.get(path).headers["ETag"]
    requests = [("PATCH", path, tag, {"office": "Judge"}), ("DELETE", path, tag, None)]
    changed, deleted = at_once(server, admin.token, database, "campaign.campaigns", row_id, requests)
    assert (changed.status_code, deleted.status_code) in [(200, 412), (404, 204)]
    if changed.status_code == 200:
        problem(deleted, 412)
