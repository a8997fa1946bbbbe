"""The queue as operators see it: lists, dead letters, probes, schedules, purges."""

import secrets

import pytest

from support.client import ok, problem
from support.forms import contact
from support.waiting import wait_until

JOB = {
    "id", "kind", "subject", "state", "attempt", "max_attempts", "lost", "locked_by", "last_error", "created_at",
    "run_at", "finished_at", "payload",
}  # fmt: skip


@pytest.fixture
def make_dead(database):
    """make_dead() → the id of a new dead letter."""

    def make(kind="system.probe", payload="{}", subject=None, unique_key=None):
        return database.one(
            "insert into core.jobs (kind, payload, subject, unique_key, state, attempt, max_attempts, last_error,"
            " finished_at) values (%s, %s, %s, %s, 'dead', 3, 3, 'it would not', now()) returning id",
            kind,
            payload,
            subject,
            unique_key,
        )

    return make


def state_of(database, job):
    rows = database.sql("select state from core.jobs where id = %s", job)
    return rows[0][0] if rows else None


def test_dead_letters_are_listed(admin, make_dead):
    """Newest first, without what their payloads say; page by page."""
    ids = [make_dead(payload='{"email": "someone@example.org"}') for _ in range(3)]
    page = ok(admin.get("/api/v1/jobs?state=dead&kind=system.probe&per_page=2"))
    assert [item["id"] for item in page["items"]] == [ids[2], ids[1]]
    assert all(set(item) == JOB and item["payload"] is None for item in page["items"])
    assert "someone@example.org" not in str(page)
    following = admin.get(f"/api/v1/jobs?kind=system.probe&per_page=2&after={page['next']}")
    assert ok(following)["items"][0]["id"] == ids[0]
    assert 'rel="next"' in admin.get("/api/v1/jobs?per_page=1").headers["Link"]


def test_one_job_is_read_with_its_payload(admin, make_dead):
    """An admin sees what it is about."""
    dead = make_dead(payload='{"id": "x"}')
    job = ok(admin.get(f"/api/v1/jobs/{dead}"))
    assert (job["state"], job["attempt"], job["last_error"]) == ("dead", 3, "it would not")
    assert job["payload"] == {"id": "x"}


def test_a_dead_letter_is_replayed(admin, database, make_dead):
    """It gets another round, and is worked on."""
    job = make_dead()
    assert ok(admin.post(f"/api/v1/jobs/{job}/replay"))["state"] == "ready"
    wait_until(lambda: state_of(database, job) == "succeeded", 20, "the replayed job")
    assert database.one("select attempt from core.jobs where id = %s", job) == 4


def test_a_dead_letter_is_discarded(admin, database, make_dead):
    """It is gone."""
    job = make_dead()
    assert admin.delete(f"/api/v1/jobs/{job}").status_code == 204
    assert state_of(database, job) is None
    problem(admin.delete(f"/api/v1/jobs/{job}"), 404)


def test_a_dead_letter_that_changed_is_not_discarded(admin, make_dead):
    """412 where If-Match names another state of it."""
    path = f"/api/v1/jobs/{make_dead()}"
    tag = admin.get(path).headers["ETag"]
    problem(admin.delete(path, headers={"If-Match": '"other"'}), 412, code="precondition_failed")
    assert admin.delete(path, headers={"If-Match": tag}).status_code == 204


def test_who_replays_and_discards_is_kept(admin, make_dead):
    """In the audit log."""
    for action, act in (
        ("job.replayed", lambda job: admin.post(f"/api/v1/jobs/{job}/replay")),
        ("job.discarded", lambda job: admin.delete(f"/api/v1/jobs/{job}")),
    ):
        job = make_dead()
        assert act(job).status_code in (200, 204)
        (entry,) = ok(admin.get(f"/api/v1/audit?subject=job:{job}"))["items"]
        assert (entry["action"], entry["actor_id"]) == (action, admin.user["id"])
        assert entry["details"] == {"kind": "system.probe"}


def test_only_dead_letters_are_replayed_and_discarded(admin, database):
    """409 for a job in any other state; 404 for none."""
    job = database.one(
        "insert into core.jobs (kind, run_at) values ('nobody.does', now() + interval '1 year') returning id"
    )
    problem(admin.post(f"/api/v1/jobs/{job}/replay"), 409, code="job_not_dead")
    problem(admin.delete(f"/api/v1/jobs/{job}"), 409, code="job_not_dead")
    for id_of_none in (9_000_000_000, 2**62):
        problem(admin.post(f"/api/v1/jobs/{id_of_none}/replay"), 404)
    problem(admin.get("/api/v1/jobs/x"), 400)
    database.sql("delete from core.jobs where id = %s", job)


def test_replaying_beside_the_same_job_is_a_conflict(admin, database, make_dead):
    """Of jobs that are to be there once, the one to be done stays."""
    database.sql(
        "insert into core.jobs (kind, unique_key, run_at) values ('nobody.does', 'k', now() + interval '1 year')"
    )
    job = make_dead(kind="nobody.does", unique_key="k")
    problem(admin.post(f"/api/v1/jobs/{job}/replay"), 409)
    assert state_of(database, job) == "dead"
    database.sql("delete from core.jobs where kind = 'nobody.does'")


def test_bad_queries_are_refused(admin):
    """422 tells the parameter."""
    problem(admin.get("/api/v1/jobs?state=odd"), 422, parameters=["state"])
    problem(admin.get("/api/v1/jobs?per_page=0"), 422, parameters=["per_page"])
    problem(admin.get("/api/v1/jobs?after=forged"), 422)


