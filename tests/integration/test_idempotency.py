"""Idempotency-Key on POSTs that create."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.client import new_key, ok, problem
from support.forms import contact, count_with_email


@pytest.mark.promise("P5", "100 posts at once with one key: one row; each answer is the first one again, or 409")
def test_concurrent_posts_with_one_key(server, database):
    """One execution."""
    form, key = contact(), new_key()

    def post(_):
        return server.client().post("/api/contact", form, key=key)

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(post, range(100)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    created = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.json()["id"] for answer in created}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in created) == 1
    for refused in (answer for answer in answers if answer.status_code == 409):
        problem(refused, 409)
    assert count_with_email(database, form["email"]) == 1


@pytest.mark.promise("P6", "another body under a used key is refused with 422, and changes nothing")
def test_same_key_other_body(public, database):
    """422, and only the first form is kept."""
    first, second, key = contact(), contact(), new_key()
    ok(public.post("/api/contact", first, key=key), 201)
    problem(public.post("/api/contact", second, key=key), 422, code="idempotency_mismatch")
    assert count_with_email(database, first["email"]) == 1
    assert count_with_email(database, second["email"]) == 0


def test_replay_is_the_first_answer_and_says_so(public):
    """The same bytes and status again, with `Idempotent-Replayed: true` on the second alone."""
    form, key = contact(), new_key()
    first = public.post("/api/contact", form, key=key)
    second = public.post("/api/contact", form, key=key)
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert ok(first, 201) == ok(second, 201)


def test_a_key_belongs_to_its_path_and_caller(admin, make_user, public, campaign):
    """One key on two paths, and of two users, is two keys."""
    key, form = new_key(), contact()
    ok(public.post("/api/contact", form, key=key), 201)
    body = {"first_name": "Key", "last_name": "Holder"}
    path = f"/api/v1/voters?campaign_id={campaign}"
    mine = ok(admin.post(path, body, key=key), 201)
    other = {"first_name": "Another", "last_name": "Holder"}
    theirs = ok(make_user("organizer", campaign).post(path, other, key=key), 201)
    assert mine["id"] != theirs["id"]
    assert ok(admin.post(path, body, key=key), 201)["id"] == mine["id"]


def test_a_failure_is_not_kept(public, database):
    """A refused form does not use its key up: mended, it goes through."""
    key, form = new_key(), contact()
    problem(public.post("/api/contact", {**form, "message": ""}, key=key), 422, pointers=["/message"])
    ok(public.post("/api/contact", form, key=key), 201)
    assert count_with_email(database, form["email"]) == 1


def test_a_key_that_is_too_long_is_refused(public):
    """Told as a bad request, never cut or ignored."""
    response = public.post("/api/contact", contact(), key="x" * 256)
    assert response.status_code in (400, 422), response.text


def test_answers_are_kept_sealed(public, database):
    """What the keys' table holds does not show the answer."""
    form, key = contact(), new_key()
    made = ok(public.post("/api/contact", form, key=key), 201)
    kept = database.sql("select answer from core.idempotency_keys")
    assert kept and all(made["id"].encode() not in bytes(answer) for (answer,) in kept)


def test_a_key_belongs_to_its_campaign(admin, make_campaign):
    """The same key and body for another campaign is another request: 422, not the first campaign's voter."""
    key, body = new_key(), {"last_name": "Elsewhere"}
    first, second = make_campaign(), make_campaign()
    ok(admin.post(f"/api/v1/voters?campaign_id={first}", body, key=key), 201)
    problem(admin.post(f"/api/v1/voters?campaign_id={second}", body, key=key), 422, code="idempotency_mismatch")
    assert ok(admin.get(f"/api/v1/voters?campaign_id={second}"))["total"] == 0


@pytest.mark.parametrize("path", ["/api/v1/voters", "/api/v1/campaigns", "/api/v1/users"])
def test_a_replay_carries_what_the_first_answer_carried(admin, campaign, path):
    """Location and ETag too."""
    token = new_key()
    body = {
        "/api/v1/voters": {"last_name": token, "campaign_id": campaign},
        "/api/v1/campaigns": {"name": token},
        "/api/v1/users": {"email": f"{token}@example.org", "password": f"pass-{token}"},
    }[path]
    first, second = (admin.post(path, body, key=token) for _ in range(2))
    assert ok(first, 201) == ok(second, 201) and second.headers["Idempotent-Replayed"] == "true"
    for name in ("Location", "ETag"):
        assert first.headers[name] and second.headers[name] == first.headers[name]
