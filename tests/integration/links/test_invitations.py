"""Invitations: one-time links by mail, and the roles that come with them."""

import secrets

import pytest

from support.client import new_key, ok, problem
from support.links import RESET, SITE, forget, mail_to, mails_to, settled, token_in

LOGIN = "/api/v1/auth/login"
INVITE = "/api/v1/users/invite"


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
