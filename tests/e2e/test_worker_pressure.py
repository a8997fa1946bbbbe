"""The queue beside a transaction that is held open, which keeps every dead row of it in place."""

import re
import time
from statistics import median

import pytest

from support.client import ok
from support.server import Townhall
from support.waiting import wait_until
from support.worker import Worker, held_open

TOKEN = "a-token-for-this-test-alone"


def drained(database, count):
    """Jobs a second, from the first that was done to the last, of so many that are enqueued at once."""
    before = database.one("select coalesce(max(id), 0) from core.jobs")
    database.sql("insert into core.jobs (kind) select 'system.probe' from generate_series(1, %s)", count)
    where = "from core.jobs where kind = 'system.probe' and state = 'succeeded' and id > %s"
    wait_until(lambda: database.one(f"select count(*) {where}", before) == count, 120, f"{count} probes", every=0.2)
    return count / float(
        database.one(f"select extract(epoch from max(finished_at) - min(finished_at)) {where}", before)
    )


@pytest.fixture
def working(cluster, template):
    """working() → (database, server) with a worker on it, each time others."""
    made = []

    def make():
        database = cluster.new_database(template)
        server = Townhall(database, env={"WORKER": "off", "METRICS_TOKEN": TOKEN})
        worker = Worker(server)
        made.append((worker, server, database))
        server.start()
        worker.start()
        return database, server

    yield make
    for worker, server, database in made:
        worker.close()
        server.close()
        database.drop()


def metric(server, name):
    text = server.client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else None


@pytest.mark.promise(
    "P17",
    "beside a transaction held open, after as many jobs as 28 a second make in an hour: half the speed or more, in turn"
    " with an undisturbed queue; the metrics show the transaction's age and the dead rows",
)
def test_a_transaction_held_open(working, full, capsys):
    """Dead rows and index entries of 100,000 jobs can't be cleared away: claims must not walk over them."""
    (undisturbed, _), (disturbed, server) = working(), working()
    with held_open(disturbed):
        began = time.monotonic()
        before = 100_000 * (5 if full else 1)
        drained(disturbed, before)
        drained(undisturbed, 20_000)
        rates = {undisturbed: [], disturbed: []}
        for _ in range(3):
            for database, told in rates.items():
                told.append(drained(database, 20_000))
        ratio = median(rates[disturbed]) / median(rates[undisturbed])
        with capsys.disabled():
            print(f"\nP17: {ratio:.2f} × ({median(rates[disturbed]):.0f} of {median(rates[undisturbed]):.0f} jobs/s)")
        assert ratio >= 0.5, rates
        wait_until(lambda: metric(server, "townhall_jobs_dead_rows") >= before, 40, "the dead rows in the metrics")
        held = time.monotonic() - began
        assert held - 40 < metric(server, "townhall_db_oldest_transaction_seconds") < held + 5
        ok(server.client().get("/readyz"))
