"""The audit log: who did what, written with the act, never changed."""

import secrets

import psycopg2
import pytest

from support.client import ok, problem
from support.server import ADMIN
from support.uploads import Upload

AUDIT = "/api/v1/audit"


def entries(admin, **filters):
    return ok(admin.get(AUDIT, params={"per_page": 200, **filters}))["items"]


def actions(admin, **filters):
    """The actions about something, oldest first."""
    return [entry["action"] for entry in reversed(entries(admin, **filters))]


def subject(user):
    return f"user:{user['id'] if isinstance(user, dict) else user.account['id']}"


@pytest.fixture(scope="module")
def me(admin):
    return admin.user["id"]


def test_the_life_of_an_account(server, admin, me, make_user, campaign):
    """Made, signed in and refused, changed, roles given and taken, closed: each with who, where and which request."""
    user = make_user("viewer", campaign)
    path = f"/api/v1/users/{user.account['id']}"
    problem(user.anonymous().post("/api/v1/auth/login", {"email": user.account["email"], "password": "wrong"}), 401)
    ok(user.post("/api/v1/auth/password", {"current_password": user.password, "new_password": "new phrase 12345"}), 204)
    request_id = f"change-{secrets.token_hex(4)}"
    changed = {"name": "Renamed", "roles": [{"campaign_id": campaign, "role": "organizer"}]}
    ok(admin.patch(path, changed, headers={"X-Request-Id": request_id}))
    ok(admin.patch(path, {"roles": []}))
    assert user.post("/api/v1/auth/logout").status_code == 204
    assert admin.delete(path).status_code == 204

    assert actions(admin, subject=subject(user)) == [
        "user.created",
        "membership.set",
        "session.started",
        "session.refused",
        "password.changed",
        "user.changed",
        "membership.set",
        "membership.dropped",
        "session.ended",
        "user.deleted",
    ]
    told = {entry["action"]: entry for entry in reversed(entries(admin, subject=subject(user)))}
    by_admin, by_user = (me, "127.0.0.1"), (user.account["id"], "127.0.0.1")
    who = {action: (entry["actor_id"], entry["address"]) for action, entry in told.items()}
    assert who["user.created"] == who["membership.dropped"] == who["user.deleted"] == by_admin
    assert who["session.started"] == who["password.changed"] == who["session.ended"] == by_user
    assert who["session.refused"] == (None, "127.0.0.1")
    assert told["user.changed"]["request_id"] == request_id
    assert told["user.changed"]["details"]["changed"] == ["name"]
    assert told["membership.set"]["details"] == {"role": "organizer", "before": "viewer"}
    assert told["membership.set"]["campaign_id"] == campaign
    assert told["membership.dropped"]["details"] == {"before": "organizer"}


def test_sign_ins_of_nobody_are_kept_without_the_address(database, public):
    """A refused sign-in for an address that nobody has is an entry about nobody, and the address is nowhere."""
    address = f"nobody.{secrets.token_hex(6)}@example.org"
    before = database.one("select count(*) from core.audit_log where action = 'session.refused' and subject is null")
    problem(public.post("/api/v1/auth/login", {"email": address, "password": "wrong wrong"}), 401)
    after = database.one("select count(*) from core.audit_log where action = 'session.refused' and subject is null")
    assert after == before + 1


def test_sessions_and_what_happens_to_them(server, admin, make_user):
    """Ended one by one, all at once, and by a refresh token that was used again."""
    user = make_user()
    other = server.client().login(user.account["email"], user.password)
    session = [item for item in ok(user.get("/api/v1/auth/sessions"))["items"] if not item["current"]][0]
    assert user.delete(f"/api/v1/auth/sessions/{session['id']}").status_code == 204
    problem(user.delete(f"/api/v1/auth/sessions/{session['id']}"), 404)
    problem(other.get("/api/v1/auth/me"), 401)
    assert user.delete("/api/v1/auth/sessions").status_code == 204
    ended = entries(admin, subject=subject(user), action="session.ended")
    assert len(ended) == 2 and {entry["details"]["reason"] for entry in ended} == {"ended"}
    assert ended[1]["details"]["session"] == session["id"]


def test_a_stolen_refresh_token_is_told(server, admin, database, make_user):
    """Use after the grace: one entry, however often it is tried."""
    user = make_user()
    ok(user.post("/api/v1/auth/refresh", {"refresh_token": user.refresh_token}))
    database.sql("update core.refresh_tokens set used_at = used_at - interval '1 minute' where used_at is not null")
    for _ in range(3):
        problem(user.post("/api/v1/auth/refresh", {"refresh_token": user.refresh_token}), 401)
    assert actions(admin, subject=subject(user)).count("session.reused") == 1


