"""Passwords that were forgotten, and invitations: one-time links by mail."""

import re
import secrets
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.client import new_key, ok, problem
from support.forms import mails_about
from support.server import Townhall
from support.waiting import wait_until

FORGOT, RESET, LOGIN = (f"/api/v1/auth/{name}" for name in ("forgot", "reset", "login"))
INVITE = "/api/v1/users/invite"
SITE = "https://townhall.example.org"


@pytest.fixture(scope="module")
def server(database):
    server = Townhall(database, {"PUBLIC_URL": f"{SITE}/"})
    try:
        yield server.start()
    finally:
        server.close()


def mails_to(server, address):
    return [mail for mail in mails_about(server, address) if mail["To"].addresses[0].addr_spec == address]


def mail_to(server, address, count=1):
    """The newest of `count` mails to this address."""
    mails = wait_until(lambda: len(m := mails_to(server, address)) >= count and m, 20, f"{count} mails to {address}")
    assert len(mails) == count
    return mails[-1]


def token_in(mail):
    found = re.search(r"(https?://[^\s#]+)#token=([\w-]+)", mail.get_body().get_content())
    assert found, mail.get_body().get_content()
    assert found[1].startswith(f"{SITE}/console/"), found[0]
    return found[2]


def forget(client, address, **more):
    response = client.post(FORGOT, {"email": address}, **more)
    assert response.status_code == 204, response.text
    return response


def take(server, user):
    """A fresh reset token, as its owner reads it in the mailbox."""
    address = user.account["email"]
    known = {mail["Message-ID"] for mail in mails_to(server, address)}
    forget(server.client(), address)
    mails = wait_until(
        lambda: [m for m in mails_to(server, address) if m["Message-ID"] not in known], 20, "the mail with the link"
    )
    return token_in(mails[0])


def settled(database):
    """Waits until no mail is on its way."""
    unfinished = "select count(*) from core.jobs where kind = 'accounts.link' and state not in ('succeeded', 'dead')"
    wait_until(lambda: database.one(unfinished) == 0, 20, "the mails' jobs")


# ---- A forgotten password ----


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


# ---- Invitations ----


def invitee():
    return f"guest.{secrets.token_hex(6)}@example.org"


def role(campaign, name):
    return {"campaign_id": campaign, "role": name}


def test_a_manager_invites_below_the_own_role(server, public, as_role, campaign):
    """The account waits without a password until the mail's link sets one; then it has its role."""
    address = invitee()
    made = as_role("manager").post(INVITE, {"email": address, "name": "Gil", "roles": [role(campaign, "canvasser")]})
    user = ok(made, 201)
    assert user["email"] == address and user["roles"] == [role(campaign, "canvasser")]
    assert made.headers["Location"] == f"/api/v1/users/{user['id']}"
    problem(public.post(LOGIN, {"email": address, "password": ""}), 401)
    mail = mail_to(server, address)
    assert "Dear Gil" in mail.get_body().get_content()
    token = token_in(mail)
    ok(public.post(RESET, {"token": token, "new_password": "welcome to you all"}), 204)
    guest = server.client().login(address, "welcome to you all")
    assert ok(guest.get("/api/v1/campaigns"))["items"][0]["id"] == campaign
    problem(public.post(RESET, {"token": token, "new_password": "welcome once more"}), 422, pointers=["/token"])


@pytest.mark.parametrize("asked", ["manager", "elsewhere", "admin", "editor", "nothing"])
def test_a_manager_invites_to_nothing_else(as_role, make_campaign, campaign, database, asked):
    """403 for one's own role, other campaigns, global roles and none at all; and nobody is made."""
    body = {"email": invitee(), "roles": [role(campaign, "viewer")]}
    body |= {
        "manager": {"roles": [role(campaign, "manager")]},
        "elsewhere": {"roles": [role(campaign, "viewer"), role(make_campaign(), "viewer")]},
        "admin": {"is_admin": True},
        "editor": {"is_editor": True},
        "nothing": {"roles": []},
    }[asked]
    problem(as_role("manager").post(INVITE, body), 403)
    assert database.one("select count(*) from core.users where email = %s", body["email"]) == 0


@pytest.mark.parametrize("name", ["viewer", "canvasser", "organizer"])
def test_lower_roles_do_not_invite(as_role, public, campaign, name):
    """403; 401 without a token."""
    body = {"email": invitee(), "roles": [role(campaign, "viewer")]}
    problem(as_role(name).post(INVITE, body), 403)
    problem(public.post(INVITE, body), 401)


def test_inviting_a_known_address_adds_the_membership(server, admin, make_user, make_campaign, campaign):
    """The account stays as it is, with one role more; the mail tells it and holds no link to set a password."""
    user, second = make_user("viewer", campaign), make_campaign()
    manager = make_user("manager", second)
    shown = ok(
        manager.post(INVITE, {"email": user.account["email"].upper(), "roles": [role(second, "organizer")]}), 201
    )
    assert shown["id"] == user.account["id"]
    assert shown["roles"] == [role(second, "organizer")], "the manager learns of no other campaign"
    everything = ok(admin.get(f"/api/v1/users/{user.account['id']}"))["roles"]
    assert everything == [role(campaign, "viewer"), role(second, "organizer")]
    text = mail_to(server, user.account["email"]).get_body().get_content()
    assert "token" not in text and SITE in text
    ok(server.client().post(LOGIN, {"email": user.account["email"], "password": user.password}))


