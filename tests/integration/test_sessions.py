"""Signing in, staying in, going out."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support.client import ok, problem
from support.server import ADMIN, Townhall
from support.waiting import pause

LOGIN, REFRESH, LOGOUT, ME = (f"/api/v1/auth/{name}" for name in ("login", "refresh", "logout", "me"))


def refresh(client, token):
    return client.post(REFRESH, {"refresh_token": token})


def test_login_gives_tokens_and_the_user(public):
    """Both tokens, their kind, their life, and who it is; not to be cached."""
    response = public.post(LOGIN, {"email": ADMIN[0], "password": ADMIN[1]})
    answer = ok(response)
    assert answer["token_type"].lower() == "bearer" and 0 < answer["expires_in"] <= 3600
    assert answer["user"]["email"] == ADMIN[0] and answer["user"]["is_admin"] is True
    assert answer["access_token"].count(".") == 2 and answer["refresh_token"]
    assert "no-store" in response.headers["Cache-Control"]


def test_login_ignores_the_case_of_the_address(public):
    """An address is the same in capitals."""
    ok(public.post(LOGIN, {"email": ADMIN[0].upper(), "password": ADMIN[1]}))


def test_unknown_address_and_wrong_password_look_the_same(public):
    """401, and apart from the request's own id not one byte differs."""
    answers = [
        problem(public.post(LOGIN, {"email": email, "password": "wrong wrong wrong"}), 401)
        for email in (ADMIN[0], "nobody@example.org")
    ]
    for answer in answers:
        answer.pop("request_id")
    assert answers[0] == answers[1]


def test_login_tells_faults_of_form(public):
    """What is no login at all is 422, with every fault."""
    problem(public.post(LOGIN, {"email": 1}), 422, pointers=["/email", "/password"])


def test_me_tells_the_user_and_the_roles(admin, as_role, campaign):
    """The account with its roles per campaign, and no secret."""
    viewer = as_role("viewer")
    me = ok(viewer.get(ME))
    user = me.get("user", me)
    assert user["email"] == viewer.account["email"] and user["is_admin"] is False
    assert [(role["campaign_id"], role["role"]) for role in user["roles"]] == [(campaign, "viewer")]
    assert not [name for name in user if "password" in name or "hash" in name]
    user = ok(admin.get(ME))
    assert user.get("user", user)["is_admin"] is True


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer a.b.c", "Basic YTpi", "Bearer " + "x" * 9000]
)
def test_without_a_good_token_nothing(public, header):
    """401 that says how to sign in, whatever stands in the header."""
    response = public.get(ME, headers={"Authorization": header} if header is not None else {})
    problem(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_refresh_rotates(make_user):
    """Each refresh gives a new pair, and the new one works."""
    user = make_user()
    answer = ok(refresh(user, user.refresh_token))
    assert answer["refresh_token"] != user.refresh_token and answer["access_token"] != user.token
    ok(user.anonymous().get(ME, headers={"Authorization": f"Bearer {answer['access_token']}"}))
    ok(refresh(user, answer["refresh_token"]))


@pytest.mark.parametrize("token", ["", "nonsense", "0" * 64, "a" * 5000])
def test_bad_refresh_tokens_are_refused(public, token):
    """401 (or 422 for what can't be one), never 500."""
    assert refresh(public, token).status_code in (401, 422)


def test_an_access_token_is_no_refresh_token(make_user):
    """The two kinds do not stand for each other."""
    user = make_user()
    assert refresh(user, user.token).status_code in (401, 422)
    problem(user.anonymous().get(ME, headers={"Authorization": f"Bearer {user.refresh_token}"}), 401)


@pytest.mark.promise("P49", "a rotated token used again after 10 s is refused, and takes its whole family with it")
def test_reuse_after_the_grace_revokes_the_family(make_user):
    """The thief's and the owner's tokens both end."""
    user = make_user()
    stolen = user.refresh_token
    mine = ok(refresh(user, stolen))
    pause(10.5)  # the grace itself is what is tested
    problem(refresh(user, stolen), 401)
    problem(refresh(user, mine["refresh_token"]), 401)
    problem(user.anonymous().get(ME, headers={"Authorization": f"Bearer {mine['access_token']}"}), 401)


@pytest.mark.promise("P49", "twenty refreshes of one token at once all succeed and are one family")
def test_twenty_refreshes_at_once_are_one_family(server, make_user):
    """One session is listed, and one logout ends all twenty."""
    user = make_user()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: ok(refresh(server.client(), user.refresh_token)), range(20)))
    sessions = ok(server.client(answers[0]["access_token"]).get("/api/v1/auth/sessions"))["items"]
    assert len(sessions) == 1
    assert user.anonymous().post(LOGOUT, {"refresh_token": answers[7]["refresh_token"]}).status_code == 204
    assert {refresh(user, answer["refresh_token"]).status_code for answer in answers} == {401}


def test_logout_twice_is_204(make_user):
    """Out is out: with the refresh token, and with the Bearer."""
    by_token, by_bearer = make_user(), make_user()
    for _ in range(2):
        assert by_token.anonymous().post(LOGOUT, {"refresh_token": by_token.refresh_token}).status_code == 204
        assert by_bearer.post(LOGOUT).status_code == 204
    for user in (by_token, by_bearer):
        problem(refresh(user, user.refresh_token), 401)


def test_changing_the_password_ends_the_other_sessions(server, make_user):
    """The old password fails, the new one works, and another device's session is over."""
    user = make_user()
    email = user.account["email"]
    other = server.client().login(email, user.password)
    problem(user.post("/api/v1/auth/password", {"current_password": "wrong wrong", "new_password": "n" * 14}), 422)
    changed = user.post(
        "/api/v1/auth/password", {"current_password": user.password, "new_password": "new pass phrase 9"}
    )
    assert changed.status_code in (200, 204), changed.text
    problem(refresh(other, other.refresh_token), 401)
    problem(user.post(LOGIN, {"email": email, "password": user.password}), 401)
    ok(user.post(LOGIN, {"email": email, "password": "new pass phrase 9"}))


def test_login_is_throttled_for_an_account(cluster, template):
    """With limits on, a run of wrong passwords ends in 429 with Retry-After, for unknown addresses too."""
    database = cluster.new_database(template)
    server = Townhall(database, {"RATE_LIMIT": "on"})
    try:
        public = server.start().client()
        for email in (ADMIN[0], "nobody@example.org"):
            answers = [public.post(LOGIN, {"email": email, "password": "wrong wrong"}) for _ in range(40)]
            assert {answer.status_code for answer in answers} == {401, 429}
            limited = [answer for answer in answers if answer.status_code == 429][0]
            problem(limited, 429)
            assert int(limited.headers["Retry-After"]) >= 1
    finally:
        server.close()
        database.drop()
