"""Workers that die, stand still, or are killed by their jobs."""

import time

import pytest
import requests

from support.client import ok
from support.forms import contact, mails_about
from support.server import Townhall
from support.uploads import Upload
from support.waiting import wait_until
from support.worker import Worker, locked, without_bottom

LEASE = 15  # seconds, of both kinds of job that are used here


@pytest.fixture
def served(own_database):
    """A server that leaves jobs to others."""
    server = Townhall(own_database, env={"WORKER": "off"})
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def make_worker(served):
    workers = []

    def make(name, env=None):
        workers.append(Worker(served, name, env))
        return workers[-1]

    yield make
    for worker in workers:
        worker.close()


def follow_up(database):
    """(state, attempt, who has it) of the only follow-up job."""
    rows = database.sql("select state, attempt, locked_by from core.jobs where kind = 'submission.follow_up'")
    assert len(rows) == 1
    return rows[0]


def begin_a_follow_up(server, database, worker):
    """Posts a form, and lets the worker begin its follow-up, which then waits for the locked submissions."""
    form = contact()
    ok(server.client().post("/api/contact", form), 201)
    lock = locked(database, "website.submissions")
    lock.__enter__()
    worker.start()
    wait_until(lambda: follow_up(database)[0] == "running", 20, "the job to be claimed")
    assert follow_up(database)[2].startswith(f"{worker.process.pid}-")
    return form, lock


@pytest.mark.promise("P14", "a worker is killed in a follow-up: another runs it again within the lease and 10 s")
def test_a_job_of_a_killed_worker_is_run_again(served, own_database, make_worker):
    """At the second attempt, with one mail to each."""
    first, second = make_worker("first"), make_worker("second")
    form, lock = begin_a_follow_up(served, own_database, first)
    first.kill()
    died = time.monotonic()
    lock.__exit__(None, None, None)
    second.start()
    wait_until(lambda: follow_up(own_database)[0] == "succeeded", LEASE + 20, "the job to be run again")
    assert time.monotonic() - died <= LEASE + 10
    assert follow_up(own_database)[1] == 2
    assert len(mails_about(served, form["email"])) == 2


@pytest.mark.promise("P15", "a worker is stopped past its lease and goes on: its late finish changes 0 rows")
def test_a_late_finish_changes_nothing(served, own_database, make_worker):
    """The row is, to the byte, as the other worker left it; and nobody gets a mail twice."""
    first, second = make_worker("first"), make_worker("second")
    form, lock = begin_a_follow_up(served, own_database, first)
    first.pause()
    lock.__exit__(None, None, None)
    second.start()
    wait_until(lambda: follow_up(own_database)[0] == "succeeded", LEASE + 20, "the job to be run by the other")
    row = "select xmin::text, ctid::text, j::text from core.jobs j where kind = 'submission.follow_up'"
    before, mails = own_database.sql(row), served.mails()
    assert follow_up(own_database)[1] == 2
    first.go_on()
    wait_until(lambda: first.logged("a job ended after its lease was lost"), 20, "the late finish")
    assert own_database.sql(row) == before
    assert served.mails() == mails and len(mails_about(served, form["email"])) == 2
    assert first.stop() == 0


@pytest.mark.promise(
    "P16", "an import kills its worker at every attempt: a dead letter at the last, and the rest go on"
)
def test_a_job_that_kills_its_workers(served, own_database, make_worker):
    """The import's file is a pipe that nobody writes to, and whoever opens it is killed. Leases and pauses are cut short
    in the table, or this would take minutes."""
    client = served.admin()
    campaign = ok(client.post("/api/v1/campaigns", {"name": "Deadly"}), 201)["id"]
    deadly = Upload(client, campaign).send(b"first_name,last_name\nAda,Deadly\n")
    harmless = Upload(client, campaign).send(b"first_name,last_name\nAda,Harmless\n", source="other")
    job = own_database.one("select id from core.jobs where payload->>'id' = %s", deadly.id)
    file = next((served.home / "objects").rglob(deadly.id))
    forms, deaths = [], 0

    def state():
        return own_database.sql("select state, locked_by from core.jobs where id = %s", job)[0]

    with without_bottom(file):
        worker = make_worker("worker").start()
        while state()[0] != "dead":
            assert deaths < 20, "it is tried for ever"
            forms.append(contact())
            ok(served.client().post("/api/contact", forms[-1]), 201)
            own_database.sql("update core.jobs set run_at = now() where id = %s and state = 'ready'", job)
            wait_until(lambda: state()[0] in ("dead", "running"), 30, "the next attempt")
            if state()[0] == "running":
                assert state()[1].startswith(f"{worker.process.pid}-")
                worker.kill()
                deaths += 1
                own_database.sql("update core.jobs set lease_until = now() where state = 'running'")
                worker.start()
            wait_until(lambda: state()[0] != "running", 20, "the rescue")
        dead = own_database.sql("select attempt, max_attempts, last_error from core.jobs where id = %s", job)[0]
        assert dead == (5, 5, "the worker was lost") and deaths == 5
        assert harmless.finished().result["status"] == "completed"

        def done():
            states = own_database.sql("select state, max(attempt) from core.jobs where id <> %s group by 1", job)
            return states if [name for name, _ in states] == ["succeeded"] else None

        assert wait_until(done, 30, "all the other jobs")[0][1] <= 3
    assert all(len(mails_about(served, form["email"])) == 2 for form in forms)
    assert served.process.poll() is None and served.is_ready()
    # Mended, and given another round.
    served.run("jobs", "replay", job)
    wait_until(lambda: state()[0] == "succeeded", 30, "the replayed job")


def test_worker_ends_when_told(served, own_database, make_worker):
    """SIGTERM: it exits with 0, and what it had claimed goes back uncounted."""
    worker = make_worker("worker").start()
    own_database.sql("insert into core.jobs (kind) select 'system.probe' from generate_series(1, 20000)")
    wait_until(
        lambda: own_database.one("select count(*) from core.jobs where state = 'succeeded'") > 0, 20, "the first probes"
    )
    assert worker.stop() == 0
    assert own_database.one("select count(*) from core.jobs where state = 'running'") == 0
    worker.start()

    def left():
        return own_database.one("select count(*) from core.jobs where kind = 'system.probe' and state <> 'succeeded'")

    wait_until(lambda: left() == 0, 60, "all probes")
    assert own_database.one("select max(attempt - max_attempts) from core.jobs where kind = 'system.probe'") <= -2


def test_worker_tells_operators(served, make_worker):
    """On ADMIN_LISTEN: health, readiness and metrics, without a token; nothing else."""
    worker = make_worker("told", env={"ADMIN_LISTEN": "127.0.0.1:0"}).start()
    url = f"http://127.0.0.1:{worker.logged('listening for operators')[0]['port']}"
    for path in ("/healthz", "/readyz"):
        assert requests.get(url + path, timeout=10).status_code == 200
    served.run("jobs", "probe", "--count", 3, "--wait", 20)
    metrics = requests.get(url + "/metrics", timeout=10).text
    assert 'townhall_jobs_total{kind="system.probe",outcome="succeeded"} 3' in metrics
    assert requests.get(url + "/api/v1/jobs", timeout=10).status_code == 404
    assert worker.stop() == 0


def test_worker_beside_the_embedded_database(embedded):
    """`townhall worker` finds the database of the server on the same home."""
    worker = Worker(embedded)
    try:
        worker.start()
        assert "100 done" in embedded.run("jobs", "probe", "--count", 100, "--wait", 20).stdout
        assert worker.stop() == 0
    finally:
        worker.close()
    assert embedded.is_ready()
