"""Every connection for transactions is taken: who needs one is told so in time, and the rest goes on."""

import time

import pytest

from support.client import ok
from support.load import Load
from support.metrics import admin_url, scrape
from support.server import Townhall
from support.waiting import wait_until

WAIT = 0.8  # seconds that a request may wait for a connection, as configured
LATE = 0.5  # what the machine may add


@pytest.fixture
def small(own_database):
    """A server with two connections for transactions in all."""
    server = Townhall(
        own_database,
        {
            "THREADS": "1",
            "DATABASE_POOL_SIZE": "2",
            "DATABASE_POOL_WAIT_MS": str(int(WAIT * 1000)),
            "ADMIN_LISTEN": "127.0.0.1:0",
        },
    )
    try:
        yield server.start()
    finally:
        server.close()


@pytest.mark.promise(
    "P23",
    "both pooled connections hang on a row that somebody locked: other changes get 503 with Retry-After within the"
    " configured wait, health and reads answer, and all is well after",
)
def test_pool_exhausted(small, own_database):
    """Changes of a voter take a transaction; two of them wait for the lock, the others for their connections."""
    admin = small.admin()
    bearer = {"Authorization": f"Bearer {admin.token}"}
    campaign = ok(admin.post("/api/v1/campaigns", {"name": "Crowded"}), 201)["id"]
    locked, free = (
        ok(admin.post(f"/api/v1/voters?campaign_id={campaign}", {"last_name": name}), 201)["id"]
        for name in ("Locked", "Free")
    )

    def change(voter):
        path = f"/api/v1/voters/{voter}?campaign_id={campaign}"
        return lambda client: client.patch(path, {"city": "Durham"}, headers=bearer, timeout=20)

    def figure(name):
        return scrape(admin_url(small) + "/metrics").value(name, users="requests")

    assert change(free)(admin).status_code == 200
    with own_database.session() as session:
        session.execute("begin")
        session.execute("select 1 from campaign.voters where id = %s for update", (locked,))
        with Load(small, change(locked), threads=2), Load(small, change(free), threads=6) as others:
            wait_until(lambda: sum(one.status == 503 for one in others.answers) >= 20, 30, "twenty 503s")
            client = small.client()
            for path in ("/healthz", "/readyz", f"/api/v1/voters/{free}?campaign_id={campaign}") * 10:
                began = time.monotonic()
                assert client.get(path, headers=bearer).status_code == 200, path
                assert time.monotonic() - began < LATE, path
            assert figure("townhall_db_pool_in_use") == figure("townhall_db_pool_limit") == 2
            session.execute("rollback")
    refused = [one for one in others.answers if one.status == 503]
    assert {one.status for one in others.answers} <= {200, 503}
    assert all(int(one.retry_after or 0) >= 1 for one in refused)
    assert max(one.seconds for one in refused) <= WAIT + LATE
    assert min(one.seconds for one in refused) >= WAIT - 0.1, "refused before its time"
    assert figure("townhall_db_pool_refused_total") >= len(refused)
    for voter in (locked, free):
        assert change(voter)(admin).status_code == 200
