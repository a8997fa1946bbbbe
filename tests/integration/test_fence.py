"""One campaign never sees another's."""

import pytest

from support.client import ok, problem
from support.uploads import Upload


@pytest.fixture(scope="module")
def elsewhere(make_campaign):
    return make_campaign()


@pytest.fixture(scope="module")
def foreign_voter(make_voter, elsewhere):
    """A voter of the other campaign."""
    return make_voter(first_name="Xanthippe", last_name="Quillfeather", city="Elsewhere", campaign_id=elsewhere)


@pytest.mark.parametrize("role", ["viewer", "canvasser", "organizer", "manager"])
@pytest.mark.parametrize(
    "method, body",
    [("GET", None), ("HEAD", None), ("PUT", {"last_name": "Mine"}), ("PATCH", {"last_name": "Mine"}), ("DELETE", None)],
)
def test_a_foreign_voter_is_not_there(as_role, make_voter, admin, foreign_voter, elsewhere, role, method, body):
    """404 (403 where the role may not do it at all) for every method, and the voter is as it was."""
    user, path = as_role(role), f"/api/v1/voters/{foreign_voter['id']}"
    options = {"json_body": body} if body else {}
    may = method in ("GET", "HEAD") or role == "manager" or (role == "organizer" and method != "DELETE")
    response = user.request(method, path, **options)
    assert response.status_code == (404 if may else 403), response.text
    if may:  # the same request on one's own voter works: the 404 is about the voter, not the route
        own = make_voter()
        assert user.request(method, f"/api/v1/voters/{own['id']}", **options).status_code in (200, 204)
    assert ok(admin.get(f"{path}?campaign_id={elsewhere}"))["last_name"] == "Quillfeather"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "q=Xanthippe",
        "q=Quilfeather",
        "city=Elsewhere",
        "sort=last_name",
        "include_deleted=true",
        "updated_since=2020-01-01T00:00:00Z",
    ],
)
def test_lists_and_searches_keep_to_the_campaign(as_role, make_voter, foreign_voter, elsewhere, admin, query):
    """No list, filter or search shows a foreign voter, where the own campaign's admin view does."""
    make_voter()
    shown = ok(as_role("manager").get(f"/api/v1/voters?{query}"))
    assert foreign_voter["id"] not in [item["id"] for item in shown["items"]]
    theirs = ok(admin.get(f"/api/v1/voters?campaign_id={elsewhere}&{query}"))
    assert foreign_voter["id"] in [item["id"] for item in theirs["items"]]


def test_naming_a_foreign_campaign_is_refused(as_role, elsewhere, foreign_voter):
    """Asking for the other campaign by name does not open it."""
    manager = as_role("manager")
    for path in (
        f"/api/v1/voters?campaign_id={elsewhere}",
        f"/api/v1/voters/{foreign_voter['id']}?campaign_id={elsewhere}",
        f"/api/v1/campaigns/{elsewhere}",
    ):
        assert manager.get(path).status_code in (403, 404), path
    assert manager.post(f"/api/v1/voters?campaign_id={elsewhere}", {"last_name": "Spy"}).status_code in (403, 404)
    assert manager.post("/api/v1/voters", {"last_name": "Spy", "campaign_id": elsewhere}).status_code in (403, 404)


def test_campaigns_list_shows_ones_own(as_role, campaign, elsewhere, admin):
    """A member sees the own campaign, the admin sees both."""
    mine = {item["id"] for item in ok(as_role("viewer").get("/api/v1/campaigns"))["items"]}
    assert mine == {campaign}
    assert {campaign, elsewhere} <= {item["id"] for item in ok(admin.get("/api/v1/campaigns?per_page=200"))["items"]}


def test_a_foreign_import_is_not_there(as_role, admin, elsewhere):
    """404 for its report and its errors; not in the list; can't be canceled."""
    upload = Upload(admin, elsewhere).send(b"first_name,last_name\nAda,Foreign\n,\n").finished()
    manager = as_role("manager")
    for path in (upload.path, f"{upload.path}/errors.csv"):
        ok_status = admin.get(path).status_code
        assert ok_status == 200, path
        problem(manager.get(path), 404)
    problem(manager.delete(upload.path), 404)
    assert upload.id not in [item["id"] for item in ok(manager.get("/api/v1/voters/imports"))["items"]]


