"""Users, memberships and roles, and how quickly they are taken away."""

import secrets

import pytest

from support.client import ok, problem
from support.waiting import wait_until

USERS = "/api/v1/users"


def new_user(**fields):
    return {
        "email": f"u{secrets.token_hex(6)}@example.org",
        "name": "New One",
        "password": "long enough phrase",
        "roles": [],
        **fields,
    }


def test_admin_creates_reads_changes_and_deletes(admin, campaign):
    """The life of an account; its password never comes out."""
    body = new_user(roles=[{"campaign_id": campaign, "role": "organizer"}])
    made = admin.post(USERS, body)
    user = ok(made, 201)
    assert user["email"] == body["email"] and user["is_admin"] is False
    assert not [name for name in user if "password" in name or "hash" in name]
    path = f"{USERS}/{user['id']}"
    assert ok(admin.get(path))["roles"][0]["role"] == "organizer"
    changed = ok(
        admin.put(
            path, {"name": "Renamed", "email": body["email"], "roles": [{"campaign_id": campaign, "role": "viewer"}]}
        )
    )
    assert changed["name"] == "Renamed" and changed["roles"][0]["role"] == "viewer"
    assert user["id"] in [item["id"] for item in ok(admin.get(USERS, params={"per_page": 200}))["items"]]
    assert admin.delete(path).status_code == 204
    problem(admin.get(path), 404)


def test_put_demands_name_and_address(admin, make_user):
    """Both faults at once; what else is absent stays as it is."""
    user = make_user(is_editor=True)
    path = f"{USERS}/{user.account['id']}"
    problem(admin.put(path, {"is_active": True}), 422, code="required", pointers=["/name", "/email"])
    changed = ok(admin.put(path, {"name": "Another", "email": user.account["email"]}))
    assert (changed["name"], changed["is_editor"]) == ("Another", True)


def test_a_role_given_or_taken_is_another_version(admin, make_user, make_campaign):
    """By an invitation too: `updated_since` tells the user, and the entity tag is another one."""
    user, campaign = make_user(), make_campaign()
    path, seen = f"{USERS}/{user.account['id']}", []

    def version():
        answer = admin.get(path)
        seen.append(ok(answer)["updated_at"])
        assert seen == sorted(set(seen)), "later each time"

    version()
    invited = {"email": user.account["email"], "roles": [{"campaign_id": campaign, "role": "viewer"}]}
    ok(admin.post(f"{USERS}/invite", invited), 201)
    version()
    ok(admin.patch(path, {"roles": []}))
    version()


def test_an_address_is_used_once(admin):
    """The same address in other letters is a conflict."""
    body = new_user()
    ok(admin.post(USERS, body), 201)
    problem(admin.post(USERS, {**new_user(), "email": body["email"].upper()}), 409)


def test_faults_of_a_new_user_are_told_at_once(admin):
    """Bad address, short password, unknown role and unknown field: all four."""
    body = {"email": "x", "name": "N", "password": "short", "roles": [{"campaign_id": 1, "role": "king"}], "rank": 1}
    problem(admin.post(USERS, body), 422, pointers=["/email", "/password", "/roles/0/role", "/rank"])


@pytest.mark.parametrize("role", ["viewer", "canvasser", "organizer"])
def test_users_are_not_for_lower_roles(as_role, role):
    """403 to list and to create."""
    problem(as_role(role).get(USERS), 403)
    problem(as_role(role).post(USERS, new_user()), 403)


def test_a_manager_keeps_to_the_own_campaign_and_lower_roles(admin, as_role, make_campaign, make_user, campaign):
    """Membership of one's own campaign below one's own role: yes. Anything above or elsewhere: no."""
    manager, elsewhere = as_role("manager"), make_campaign()
    member = make_user("viewer", campaign)
    path = f"{USERS}/{member.account['id']}"
    ok(manager.patch(path, {"roles": [{"campaign_id": campaign, "role": "organizer"}]}))
    for roles in ([{"campaign_id": campaign, "role": "manager"}], [{"campaign_id": elsewhere, "role": "viewer"}]):
        assert manager.patch(path, {"roles": roles}).status_code in (403, 404, 422)
    assert ok(admin.get(path))["roles"] == [{"campaign_id": campaign, "role": "organizer"}]


