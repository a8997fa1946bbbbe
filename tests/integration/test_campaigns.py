"""Campaigns."""

import pytest

from support.client import ok, problem
from support.server import Townhall
from support.waiting import wait_until

CAMPAIGNS = "/api/v1/campaigns"
FIELDS = {
    "id",
    "name",
    "slug",
    "description",
    "office",
    "jurisdiction",
    "starts_on",
    "election_on",
    "time_zone",
    "currency",
    "is_default",
    "created_at",
    "updated_at",
}


def test_life_of_a_campaign(admin):
    """Made, read, changed, hidden."""
    made = ok(
        admin.post(
            CAMPAIGNS,
            {"name": "Ada for Mayor", "office": "Mayor", "election_on": "2026-11-03", "time_zone": "America/Chicago"},
        ),
        201,
    )
    assert FIELDS <= made.keys() and made["currency"] == "usd"
    assert made["slug"].startswith("ada-for-mayor")
    path = f"{CAMPAIGNS}/{made['id']}"
    changed = ok(admin.patch(path, {"office": None, "description": "The one"}))
    assert (changed["office"], changed["description"], changed["election_on"]) == (None, "The one", "2026-11-03")
    assert admin.delete(path).status_code == 204
    problem(admin.get(path), 404)


@pytest.mark.parametrize(
    "field, value",
    [
        ("name", ""),
        pytest.param("name", "x" * 201, id="name too long"),
        ("time_zone", "Mars/Olympus"),
        ("currency", "dollars"),
        ("election_on", "2026-02-30"),
        ("slug", "Not A Slug"),
        ("id", 5),
        ("deleted_at", None),
    ],
)
def test_bad_campaigns(admin, field, value):
    """422 with the field's pointer."""
    problem(admin.post(CAMPAIGNS, {"name": "Fine", field: value}), 422, pointers=[f"/{field}"])


def test_a_slug_is_used_once(admin):
    """409 for the second."""
    ok(admin.post(CAMPAIGNS, {"name": "Slugged", "slug": "only-one"}), 201)
    problem(admin.post(CAMPAIGNS, {"name": "Slugged too", "slug": "only-one"}), 409)


def test_a_campaign_of_any_slug_can_be_hidden(admin, make_campaign):
    """The longest, and one that another's slug begins with; the slug is free again."""
    longest = "x" * 79 + "y"
    paths = [f"{CAMPAIGNS}/{make_campaign(slug=longest)}"]
    short = make_campaign(slug="hide-me")
    make_campaign(slug=f"hide-me-{short}")
    paths.append(f"{CAMPAIGNS}/{short}")
    for path in paths:
        assert admin.delete(path).status_code == 204
    make_campaign(slug=longest), make_campaign(slug="hide-me")


def test_whoever_is_no_default_any_more_has_changed(admin, make_campaign):
    """The campaign that was the default has another version and entity tag than before."""
    path = f"{CAMPAIGNS}/{make_campaign(is_default=True)}"
    before = admin.get(path)
    make_campaign(is_default=True)
    after = admin.get(path, headers={"If-None-Match": before.headers["ETag"]})
    assert ok(after)["is_default"] is False and after.json()["updated_at"] > before.json()["updated_at"]


def test_a_parameter_is_given_once(admin, make_campaign):
    """A second value is no reason to take the first: 422 by name, each name once."""
    one, other = make_campaign(), make_campaign()
    query = f"campaign_id={one}&campaign_id={other}&campaign_id={one}&per_page=1&per_page=1"
    body = problem(admin.get(f"/api/v1/voters?{query}"), 422, code="repeated", parameters=["campaign_id", "per_page"])
    assert len(body["errors"]) == 2


def test_put_demands_the_name(admin, make_campaign):
    """The rest stays as it is."""
    path = f"{CAMPAIGNS}/{make_campaign(office='Mayor')}"
    problem(admin.put(path, {"office": "Judge"}), 422, code="required", pointers=["/name"])
    changed = ok(admin.put(path, {"name": "Another"}))
    assert (changed["name"], changed["office"]) == ("Another", "Mayor")


def test_the_list_tells_what_has_changed(admin, make_campaign):
    """Since `as_of` of an earlier list; the hidden are tombstones, where wanted."""
    stays, changes, goes = (make_campaign() for _ in range(3))
    since = ok(admin.get(CAMPAIGNS))["as_of"]
    ok(admin.patch(f"{CAMPAIGNS}/{changes}", {"office": "Mayor"}))
    assert admin.delete(f"{CAMPAIGNS}/{goes}").status_code == 204

    def told(**query):
        listed = ok(admin.get(CAMPAIGNS, params={"updated_since": since, "per_page": 200, **query}))
        assert listed["total"] == len(listed["items"]) and listed["as_of"] >= since
        return {item["id"]: item["deleted_at"] for item in listed["items"]}

    assert changes in told() and not {stays, goes} & told().keys()
    tombstones = told(include_deleted="true")
    assert tombstones[goes] and tombstones[changes] is None and stays not in tombstones


def test_a_list_goes_on_behind_its_cursor(admin, make_campaign):
    """Every campaign once; page and cursor together are refused."""
    made = {make_campaign() for _ in range(5)}
    seen, after = [], {}
    while True:
        listed = ok(admin.get(CAMPAIGNS, params={"per_page": 2, **after}))
        seen += [item["id"] for item in listed["items"]]
        if not listed["next"]:
            break
        after = {"after": listed["next"]}
    assert seen == sorted(set(seen)) and made <= set(seen)
    problem(admin.get(CAMPAIGNS, params={"page": 1, **after}), 422, parameters=["after"])


@pytest.mark.parametrize("role", ["viewer", "canvasser", "organizer", "manager"])
def test_members_read_and_admins_write(as_role, campaign, role):
    """Every member reads the own campaign; none but the admin makes, changes or hides one."""
    user = as_role(role)
    assert ok(user.get(f"{CAMPAIGNS}/{campaign}"))["id"] == campaign
    problem(user.post(CAMPAIGNS, {"name": "Mine"}), 403)
    problem(user.patch(f"{CAMPAIGNS}/{campaign}", {"name": "Mine"}), 403)
    problem(user.delete(f"{CAMPAIGNS}/{campaign}"), 403)


def test_admins_act_in_campaigns_that_are_there(admin, make_campaign):
    """404 for one that never was, and within seconds for one that is hidden."""
    for method, body in (("GET", {}), ("POST", {"json_body": {"last_name": "Nowhere"}})):
        problem(admin.request(method, "/api/v1/voters?campaign_id=999999", **body), 404)
    campaign = make_campaign()
    path = f"/api/v1/voters?campaign_id={campaign}"
    ok(admin.get(path))
    assert admin.delete(f"{CAMPAIGNS}/{campaign}").status_code == 204
    wait_until(lambda: admin.get(path).status_code == 404, 5, "the hidden campaign to be gone")
    problem(admin.post(path, {"last_name": "Nowhere"}), 404)


def test_a_new_campaign_is_usable_at_once_everywhere(admin, make_campaign, database):
    """By the process that made it, and by another that hears of it later."""
    other = Townhall(database)
    try:
        there = other.start().admin()
        for _ in range(10):
            path = f"/api/v1/voters?campaign_id={make_campaign()}"
            assert ok(there.get(path))["total"] == 0
            ok(admin.post(path, {"last_name": "First"}), 201)
    finally:
        other.close()