def test_an_unclear_campaign_is_asked_for(make_user, campaign, elsewhere, admin):
    """With two memberships and none named: 422 campaign_required; two that differ: 422; one named: fine."""
    user = make_user("organizer", campaign)
    ok(
        admin.patch(
            f"/api/v1/users/{user.account['id']}",
            {"roles": [{"campaign_id": one, "role": "organizer"} for one in (campaign, elsewhere)]},
        )
    )
    user.login(user.account["email"], user.password)
    problem(user.get("/api/v1/voters"), 422, code="campaign_required")
    problem(user.post("/api/v1/voters", {"last_name": "Where"}), 422, code="campaign_required")
    problem(user.post(f"/api/v1/voters?campaign_id={campaign}", {"last_name": "Two", "campaign_id": elsewhere}), 422)
    for target in (campaign, elsewhere):
        ok(user.get(f"/api/v1/voters?campaign_id={target}"))


def test_without_any_membership(make_user):
    """A user of no campaign gets no voters."""
    assert make_user().get("/api/v1/voters").status_code in (403, 422)


def test_the_database_itself_holds_the_fence(database, campaign, elsewhere, make_voter, foreign_voter):
    """As townhall_app: no campaign set, no rows; one set, only its own; the shared table not at all."""
    make_voter()
    with database.session() as cursor:
        cursor.execute("set role townhall_app")
        cursor.execute("select count(*) from campaign.campaign_voters")
        assert cursor.fetchone() == (0,)
        cursor.execute("select set_config('app.campaign', %s, false)", (str(campaign),))
        cursor.execute("select array_agg(distinct campaign_id) from campaign.campaign_voters")
        assert cursor.fetchone() == ([campaign],)
        for table in ("campaign.voters", "campaign.names"):
            with pytest.raises(Exception, match="permission denied"):
                cursor.execute(f"select count(*) from {table}")


@pytest.fixture
def own_import(admin, campaign):
    """An import of the campaign, with a refused row."""
    return Upload(admin, campaign).send(b"first_name,last_name\nAda,Kept\nDan,Too,Many,Fields\n").finished()


def functions(voter, upload):
    """A call of each function that acts on one voter or import by its owner's rights."""
    return {
        "lock_voter": f"select l from campaign.lock_voter({voter['id']}) l where l is not null",
        "change_voter": "select c from campaign.change_voter("
        f"{voter['id']}, '{{\"city\": \"Changed\"}}', 'vera', 'voter') c where c is not null",
        "next_faults": f"select f from campaign.next_faults('{upload.id}', '', -1, -1, 10) f",
        "unlink_voter": f"select u from campaign.unlink_voter({voter['id']}) u where u is not null",
    }


def test_functions_do_nothing_where_no_campaign_is_set(database, admin, make_voter, campaign, elsewhere, own_import):
    """As townhall_app: no voter is locked, changed, taken out or made, and no refused row shown; nor within another
    campaign."""
    voter = make_voter(city="Before")
    for unset in ("", str(elsewhere)):
        with database.session() as cursor:
            cursor.execute("set role townhall_app")
            cursor.execute("select set_config('app.campaign', %s, false)", (unset,))
            for name, call in functions(voter, own_import).items():
                cursor.execute(call)
                assert cursor.fetchall() == [], (name, unset)
    shown = ok(admin.get(f"/api/v1/voters/{voter['id']}?campaign_id={campaign}"))
    assert shown["city"] == "Before" and shown["updated_at"] == voter["updated_at"]
    before = database.one("select count(*) from campaign.voters")
    with database.session() as cursor:
        cursor.execute("set role townhall_app")
        with pytest.raises(Exception, match="campaign"):
            cursor.execute("""select campaign.create_voter('{"source": "x", "identity": "y"}', 'ada', 'spy')""")
    assert database.one("select count(*) from campaign.voters") == before


def test_functions_work_for_the_owner_and_within_the_campaign(database, make_voter, campaign, own_import):
    """The same calls: outside any campaign by the owner, who works on all, but for taking a voter out of one."""
    voter = make_voter()
    for role, inside in (("", ""), ("townhall_app", str(campaign))):
        for name, call in functions(voter, own_import).items():
            with database.session() as cursor:
                if role:
                    cursor.execute(f"set role {role}")
                cursor.execute("select set_config('app.campaign', %s, false)", (inside,))
                cursor.execute(call)
                expected = 0 if name == "unlink_voter" and not inside else 1
                assert len(cursor.fetchall()) == expected, (name, role)
    made = """select campaign.create_voter('{"source": "manual", "identity": "by the owner"}', 'ada', 'kept')"""
    assert database.one(made) > 0
