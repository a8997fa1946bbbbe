"""Whose a source is: an import with another campaign's would show its people."""

import secrets

import pytest

from support.client import ok, problem
from support.uploads import Upload, count, counts
from support.voterfiles import as_csv, generated

PEOPLE = as_csv(
    [["external_id", "last_name", "phone"], ["1", "Private", "9195550101"], ["2", "Too", "9195550102"]]
).encode()
GUESS = b"external_id\n1\n2\n"


@pytest.fixture
def name():
    """A source that nobody has."""
    return f"list-{secrets.token_hex(4)}"


@pytest.fixture
def manager(make_campaign, make_user):
    """manager() → the id of a new campaign, and an Upload by its manager."""

    def make():
        campaign = make_campaign()
        return campaign, Upload(make_user("manager", campaign), campaign)

    return make


def held(admin, campaign):
    return ok(admin.get(f"/api/v1/voters?campaign_id={campaign}"))["total"]


def test_a_guessed_source_opens_nobody(manager, admin, name):
    """409 for another campaign, whether it would change people or only link them; its owner goes on."""
    (one, owner), (two, other) = manager(), manager()
    assert counts(owner.send(PEOPLE, source=name).finished().result) == count(2, created=2)
    for options in ({"on_match": "skip"}, {}, {"dry_run": "true"}):
        refused = problem(other.attempt(GUESS, source=name, **options), 409)
        assert refused["type"].endswith("source_taken"), refused
    assert (held(admin, one), held(admin, two)) == (2, 0)
    assert counts(owner.send(PEOPLE, source=name).finished().result) == count(2, unchanged=2)


def test_a_race_has_one_owner(manager, admin, name):
    """Of two that were accepted before either began, one has the source, and the other fails and says why."""
    (_, busy), (one, first), (two, second) = manager(), manager(), manager()
    busy.send(generated(100_000))  # imports run one after the other: those behind it are taken before either begins
    first.send(PEOPLE, source=name)
    second.send(GUESS, source=name)
    ends = {one: first.finished().result, two: second.finished().result}
    assert sorted(end["status"] for end in ends.values()) == ["completed", "failed"]
    loser = next(campaign for campaign, end in ends.items() if end["status"] == "failed")
    assert "source" in ends[loser]["failure"] and held(admin, loser) == 0


def test_a_dry_run_takes_no_source(manager, name):
    """Who only looked leaves the name to whoever imports."""
    (_, looking), (_, owner) = manager(), manager()
    looking.send(PEOPLE, source=name, dry_run="true").finished()
    assert owner.send(PEOPLE, source=name).finished().result["status"] == "completed"


def test_an_admin_uses_any_source_and_takes_none(manager, admin, name):
    """An admin shares a source between campaigns; the other campaign's manager is refused as before."""
    (_, owner), (two, other) = manager(), manager()
    owner.send(PEOPLE, source=name).finished()
    shared = Upload(admin, two).send(GUESS, source=name, on_match="skip").finished().result
    assert counts(shared) == count(2, created=2)
    problem(other.attempt(GUESS, source=name), 409)
    assert owner.send(PEOPLE, source=name).finished().result["status"] == "completed"


def test_the_command_line_uses_any_source(manager, server, admin, name, tmp_path):
    """The operator owns the whole database."""
    (_, owner), (two, other) = manager(), manager()
    owner.send(PEOPLE, source=name).finished()
    file = tmp_path / "guess.csv"
    file.write_bytes(GUESS)
    server.run("import", str(file), "--campaign", str(two), "--source", name, "--skip-known")
    assert held(admin, two) == 2
    problem(other.attempt(GUESS, source=name), 409)


def test_a_freed_name_opens_nobody(manager, database, name):
    """Once its owner is erased, a source is nobody's: the people that it knew are still there."""
    (one, owner), (_, other) = manager(), manager()
    owner.send(PEOPLE, source=name).finished()
    database.sql("delete from campaign.campaigns where id = %s", one)
    problem(other.attempt(GUESS, source=name), 409)


def test_every_fault_of_the_options(manager):
    """A bad mapping and a reserved source are told at once."""
    _, upload = manager()
    problem(upload.attempt(GUESS, source="us-oh", mapping="["), 422, parameters=["mapping", "source"])