def test_jobs_are_for_administrators(public, as_role, make_user, make_dead):
    """401 without a token, 403 for every role but admin's."""
    job = make_dead()
    for path, method in (("", "GET"), (f"/{job}", "GET"), (f"/{job}", "DELETE"), (f"/{job}/replay", "POST")):
        problem(public.request(method, f"/api/v1/jobs{path}"), 401)
        for caller in (as_role("manager"), make_user(is_editor=True)):
            problem(caller.request(method, f"/api/v1/jobs{path}"), 403)


def test_a_submissions_follow_ups_are_replayed(public, admin, make_user, database):
    """An editor gives those that failed for good another round; twice is as good as once."""
    made = ok(public.post("/api/contact", contact()), 201)
    path = f"/api/v1/submissions/{made['id']}"
    wait_until(lambda: ok(admin.get(path))["follow_ups"][0]["status"] == "succeeded", 20, "the follow-up")
    database.sql(
        "update core.jobs set state = 'dead', last_error = 'no' where subject = %s", f"submission:{made['id']}"
    )
    editor = make_user(is_editor=True)
    assert ok(editor.post(f"{path}/replay"))["id"] == made["id"]
    wait_until(lambda: ok(admin.get(path))["follow_ups"][0]["status"] == "succeeded", 20, "the replayed follow-up")
    assert ok(editor.post(f"{path}/replay"))["follow_ups"][0]["status"] == "succeeded"
    (entry,) = ok(admin.get(f"/api/v1/audit?subject=submission:{made['id']}"))["items"]
    assert (entry["action"], entry["actor_id"]) == (
        "submission.replayed",
        editor.account["id"],
    ), "once: twice did nothing"
    problem(editor.post("/api/v1/submissions/01900000-0000-7000-8000-000000000000/replay"), 404)
    problem(public.post(f"{path}/replay"), 401)


def test_the_command_line_lists_shows_replays_and_discards(server, database, make_dead):
    """One by one, by kind, and all."""
    kind = f"cli.{secrets.token_hex(4)}"
    first, second, third = (make_dead(kind=kind, subject="thing:1") for _ in range(3))
    listed = server.run("jobs", "list", "--kind", kind).stdout
    assert [line.split()[0] for line in listed.splitlines()] == [str(third), str(second), str(first)]
    assert "it would not" in server.run("jobs", "show", first).stdout
    assert "1 replayed" in server.run("jobs", "replay", first).stdout
    assert state_of(database, first) == "ready"
    refused = server.run("jobs", "replay", first, check=False)
    assert refused.returncode == 1 and "no dead letter" in refused.stderr
    assert "2 discarded" in server.run("jobs", "discard", "--kind", kind).stdout
    assert state_of(database, second) is None and state_of(database, first) == "ready"
    assert server.run("jobs", "discard", check=False).returncode == 2
    database.sql("delete from core.jobs where kind = %s", kind)


def test_probes_are_done(server):
    """`townhall jobs probe` tells how long they took; and says so where nobody works."""
    assert "500 done" in server.run("jobs", "probe", "--count", 500, "--wait", 30).stdout


def test_what_has_served_its_time_is_cleared_away(server, database):
    """Old successes, idempotency keys, sessions and their tokens go; what is younger stays; dead letters stay."""
    database.sql(
        "insert into core.jobs (kind, state, finished_at) select 'old', s, now() - interval '31 days'"
        " from unnest('{succeeded,dead}'::text[]) s, generate_series(1, 1500)"
    )
    database.sql("insert into core.jobs (kind, state, finished_at) values ('old', 'succeeded', now())")
    for name, age in (("old", "25 hours"), ("young", "23 hours")):
        database.sql(
            "insert into core.idempotency_keys (id, request_hash, status, answer, created_at)"
            " values (convert_to(%s, 'UTF8'), '', 201, '', now() - %s::interval)",
            name,
            age,
        )
        session = "0190000%d-0000-7000-8000-000000000000" % (name == "old")
        expired = "8 days" if name == "old" else "0 days"
        database.sql(
            "insert into core.sessions (id, user_id, expires_at) select %s, min(id), now() - %s::interval from core.users",
            session,
            expired,
        )
        database.sql(
            "insert into core.refresh_tokens (hash, session_id, expires_at)"
            " values (sha256(convert_to(%s, 'UTF8')), %s, now() - %s::interval)",
            name,
            session,
            expired,
        )
    # As if the last tick were long ago.
    database.sql("update core.job_schedules set ticked_at = ticked_at - interval '1 day'")

    def left(what):
        return database.one(f"select count(*) {what}")

    wait_until(lambda: left("from core.jobs where kind = 'old'") == 1501, 30, "the purge of jobs")
    wait_until(lambda: left("from core.idempotency_keys where id = 'old'") == 0, 30, "the purge of keys")
    wait_until(lambda: left("from core.sessions where expires_at < now() - interval '7 days'") == 0, 30, "of sessions")
    wait_until(
        lambda: left("from core.refresh_tokens where expires_at < now() - interval '1 day'") == 0, 30, "of tokens"
    )
    assert left("from core.jobs where kind = 'old' and state = 'dead'") == 1500
    assert left("from core.idempotency_keys where id = 'young'") == 1
    assert left("from core.sessions where id = '01900000-0000-7000-8000-000000000000'") == 1
    database.sql("delete from core.jobs where kind = 'old'")