def test_campaigns_voters_and_imports(admin, me, make_campaign, make_user, make_voter):
    """What is done to them stands there too, under their campaign."""
    campaign = make_campaign()
    ok(admin.patch(f"/api/v1/campaigns/{campaign}", {"office": "Mayor", "description": "Changed"}))
    manager = make_user("manager", campaign)
    voter = make_voter(campaign_id=campaign)
    assert manager.delete(f"/api/v1/voters/{voter['id']}").status_code == 204
    upload = Upload(manager, campaign).send("first_name,last_name\nAda,Lovelace\n")
    upload.finished()
    assert admin.delete(f"/api/v1/campaigns/{campaign}").status_code == 204
    told = {entry["action"]: entry for entry in entries(admin, campaign_id=campaign)}
    assert set(told) >= {"campaign.created", "campaign.changed", "campaign.hidden", "voter.unlinked", "import.started"}
    assert sorted(told["campaign.changed"]["details"]["changed"]) == ["description", "office"]
    assert told["voter.unlinked"]["subject"] == f"voter:{voter['id']}"
    assert told["voter.unlinked"]["actor_id"] == manager.account["id"]
    assert told["import.started"]["subject"] == f"import:{upload.id}"
    assert told["campaign.hidden"]["actor_id"] == me


def test_what_did_not_happen_is_not_told(admin, make_user, database):
    """A refused change leaves no entry: act and entry are one."""
    taken = make_user()
    before = database.one("select count(*) from core.audit_log")
    body = {"email": taken.account["email"], "password": "long enough phrase", "roles": []}
    problem(admin.post("/api/v1/users", body), 409)
    problem(admin.patch(f"/api/v1/users/{taken.account['id']}", {"email": ADMIN[0]}), 409)
    problem(admin.patch(f"/api/v1/users/{admin.user['id']}", {"is_admin": False}), 409)
    assert database.one("select count(*) from core.audit_log") == before


@pytest.mark.parametrize(
    "change",
    [
        "update core.audit_log set action = 'x.y'",
        "delete from core.audit_log",
        "delete from core.audit_log where false",
        "truncate core.audit_log",
        "set session_replication_role = replica; delete from core.audit_log",
    ],
)
def test_entries_are_only_ever_added(admin, database, change):
    """Not even a superuser's ordinary statements change or remove one."""
    before = database.one("select count(*) from core.audit_log")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        database.sql(change)
    assert database.one("select count(*) from core.audit_log") == before > 0


def test_the_fence_lets_entries_in_and_none_out(database, make_campaign):
    """As townhall_app: entries about the scope's campaign only, and nothing to read."""
    mine, other = make_campaign(), make_campaign()
    add = "insert into core.audit_log (action, campaign_id) values ('fence.tried', %s)"
    with database.session() as session:
        session.execute("set role townhall_app")
        session.execute("select set_config('app.campaign', %s, false)", (str(mine),))
        session.execute(add, (mine,))
        for campaign in (other, None):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                session.execute(add, (campaign,))
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            session.execute("select count(*) from core.audit_log")


def test_nobody_is_in_the_log_by_name(admin, make_user, database, campaign):
    """Of people there are ids alone: no address, no name, no password, no token."""
    make_user("viewer", campaign, name="Zebulon Quagmire")
    text = database.one("select coalesce(string_agg(e::text, ' '), '') from core.audit_log e")
    for leak in ("@", "Zebulon", "Quagmire", "argon2", "pass-", "eyJ"):
        assert leak not in text, leak


@pytest.mark.parametrize("role", ["viewer", "canvasser", "organizer", "manager"])
def test_only_admins_read_it(as_role, public, role):
    """403 for every other role, 401 without one."""
    problem(as_role(role).get(AUDIT), 403)
    problem(public.get(AUDIT), 401)


def test_pages_by_cursor_hold_every_entry_once(admin, make_user):
    """Newest first, without gaps or repetitions, also while more is written."""
    user = make_user()
    for _ in range(6):
        problem(user.anonymous().post("/api/v1/auth/login", {"email": user.account["email"], "password": "wrong"}), 401)
    seen, after = [], None
    while True:
        params = {"subject": subject(user), "per_page": 3, **({"after": after} if after else {})}
        page = ok(admin.get(AUDIT, params=params))
        seen += [entry["id"] for entry in page["items"]]
        user.anonymous().post("/api/v1/auth/login", {"email": user.account["email"], "password": "wrong"})
        after = page["next"]
        if not after:
            break
    assert len(seen) == 8 and seen == sorted(set(seen), reverse=True)
    first = admin.get(AUDIT, params={"per_page": 1})
    assert ok(first)["total"] >= 8 and 'rel="next"' in first.headers["Link"]


def test_filters(admin, me, make_user):
    """By actor, action, time; and what can't be a filter is 422."""
    user = make_user()
    assert {entry["actor_id"] for entry in entries(admin, actor_id=me)} == {me}
    assert {entry["action"] for entry in entries(admin, action="session.started")} == {"session.started"}
    newest = entries(admin, subject=subject(user))[0]
    assert newest["id"] in [entry["id"] for entry in entries(admin, since=newest["at"])]
    assert newest["id"] not in [entry["id"] for entry in entries(admin, until=newest["at"])]
    assert entries(admin, since="2999-01-01T00:00:00Z") == []
    for bad in ("per_page=0", "per_page=201", "page=0", "after=forged", "actor_id=x", "since=yesterday", "nobody=1"):
        problem(admin.get(f"{AUDIT}?{bad}"), 422)
