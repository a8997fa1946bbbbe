"""Passwords that were forgotten: one-time links by mail."""

import re
import secrets
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.client import ok, problem
from support.links import FORGOT, RESET, SITE, forget, mail_to, mails_to, settled, take, token_in

LOGIN = "/api/v1/auth/login"


def test_a_link_sets_a_new_password_once(server, public, make_user):
    """The link stands on PUBLIC_URL with its token behind #; the old password ends, and so do all sessions."""
    user = make_user()
    forget(public, user.account["email"].upper(), headers={"Host": "evil.example"})
    mail = mail_to(server, user.account["email"])
    text = mail.get_body().get_content()
    assert "evil.example" not in str(mail) and f"{SITE}/console/reset#token=" in text
    token = token_in(mail)
    assert public.post(RESET, {"token": token, "new_password": "brand new phrase"}).status_code == 204
    problem(public.post(LOGIN, {"email": user.account["email"], "password": user.password}), 401)
    problem(user.get("/api/v1/auth/me"), 401)
    problem(user.post("/api/v1/auth/refresh", {"refresh_token": user.refresh_token}), 401)
    ok(public.post(LOGIN, {"email": user.account["email"], "password": "brand new phrase"}))
    problem(public.post(RESET, {"token": token, "new_password": "another new phrase"}), 422, pointers=["/token"])


def test_the_answer_does_not_tell_whether_the_address_exists(server, public, make_user, database):
    """Not one byte differs but the request's own id, and the medians of the times lie together; no mail goes out."""
    user = make_user()
    nobody = f"nobody.{secrets.token_hex(6)}@example.org"

    def seen(response):
        own = ("X-Request-Id", "Date")
        return response.content, {k: v for k, v in response.headers.items() if k not in own}

    assert seen(forget(public, user.account["email"])) == seen(forget(public, nobody))
    times = {user.account["email"]: [], nobody: []}
    for _ in range(100):
        for address, taken in times.items():
            began = time.perf_counter()
            forget(public, address)
            taken.append(time.perf_counter() - began)
    known, unknown = (statistics.median(taken) for taken in times.values())
    assert abs(known - unknown) < 0.25 * max(known, unknown) + 0.001, (known, unknown)
    settled(database)
    assert not mails_to(server, nobody)


def test_a_flood_sends_three_mails_an_hour(server, public, make_user, database):
    """Nobody's mailbox is filled by asking."""
    user = make_user()
    for _ in range(10):
        forget(public, user.account["email"])
    settled(database)
    assert len(mails_to(server, user.account["email"])) == 3


def test_weak_passwords_are_refused_and_the_link_stays(server, public, make_user):
    """422 with the fault; then a good one goes through by the same link."""
    user = make_user()
    token = take(server, user)
    for weak in ("short", "passwordpassword", user.account["email"]):
        problem(public.post(RESET, {"token": token, "new_password": weak}), 422, pointers=["/new_password"])
    assert public.post(RESET, {"token": token, "new_password": "quite a good phrase"}).status_code == 204


def test_a_link_ends_with_its_hour(server, public, make_user, database):
    """After it, the link is as if it had never been."""
    user = make_user()
    token = take(server, user)
    database.sql(
        "update core.account_links set issued_at = issued_at - interval '1 hour', expires_at = expires_at - interval '1 hour'"
        " where user_id = %s",
        user.account["id"],
    )
    problem(public.post(RESET, {"token": token, "new_password": "quite a good phrase"}), 422, pointers=["/token"])


@pytest.mark.parametrize("change", ["own", "admin", "other link"])
def test_any_change_of_the_password_ends_all_links(server, public, admin, make_user, change):
    """By oneself, by an admin, by another link."""
    user = make_user()
    token = take(server, user)
    if change == "own":
        body = {"current_password": user.password, "new_password": "changed by myself"}
        ok(user.post("/api/v1/auth/password", body), 204)
    elif change == "admin":
        ok(admin.patch(f"/api/v1/users/{user.account['id']}", {"password": "changed by an admin"}))
    else:
        ok(public.post(RESET, {"token": take(server, user), "new_password": "changed by a link"}), 204)
    problem(public.post(RESET, {"token": token, "new_password": "quite a good phrase"}), 422, pointers=["/token"])


def test_twenty_uses_at_once_are_one(server, make_user):
    """One of them sets its password."""
    user = make_user()
    token = take(server, user)
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(
                lambda i: server.client().post(RESET, {"token": token, "new_password": f"good phrase {i:03}"}),
                range(20),
            )
        )
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(204) == 1 and set(statuses) <= {204, 422}
    winner = f"good phrase {statuses.index(204):03}"
    ok(server.client().post(LOGIN, {"email": user.account["email"], "password": winner}))


def test_closed_and_disabled_accounts_get_no_link(server, public, admin, make_user, database):
    """Neither a mail, nor by a link from before."""
    disabled, closed = make_user(), make_user()
    token = take(server, disabled)
    ok(admin.patch(f"/api/v1/users/{disabled.account['id']}", {"is_active": False}))
    assert admin.delete(f"/api/v1/users/{closed.account['id']}").status_code == 204
    for user in (disabled, closed):
        forget(public, user.account["email"])
    settled(database)
    assert len(mails_to(server, disabled.account["email"])) == 1 and not mails_to(server, closed.account["email"])
    problem(public.post(RESET, {"token": token, "new_password": "quite a good phrase"}), 422, pointers=["/token"])


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "é", "../..", "A" * 200])
def test_what_is_no_token_is_refused(public, token):
    """422, like one that was used."""
    problem(public.post(RESET, {"token": token, "new_password": "quite a good phrase"}), 422, pointers=["/token"])


def test_the_database_and_the_log_hold_no_token(server, make_user, database):
    """Only its hash is kept; logs hold neither token nor address."""
    user = make_user()
    token = take(server, user)
    tables = "core.account_links", "core.jobs", "core.audit_log", "core.idempotency_keys"
    for table in tables:
        assert token not in database.one(f"select coalesce(string_agg(t::text, ' '), '') from {table} t"), table
    log = server.log.read_text()
    assert token not in log and user.account["email"] not in log


def test_resets_are_in_the_audit_log(server, public, admin, make_user):
    """Asked for and done, each once."""
    user = make_user()
    token = take(server, user)
    ok(public.post(RESET, {"token": token, "new_password": "quite a good phrase"}), 204)
    items = ok(admin.get("/api/v1/audit", params={"subject": f"user:{user.account['id']}"}))["items"]
    told = [item["action"] for item in items]
    assert told.count("password.reset_asked") == told.count("password.reset") == 1
    asked = items[told.index("password.reset_asked")]
    assert asked["address"] == "127.0.0.1" and asked["request_id"] and asked["actor_id"] is None


def test_forms_faults_are_told(public):
    """What is no address, and what is missing."""
    problem(public.post(FORGOT, {"email": "x"}), 422, pointers=["/email"])
    problem(public.post(RESET, {"new_password": "short", "x": 1}), 422, pointers=["/token", "/new_password", "/x"])


def test_the_page_behind_the_link(public):
    """It loads only its own script and style, and the address without a token leads nowhere else."""
    for path in ("/console/reset", "/console/invitation"):
        page = public.get(path)
        assert page.status_code == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        for part in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert public.get(part).status_code == 200, part
        assert not re.search(r"<script>|<style|\son\w+=|\sstyle=", page.text)
