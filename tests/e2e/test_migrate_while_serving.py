"""The schema changes under a running server: a next version runs its migrations while this one serves."""

import itertools
import secrets

import pytest

from support.client import ok
from support.forms import audit, contact_poster
from support.load import Load
from support.server import ROOT, Townhall, program
from support.waiting import wait_until

COUNT = len(list((ROOT / "tests/next_version").glob("*.up.sql")))


@pytest.fixture
def next_version(own_database):
    """A program that knows more migrations than the one that serves."""
    townhall = Townhall(own_database, executable=program().parent / "townhall_next")
    yield townhall
    townhall.close()


@pytest.mark.promise(
    "P31",
    "a next version's migrations add, drop and retype columns and build indexes while this version serves, and are undone,"
    " three times over: not one request fails",
)
def test_migration_while_serving(own_server, own_database, next_version):
    """Statements that were prepared before go on, prepared anew where they must be; nothing is lost."""
    admin = own_server.admin()
    bearer = {"Authorization": f"Bearer {admin.token}"}
    campaign = ok(admin.post("/api/v1/campaigns", {"name": "Moving"}), 201)["id"]
    voter = ok(admin.post(f"/api/v1/voters?campaign_id={campaign}", {"last_name": "Steady", "city": "Cary"}), 201)["id"]
    one = f"/api/v1/voters/{voter}?campaign_id={campaign}"
    kept = []

    turns = itertools.cycle(
        (
            lambda client: client.get(one, headers=bearer),
            lambda client: client.get("/api/v1/campaigns", headers=bearer),
            lambda client: client.get(f"/api/v1/voters?campaign_id={campaign}&q=Steady", headers=bearer),
            lambda client: client.patch(one, {"city": "Durham"}, headers=bearer),  # a transaction
            lambda client: client.post(
                f"/api/v1/voters?campaign_id={campaign}", {"last_name": f"New{secrets.token_hex(6)}"}, headers=bearer
            ),
            contact_poster(kept),
        )
    )
    with Load(own_server, lambda client: next(turns)(client), threads=6) as load:
        for _ in range(3):
            for change in ("upgrade", *["downgrade"] * COUNT):
                seen = len(load.answers)
                next_version.run("db", change)
                wait_until(lambda seen=seen: len(load.answers) >= seen + 30, 20, "thirty answers after it")
        next_version.start()
        seen = len(load.answers)
        wait_until(lambda: len(load.answers) >= seen + 100, 20, "a hundred answers beside the next version")
    failed = [answer for answer in load.answers if answer.status not in (200, 201)]
    assert not failed, f"{len(failed)} of {len(load.answers)}: {failed[:5]}"
    assert max(answer.seconds for answer in load.answers) < 5
    there = {email for (email,) in own_database.sql("select data->>'email' from website.submissions")}
    assert set(kept) <= there
    assert set(audit(own_database).values()) == {0}, audit(own_database)
    worse = [entry for entry in own_server.log_entries() if entry["level"] in ("error", "critical")]
    assert not worse, worse[:3]
