"""The database restarts, or its answer is lost on the way."""

import itertools
import secrets
from types import SimpleNamespace

import pytest

from support.chaosproxy import ChaosProxy
from support.client import new_key, ok
from support.forms import audit, contact, contact_poster, count_with_email
from support.load import Load
from support.postgres import OWNER
from support.server import Townhall
from support.waiting import wait_until


@pytest.mark.promise(
    "P3", "three restarts under reads and writes: 200, 201 and 503 with Retry-After only, nothing over 5 s"
)
def test_database_restarts_under_load(own_cluster):
    """No 500, no hanging, no broken connection; and all is well again after."""
    database = own_cluster.new_database()
    server = Townhall(database)
    try:
        server.start().create_admin()
        admin = server.admin()
        campaign = ok(admin.post("/api/v1/campaigns", {"name": "Restart"}), 201)["id"]
        voter = ok(admin.post(f"/api/v1/voters?campaign_id={campaign}", {"last_name": "Steady"}), 201)["id"]
        turns = itertools.cycle(
            (
                lambda client: client.post("/api/contact", contact(), key=new_key(), timeout=20),
                lambda client: client.get(
                    f"/api/v1/voters/{voter}", headers={"Authorization": f"Bearer {admin.token}"}, timeout=20
                ),
                lambda client: client.get(
                    f"/api/v1/voters?campaign_id={campaign}&q=Steady",
                    timeout=20,
                    headers={"Authorization": f"Bearer {admin.token}"},
                ),
            )
        )
        with Load(server, lambda client: next(turns)(client)) as load:
            for _ in range(3):
                down = len(load.answers)
                own_cluster.stop()
                wait_until(lambda: any(one.status == 503 for one in load.answers[down:]), 10, "a 503")
                own_cluster.start()
                wait_until(server.is_ready, 5, "200 of /readyz after the restart")
                up = len(load.answers)
                wait_until(
                    lambda: sum(one.status in (200, 201) for one in load.answers[up:]) >= 20, 10, "good answers again"
                )
        odd = [one for one in load.answers if one.status not in (200, 201, 503)]
        assert not odd, f"{len(odd)} of {len(load.answers)}: {odd[:5]}"
        assert all(int(one.retry_after or 0) >= 1 for one in load.answers if one.status == 503)
        assert max(one.seconds for one in load.answers) <= 5
        assert set(audit(database).values()) == {0}, audit(database)
    finally:
        server.close()


@pytest.fixture
def behind_proxy(cluster, own_database):
    """A server that reaches its database through the chaos proxy: (server, proxy)."""
    proxy = ChaosProxy(cluster.folder / ".s.PGSQL.5432")
    url = f"postgresql://{OWNER}@127.0.0.1:{proxy.port}/{own_database.name}?sslmode=disable"
    server = Townhall(SimpleNamespace(url=url))
    try:
        yield server.start(), proxy
    finally:
        server.close()
        proxy.close()


def post_until_known(client, path, body, key):
    """Posts, and again with the same key, until it is acknowledged; every other answer must be 409 or 503."""

    def once():
        response = client.post(path, body, key=key)
        assert response.status_code in (201, 409, 503), f"{response.status_code}: {response.text}"
        return response if response.status_code == 201 else None

    return wait_until(once, 20, "the acknowledgement")


@pytest.mark.promise(
    "P4", "the answer to a form's commit is swallowed: the retry with its key leaves one submission and one job"
)
def test_lost_commit_answer_of_a_form(behind_proxy, own_database):
    """Exactly one row, five times over."""
    server, proxy = behind_proxy
    client = server.client()
    for _ in range(5):
        form, key = contact(), new_key()
        proxy.arm(form["email"].encode())
        made = post_until_known(client, "/api/contact", form, key).json()
        assert proxy.fired.is_set(), "the fault did not happen"
        assert own_database.sql(
            "select id::text from website.submissions where data->>'email' = %s", form["email"]
        ) == [(made["id"],)]
    assert set(audit(own_database).values()) == {0}, audit(own_database)


@pytest.mark.promise("P4", "the same for a voter made by hand")
def test_lost_commit_answer_of_a_voter(behind_proxy, own_database):
    """Exactly one voter."""
    server, proxy = behind_proxy
    admin = server.admin()
    campaign = ok(admin.post("/api/v1/campaigns", {"name": "Lost answers"}), 201)["id"]
    name, key = f"Once{secrets.token_hex(6)}", new_key()
    proxy.arm(name.encode())
    made = post_until_known(admin, f"/api/v1/voters?campaign_id={campaign}", {"last_name": name}, key).json()
    assert proxy.fired.is_set(), "the fault did not happen"
    assert own_database.sql("select id from campaign.voters where last_name = %s", name) == [(made["id"],)]


@pytest.mark.promise(
    "P4", "strangers whose statements shared the lost batch are served or told 503, never wrongly acknowledged"
)
def test_lost_commit_answer_under_load(behind_proxy, own_database):
    """Others post all the while: what they were told is what is there."""
    server, proxy = behind_proxy
    told = []

    with Load(server, contact_poster(told)) as load:
        for _ in range(5):
            form, key = contact(), new_key()
            proxy.arm(form["email"].encode())
            post_until_known(server.client(), "/api/contact", form, key)
            assert proxy.fired.is_set(), "the fault did not happen"
    assert {one.status for one in load.answers} <= {201, 503}, {one.status: one.error for one in load.answers}
    kept = {address for (address,) in own_database.sql("select data->>'email' from website.submissions")}
    assert told and set(told) <= kept
    assert count_with_email(own_database, form["email"]) == 1