def test_a_manager_sees_the_own_campaign_only(admin, as_role, make_campaign, make_user, campaign):
    """A stranger is 404, and of a colleague only the shared campaign shows."""
    manager, elsewhere = as_role("manager"), make_campaign()
    stranger = make_user("viewer", elsewhere)
    problem(manager.get(f"{USERS}/{stranger.account['id']}"), 404)
    both = ok(
        admin.post(
            USERS,
            new_user(roles=[{"campaign_id": campaign, "role": "viewer"}, {"campaign_id": elsewhere, "role": "viewer"}]),
        ),
        201,
    )
    assert [role["campaign_id"] for role in ok(manager.get(f"{USERS}/{both['id']}"))["roles"]] == [campaign]
    listed = {item["id"] for item in ok(manager.get(USERS, params={"per_page": 200}))["items"]}
    assert both["id"] in listed and stranger.account["id"] not in listed


@pytest.mark.promise("P44", "a manager can't make an admin, change an address or password, or delete an account")
@pytest.mark.parametrize(
    "change",
    [{"is_admin": True}, {"is_editor": True}, {"email": "taken@example.org"}, {"password": "another long phrase"}],
)
def test_managers_change_memberships_only(admin, as_role, make_user, campaign, change):
    """403 or 422, and nothing is changed."""
    member = make_user("viewer", campaign)
    path = f"{USERS}/{member.account['id']}"
    before = ok(admin.get(path))
    assert as_role("manager").patch(path, change).status_code in (403, 422)
    assert as_role("manager").delete(path).status_code == 403
    assert ok(admin.get(path)) == before
    ok(member.anonymous().post("/api/v1/auth/login", {"email": before["email"], "password": member.password}))


@pytest.mark.promise("P44", "nobody raises oneself")
@pytest.mark.parametrize("change", [{"is_admin": True}, {"is_editor": True}, {"id": 1}, {"roles": "above"}])
def test_nobody_raises_oneself(admin, as_role, campaign, change):
    """403 or 422, and the account is as before."""
    for role in ("viewer", "manager"):
        user = as_role(role)
        path = f"{USERS}/{user.account['id']}"
        before = ok(admin.get(path))
        sent = {"roles": [{"campaign_id": campaign, "role": "admin"}]} if change == {"roles": "above"} else change
        assert user.patch(path, sent).status_code in (403, 422)
        after = ok(admin.get(path))
        assert (after["is_admin"], after["is_editor"], after["roles"]) == (False, False, before["roles"])


@pytest.mark.promise("P48", "a membership taken away is refused within 5 s, with the token that was good before")
def test_revoked_membership(admin, make_user, make_campaign):
    """The old token reads, then no longer."""
    campaign = make_campaign()
    user = make_user("organizer", campaign)
    path = f"/api/v1/voters?campaign_id={campaign}"
    ok(user.get(path))
    ok(admin.patch(f"{USERS}/{user.account['id']}", {"roles": []}))
    wait_until(lambda: user.get(path).status_code in (403, 404), 5, "the refusal of a revoked membership")


@pytest.mark.promise("P48", "a lowered role loses its rights within 5 s")
def test_lowered_role(admin, make_user, make_campaign):
    """An organizer who becomes a viewer reads on, and writes no more."""
    campaign = make_campaign()
    user = make_user("organizer", campaign)
    path = f"/api/v1/voters?campaign_id={campaign}"
    ok(user.post(path, {"last_name": "Before"}), 201)
    ok(admin.patch(f"{USERS}/{user.account['id']}", {"roles": [{"campaign_id": campaign, "role": "viewer"}]}))
    wait_until(lambda: user.post(path, {"last_name": "After"}).status_code == 403, 5, "the refusal of a lowered role")
    ok(user.get(path))


@pytest.mark.promise("P48", "a deleted account is refused within 5 s, access and refresh tokens alike")
def test_deleted_user(admin, make_user, campaign):
    """401, and no way back in."""
    user = make_user("viewer", campaign)
    ok(user.get("/api/v1/auth/me"))
    assert admin.delete(f"{USERS}/{user.account['id']}").status_code == 204
    wait_until(lambda: user.get("/api/v1/auth/me").status_code == 401, 5, "the refusal of a deleted account")
    problem(user.post("/api/v1/auth/refresh", {"refresh_token": user.refresh_token}), 401)
    problem(user.post("/api/v1/auth/login", {"email": user.account["email"], "password": user.password}), 401)
