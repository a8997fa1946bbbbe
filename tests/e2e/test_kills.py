"""SIGKILL at random moments, and a client that wrote down what it was told."""

import random

import pytest

from support.forms import audit
from support.ledger import Ledger
from support.load import Posters, compare
from support.server import Townhall
from support.waiting import pause, wait_until

SEED = 20260101


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    yield ledger
    ledger.close()


@pytest.fixture
def embedded_alone():
    """An embedded server for one test."""
    server = Townhall()
    try:
        yield server.start(ready=120)
    finally:
        server.close()


def settled(ledger, database):
    """Nothing acknowledged is lost, nothing is there twice, and every submission has its job."""
    lost, doubled = compare(ledger, database)
    assert not lost, f"{len(lost)} acknowledged and lost: {lost[:5]}"
    assert not doubled, f"{len(doubled)} twice: {doubled[:5]}"
    assert set(audit(database).values()) == {0}, audit(database)


def report(capsys, text):
    with capsys.disabled():
        print(f"\n{text}")


@pytest.mark.promise("P1", "the server is killed 5 times (50 in the long run) under form posts: 0 lost, 0 doubled")
@pytest.mark.promise("P7", "after those kills every submission has its job, and every job its submission")
def test_server_killed_while_forms_are_posted(embedded_alone, ledger, full, capsys):
    """The ledger agrees with the database after each kill has been survived."""
    server, dice = embedded_alone, random.Random(SEED)
    kills, least = (50, 10_000) if full else (5, 500)
    with Posters(server, ledger) as posters:
        for kill in range(kills):
            goal = posters.posted + least // kills
            wait_until(lambda: posters.check() and posters.posted >= goal, 120, f"{goal} posts")
            pause(dice.uniform(0, 0.5))  # a random moment
            server.kill()
            server.start(ready=60)
    settled(ledger, server.audit())
    assert posters.posted >= least
    report(
        capsys, f"P1: {kills} kills, {posters.posted} acknowledged, {posters.retries} retries by key, 0 lost, 0 doubled"
    )


@pytest.mark.promise(
    "P2", "every process of the embedded PostgreSQL is killed under form posts: 0 lost, and it comes back by itself"
)
def test_embedded_postgres_killed_while_forms_are_posted(embedded_alone, ledger, full, capsys):
    """The server stays up, starts its database again, and the ledger agrees."""
    server, dice = embedded_alone, random.Random(SEED + 1)
    kills = 50 if full else 3
    pid = server.process.pid
    with Posters(server, ledger) as posters:
        for _ in range(kills):
            goal = posters.posted + 50
            wait_until(lambda: posters.check() and posters.posted >= goal, 60, f"{goal} posts")
            pause(dice.uniform(0, 0.3))
            server.kill_postgres()
            wait_until(server.is_ready, 15, "the embedded database to be back")
    assert server.process.pid == pid and server.process.poll() is None
    settled(ledger, server.audit())
    report(
        capsys,
        f"P2: {kills} kills of PostgreSQL, {posters.posted} acknowledged, {posters.retries} retries, 0 lost, 0 doubled",
    )


@pytest.mark.promise("P2", "an outside PostgreSQL is killed and started again: ready within 5 s of it, 0 lost")
def test_outside_postgres_killed_while_forms_are_posted(own_cluster, ledger, full):
    """Ready soon after the database answers; the ledger agrees."""
    database = own_cluster.new_database()
    server = Townhall(database)
    try:
        server.start()
        with Posters(server, ledger) as posters:
            for _ in range(20 if full else 3):
                goal = posters.posted + 50
                wait_until(lambda: posters.check() and posters.posted >= goal, 60, f"{goal} posts")
                own_cluster.kill()
                wait_until(lambda: not server.is_ready(), 5, "503 of /readyz")
                own_cluster.start()
                wait_until(server.is_ready, 5, "200 of /readyz after the database is back")
        settled(ledger, database)
    finally:
        server.close()


@pytest.mark.promise("P1", "an acknowledged form is on disk: fsync, full_page_writes and synchronous_commit are on")
def test_durable_settings(embedded):
    """SIGKILL does not show a missing fsync, so the settings are looked at."""
    audit_connection = embedded.audit()
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        assert audit_connection.one(f"show {name}") == "on", name
    overrides = audit_connection.sql("select setconfig::text from pg_db_role_setting")
    assert not [text for (text,) in overrides if "synchronous_commit" in text or "fsync" in text]