def test_a_manager_does_not_lower_an_equal(admin, make_user, campaign):
    """403, and the other stays manager."""
    one, two = make_user("manager", campaign), make_user("manager", campaign)
    problem(one.post(INVITE, {"email": two.account["email"], "roles": [role(campaign, "viewer")]}), 403)
    assert ok(admin.get(f"/api/v1/users/{two.account['id']}"))["roles"] == [role(campaign, "manager")]


def test_admins_invite_to_anything_but_change_no_known_account(admin, make_user, campaign):
    """A new admin by invitation; a known address with global roles, or a disabled one, is 409."""
    made = ok(admin.post(INVITE, {"email": invitee(), "is_admin": True}), 201)
    assert made["is_admin"] is True and made["roles"] == []
    user = make_user()
    problem(admin.post(INVITE, {"email": user.account["email"], "is_admin": True}), 409)
    ok(admin.patch(f"/api/v1/users/{user.account['id']}", {"is_active": False}))
    problem(admin.post(INVITE, {"email": user.account["email"], "roles": [role(campaign, "viewer")]}), 409)
    problem(admin.post(INVITE, {"email": invitee(), "roles": [role(987654321, "viewer")]}), 422)


def test_an_invitation_is_sent_once_a_key(server, admin, campaign, database):
    """The same Idempotency-Key again: the same answer, one account, one mail."""
    body, key = {"email": invitee(), "roles": [role(campaign, "viewer")]}, new_key()
    first, again = (admin.post(INVITE, body, key=key) for _ in range(2))
    assert ok(first, 201) == ok(again, 201) and again.headers["Idempotent-Replayed"] == "true"
    settled(database)
    assert len(mails_to(server, body["email"])) == 1


def test_an_invitation_can_be_repeated(server, public, admin, campaign):
    """Who lost the mail is invited again; both links are good until one is used."""
    body = {"email": invitee(), "roles": [role(campaign, "viewer")]}
    for _ in range(2):
        ok(admin.post(INVITE, body), 201)
    mail_to(server, body["email"], 2)
    one, two = (token_in(mail) for mail in mails_to(server, body["email"]))
    assert one != two
    ok(public.post(RESET, {"token": one, "new_password": "welcome to you all"}), 204)
    problem(public.post(RESET, {"token": two, "new_password": "welcome to you all"}), 422, pointers=["/token"])


@pytest.mark.parametrize("known", [False, True])
def test_invitations_send_three_mails_an_hour(server, public, admin, make_user, campaign, database, known):
    """Whoever invites, and whether or not there is an account; each gives its role all the same. An hour later: again."""
    address = make_user().account["email"] if known else invitee()
    inviters = admin, make_user("manager", campaign)
    for number in range(10):
        body = {"email": address, "roles": [role(campaign, ("viewer", "canvasser")[number // 2 % 2])]}
        made = ok(inviters[number % 2].post(INVITE, body), 201)
    settled(database)
    assert made["roles"] == [role(campaign, "viewer")]
    assert len(mails_to(server, address)) == 3
    links = "select count(*) from core.account_links where user_id = %s"
    assert database.one(links, made["id"]) == (0 if known else 3)
    told = ok(admin.get("/api/v1/audit", params={"subject": f"user:{made['id']}", "action": "user.invited"}))["items"]
    assert [item["details"]["mailed"] for item in told] == 7 * [False] + 3 * [True]
    database.sql(
        "update core.jobs set created_at = created_at - interval '1 hour' where subject = %s", f"user:{made['id']}"
    )
    ok(admin.post(INVITE, body), 201)
    mail_to(server, address, 4)


def test_roles_go_to_proven_addresses_only(server, public, admin, make_user, make_campaign, campaign):
    """Whoever writes another's address into the account gets nothing that is meant for that person: 409 that says what
    to do. The link that is mailed to the address proves it."""
    user, target = make_user("viewer", campaign), invitee()
    path, body = f"/api/v1/users/{user.account['id']}", {"email": target, "roles": [role(make_campaign(), "viewer")]}
    ok(user.patch(path, {"email": target, "current_password": user.password}))
    refused = problem(admin.post(INVITE, body), 409, code="email_unproven")
    assert "forgot password" in refused["detail"]
    assert ok(admin.get(path))["roles"] == [role(campaign, "viewer")]
    ok(user.patch(path, {"name": "Another Name"}))
    problem(admin.post(INVITE, body), 409, code="email_unproven")
    forget(public, target)
    ok(public.post(RESET, {"token": token_in(mail_to(server, target)), "new_password": "it is my own mailbox"}), 204)
    assert ok(admin.post(INVITE, body), 201)["roles"] == [role(campaign, "viewer"), *body["roles"]]


def test_an_address_that_an_admin_sets_needs_no_proof(admin, make_user, campaign):
    """Not even after one's own change."""
    user, target = make_user(), invitee()
    path, body = f"/api/v1/users/{user.account['id']}", {"email": target, "roles": [role(campaign, "viewer")]}
    ok(user.patch(path, {"email": invitee(), "current_password": user.password}))
    ok(admin.patch(path, {"email": target}))
    ok(admin.post(INVITE, body), 201)


def test_invitations_are_in_the_audit_log(server, public, admin, campaign):
    """Made, invited, given a role, accepted."""
    made = ok(admin.post(INVITE, {"email": invitee(), "roles": [role(campaign, "viewer")]}), 201)
    token = token_in(mail_to(server, made["email"]))
    ok(public.post(RESET, {"token": token, "new_password": "welcome to you all"}), 204)
    items = ok(admin.get("/api/v1/audit", params={"subject": f"user:{made['id']}"}))["items"]
    assert [item["action"] for item in reversed(items)] == [
        "user.created",
        "membership.set",
        "user.invited",
        "invitation.accepted",
    ]
