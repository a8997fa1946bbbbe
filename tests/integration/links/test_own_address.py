"""One's own e-mail address: changed by the password, and the address before is told."""

import secrets

import pytest

from support.client import ok, problem
from support.links import RESET, mail_to, mails_to, take
from support.server import Townhall
from support.waiting import wait_until

LOGIN = "/api/v1/auth/login"


def test_ones_own_address_changes_by_password_only(server, public, make_user):
    """A token alone does not move the account to another mailbox: 422 without the password or with a wrong one."""
    user = make_user()
    path, new = f"/api/v1/users/{user.account['id']}", f"new.{secrets.token_hex(6)}@example.org"
    body = {"name": "The Same", "email": new}
    problem(user.put(path, body), 422, code="required", pointers=["/current_password"])
    problem(user.put(path, {**body, "current_password": "guessed"}), 422, code="wrong", pointers=["/current_password"])
    assert ok(user.get(path))["email"] == user.account["email"]
    changed = ok(user.put(path, {**body, "current_password": user.password}))
    assert changed["email"] == new
    mail = mail_to(server, user.account["email"])
    assert new not in str(mail) and user.account["email"] in mail.get_body().get_content()
    ok(public.post(LOGIN, {"email": new, "password": user.password}))


def test_guesses_of_the_password_are_slowed_down(own_database):
    """Whoever holds a token can't try passwords at the change of the address for as long as they like."""
    server = Townhall(own_database, {"RATE_LIMIT": "on"})
    try:
        user = server.start().admin()
        body = {"name": "The Same", "email": f"new.{secrets.token_hex(6)}@example.org"}
        path = f"/api/v1/users/{user.user['id']}"
        answers = [user.put(path, {**body, "current_password": f"guess {i}"}) for i in range(40)]
        assert {answer.status_code for answer in answers} == {422, 429}
        assert int(answers[-1].headers["Retry-After"]) >= 1
    finally:
        server.close()


@pytest.mark.parametrize("by", ["oneself", "admin"])
def test_a_change_of_the_address_ends_all_links(server, public, admin, make_user, by):
    """Whoever reads the old mailbox can't set a password any more, and is told of the change."""
    user = make_user()
    token = take(server, user)
    body = {"name": "The Same", "email": f"new.{secrets.token_hex(6)}@example.org"}
    path = f"/api/v1/users/{user.account['id']}"
    if by == "admin":
        ok(admin.put(path, body))
    else:
        ok(user.put(path, {**body, "current_password": user.password}))
    problem(public.post(RESET, {"token": token, "new_password": "quite a good phrase"}), 422, pointers=["/token"])
    mails = wait_until(lambda: len(m := mails_to(server, user.account["email"])) == 2 and m, 20, "the notice")
    assert sum("another e-mail address" in mail["Subject"] for mail in mails) == 1


def test_an_address_is_told_of_three_changes_an_hour(server, make_user, database):
    """Whoever writes others' addresses into the account does not fill their mailboxes. An hour later: again."""
    user, others = make_user(), [f"other.{secrets.token_hex(6)}@example.org" for _ in range(2)]
    path, notices = f"/api/v1/users/{user.account['id']}", "kind = 'accounts.address_changed' and subject = %s"
    subject = f"user:{user.account['id']}"

    def change(number):
        ok(user.patch(path, {"email": others[number % 2], "current_password": user.password}))

    for number in range(6):
        change(number)
    assert database.one(f"select count(*) from core.jobs where {notices}", subject) == 3
    mail_to(server, user.account["email"])  # the account's own first
    database.sql(f"update core.jobs set created_at = created_at - interval '1 hour' where {notices}", subject)
    change(6)
    assert database.one(f"select count(*) from core.jobs where {notices}", subject) == 4
