"""Voters: made, read, changed, hidden."""

import secrets
import string

import pytest

from support.client import ok, problem

VOTERS = "/api/v1/voters"
FIELDS = {
    "id",
    "source",
    "external_id",
    "first_name",
    "middle_name",
    "last_name",
    "suffix",
    "date_of_birth",
    "birth_year",
    "gender",
    "party",
    "status",
    "registered_at",
    "phone",
    "email",
    "phones",
    "emails",
    "address",
    "address2",
    "city",
    "state",
    "zip",
    "zip4",
    "county",
    "country",
    "mailing",
    "precinct",
    "districts",
    "extra",
    "tags",
    "support",
    "created_at",
    "updated_at",
}


def full_voter():
    """Every field told, of somebody new each time: a name, birth date and address are an identity."""
    return {
        "first_name": "Rosa",
        "middle_name": "Louise",
        "last_name": "Mc" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(10)),
        "suffix": "Jr",
        "date_of_birth": "1955-12-01",
        "gender": "F",
        "party": "DEM",
        "email": "rosa@example.com",
        "phone": "+12125550123",
        "address": "12 Main St",
        "city": "Raleigh",
        "state": "NC",
        "zip": "27601",
        "zip4": "1234",
        "county": "Wake",
        "precinct": "01-07",
        "registered_at": "1974-01-02",
        "mailing": {"address": "PO Box 9", "city": "Cary", "state": "NC", "zip": "27511"},
        "districts": {"congressional": "2"},
        "extra": {"shirt": "M"},
    }


@pytest.fixture
def voter(make_voter):
    return make_voter(**full_voter())


def path(voter):
    return f"{VOTERS}/{voter['id']}"


def test_a_voter_is_made_and_read(admin, campaign):
    """201 with Location; what was sent comes back, with every field that clients may rely on."""
    sent = full_voter()
    made = admin.post(f"{VOTERS}?campaign_id={campaign}", sent)
    voter = ok(made, 201)
    assert made.headers["Location"].endswith(path(voter))
    read = ok(admin.get(f"{path(voter)}?campaign_id={campaign}"))
    assert FIELDS <= read.keys(), FIELDS - read.keys()
    for name in sent:
        if isinstance(sent[name], dict):
            assert sent[name].items() <= read[name].items(), name
        else:
            assert read[name] == sent[name], name
    assert read["birth_year"] == 1955 and read["tags"] == [] and read["support"] is None
    assert read["emails"] == ["rosa@example.com"] and read["phones"] == ["+12125550123"]


def test_faults_are_told_at_once(admin, campaign):
    """Every bad field by pointer, the nested one too."""
    body = {
        "first_name": "x" * 1000,
        "date_of_birth": "1955-02-30",
        "email": "none",
        "phone": "12",
        "gendr": "F",
        "mailing": {"city": 5},
    }
    problem(
        admin.post(f"{VOTERS}?campaign_id={campaign}", body),
        422,
        pointers=["/first_name", "/date_of_birth", "/email", "/phone", "/gendr", "/mailing/city"],
    )


def test_nobody_is_no_voter(admin, campaign):
    """Made by hand, a person needs a name or an external id."""
    problem(admin.post(f"{VOTERS}?campaign_id={campaign}", {"city": "Raleigh"}), 422)
    for body in ({"first_name": "Only"}, {"last_name": "Only"}, {"external_id": "X-1"}):
        ok(admin.post(f"{VOTERS}?campaign_id={campaign}", body), 201)


def test_an_external_id_is_used_once(admin, campaign):
    """The second voter of a campaign with the same external id is a conflict."""
    body = {"last_name": "Twice", "external_id": "C-77"}
    ok(admin.post(f"{VOTERS}?campaign_id={campaign}", body), 201)
    problem(admin.post(f"{VOTERS}?campaign_id={campaign}", body), 409)


@pytest.mark.promise("P44", "ids, times and links are not the client's to set")
@pytest.mark.parametrize(
    "name, value",
    [
        ("id", 1),
        ("created_at", "2020-01-01T00:00:00Z"),
        ("updated_at", None),
        ("deleted_at", None),
        ("campaigns", [1]),
        ("match_key", "x"),
        ("tags", ["a"]),
    ],
)
def test_fields_that_are_not_the_clients(admin, campaign, voter, name, value):
    """Refused by name on POST, PUT and PATCH."""
    body = {"last_name": "Mass", name: value}
    problem(admin.post(f"{VOTERS}?campaign_id={campaign}", body), 422, pointers=[f"/{name}"])
    problem(admin.patch(path(voter), body), 422, pointers=[f"/{name}"])
    problem(admin.put(path(voter), body), 422, pointers=[f"/{name}"])


def test_addresses_beyond_ascii(admin, campaign):
    """An e-mail address as files bring them (RFC 6531) is kept, and sent back as it was read."""
    voter = ok(admin.post(f"{VOTERS}?campaign_id={campaign}", {"last_name": "Ä", "email": "jürgen@exämple.de"}), 201)
    assert voter["email"] == "jürgen@exämple.de"
    sent = {"last_name": "Ä", "email": voter["email"], "emails": voter["emails"]}
    assert ok(admin.put(f"{VOTERS}/{voter['id']}?campaign_id={campaign}", sent))["emails"] == ["jürgen@exämple.de"]


@pytest.mark.promise("P44", "viewers and canvassers see no birth date, no e-mail and no extra fields, in no answer")
@pytest.mark.parametrize(
    "role, masked", [("viewer", True), ("canvasser", True), ("organizer", False), ("manager", False)]
)
def test_fields_by_role(as_role, voter, role, masked):
    """Masked in the single resource, the list and the search; whole for the others."""
    user = as_role(role)
    items = [ok(user.get(path(voter)))]
    for query in (f"q={voter['last_name']}", "city=Raleigh&per_page=200", "per_page=200&sort=last_name"):
        items += [item for item in ok(user.get(f"{VOTERS}?{query}"))["items"] if item["id"] == voter["id"]]
    assert len(items) == 4
    for item in items:
        if masked:
            assert (item["date_of_birth"], item["birth_year"], item["email"], item["emails"]) == (None, None, None, [])
            assert "extra" not in item
            assert "1955" not in str(item) and "rosa@" not in str(item)
        else:
            assert (item["date_of_birth"], item["email"]) == ("1955-12-01", "rosa@example.com")


@pytest.mark.parametrize("role", ["viewer", "canvasser"])
def test_masked_fields_can_be_no_sort(as_role, role):
    """What a role may not see it may not order by."""
    for name in ("date_of_birth", "email", "birth_year"):
        problem(as_role(role).get(f"{VOTERS}?sort={name}"), 422, parameters=["sort"])


@pytest.mark.parametrize("role, status", [("viewer", 403), ("canvasser", 403), ("organizer", 201), ("manager", 201)])
def test_who_may_create(as_role, role, status):
    """Organizers and up."""
    assert as_role(role).post(VOTERS, {"last_name": f"By {role}"}).status_code == status


def test_put_clears_nothing_that_is_absent(admin, campaign, voter):
    """A partial PUT changes what it names and leaves the rest."""
    changed = ok(admin.put(f"{path(voter)}?campaign_id={campaign}", {"city": "Durham"}))
    assert changed["city"] == "Durham"
    assert (changed["first_name"], changed["email"], changed["zip"]) == ("Rosa", "rosa@example.com", "27601")


def test_patch_null_clears(admin, voter):
    """null clears a field, absence does not; a cleared birth date takes its year along."""
    changed = ok(admin.patch(path(voter), {"email": None, "middle_name": None, "date_of_birth": None}))
    assert (changed["email"], changed["middle_name"], changed["date_of_birth"]) == (None, None, None)
    assert changed["birth_year"] is None
    assert changed["last_name"] == voter["last_name"] and changed["phone"] == "+12125550123"
    assert ok(admin.get(path(voter)))["email"] is None


def test_a_birth_year_can_stay_without_the_date(admin, voter):
    """A year that is sent along is kept."""
    changed = ok(admin.patch(path(voter), {"date_of_birth": None, "birth_year": 1956}))
    assert (changed["date_of_birth"], changed["birth_year"]) == (None, 1956)


def test_a_birth_year_is_the_dates(admin, campaign, voter):
    """Not another one beside it; and nobody was born in the future, or before any voter who lives."""
    path = f"/api/v1/voters/{voter['id']}?campaign_id={campaign}"
    ok(admin.patch(path, {"date_of_birth": "1990-02-03"}))
    problem(admin.patch(path, {"birth_year": 1950}), 422, pointers=["/birth_year"])
    problem(admin.patch(path, {"birth_year": None}), 422, pointers=["/birth_year"])
    assert ok(admin.patch(path, {"birth_year": 1990}))["date_of_birth"] == "1990-02-03"
    assert ok(admin.patch(path, {"birth_year": 1950, "date_of_birth": None}))["birth_year"] == 1950
    for day in ("3000-01-01", "1849-12-31"):
        problem(admin.patch(path, {"date_of_birth": day}), 422, pointers=["/date_of_birth"])


def test_a_new_first_number_is_not_kept_twice(admin, campaign, voter):
    """Whichever of the others it was before; the same for addresses."""
    path = f"/api/v1/voters/{voter['id']}?campaign_id={campaign}"
    ok(admin.patch(path, {"phones": ["+12125550101", "+12125550102"], "emails": ["a@b.org", "c@d.org", "e@f.org"]}))
    changed = ok(admin.patch(path, {"phone": "(212) 555-0102", "email": "e@f.org"}))
    assert changed["phones"] == ["+12125550102"] and changed["emails"] == ["e@f.org", "c@d.org"]


def test_another_zip_takes_the_plus_four_along(admin, voter):
    """The last four digits belong to their ZIP code; the same code again, or new digits, leave them."""
    assert ok(admin.put(path(voter), {"zip": "27601"}))["zip4"] == "1234"
    changed = ok(admin.patch(path(voter), {"zip": "27513"}))
    assert (changed["zip"], changed["zip4"]) == ("27513", None)
    changed = ok(admin.patch(path(voter), {"zip": "27514-7777"}))
    assert (changed["zip"], changed["zip4"]) == ("27514", "7777")
    changed = ok(admin.patch(path(voter), {"zip": None}))
    assert (changed["zip"], changed["zip4"]) == (None, None)


def test_a_change_moves_updated_at(admin, voter):
    """Later than before; created_at stays."""
    changed = ok(admin.patch(path(voter), {"city": "Boone"}))
    assert changed["updated_at"] > voter["updated_at"] and changed["created_at"] == voter["created_at"]


def test_etag_and_not_modified(admin, voter):
    """The same ETag gives 304 without a body; after a change it no longer does."""
    first = admin.get(path(voter))
    tag = first.headers["ETag"]
    same = admin.get(path(voter), headers={"If-None-Match": tag})
    assert same.status_code == 304 and not same.content and same.headers["ETag"] == tag
    ok(admin.patch(path(voter), {"city": "Apex"}))
    after = admin.get(path(voter), headers={"If-None-Match": tag})
    assert after.status_code == 200 and after.headers["ETag"] != tag
    assert {"private", "no-cache"} <= {part.strip() for part in first.headers["Cache-Control"].split(",")}


def test_etag_varies_with_the_role(admin, as_role, voter):
    """A masked answer and a whole one are not the same representation."""
    assert as_role("viewer").get(path(voter)).headers["ETag"] != as_role("manager").get(path(voter)).headers["ETag"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_if_match_keeps_from_overwriting(admin, campaign, voter, method):
    """With the tag of an older state: 412 and no change; with the present one: done."""
    where = f"{path(voter)}?campaign_id={campaign}"
    old = admin.get(where).headers["ETag"]
    ok(admin.patch(where, {"city": "Wilson"}))
    body = {} if method == "DELETE" else {"json_body": {"city": "Lost"}}
    problem(admin.request(method, where, headers={"If-Match": old}, **body), 412)
    present = admin.get(where)
    assert present.json()["city"] == "Wilson"
    assert admin.request(method, where, headers={"If-Match": present.headers["ETag"]}, **body).status_code in (200, 204)


def test_an_admin_hides_and_the_history_stays(admin, campaign, voter, database):
    """204, then 404 and no list shows it, but include_deleted does; the row is there."""
    where = f"{VOTERS}?campaign_id={campaign}&per_page=200"
    assert admin.delete(path(voter)).status_code == 204
    problem(admin.get(path(voter)), 404)
    assert voter["id"] not in [item["id"] for item in ok(admin.get(where))["items"]]
    tombstones = [item for item in ok(admin.get(f"{where}&include_deleted=true"))["items"] if item["id"] == voter["id"]]
    assert len(tombstones) == 1 and tombstones[0]["deleted_at"]
    assert database.one("select count(*) from campaign.voters where id = %s", voter["id"]) == 1
    problem(admin.delete(path(voter)), 404)


def test_a_manager_unlinks(admin, as_role, voter):
    """Gone for the campaign, kept in the base."""
    assert as_role("manager").delete(path(voter)).status_code == 204
    problem(as_role("manager").get(path(voter)), 404)
    assert ok(admin.get(path(voter)))["id"] == voter["id"]


def test_whom_a_manager_took_out_can_be_added_again(as_role, database):
    """201 for the same person, changed by what is sent, with the id and the tags of before; 409 while the campaign has it."""
    manager, last = as_role("manager"), f"Back{secrets.token_hex(4)}"
    made = ok(manager.post(VOTERS, {"first_name": "Lou", "last_name": last, "external_id": last, "party": "DEM"}), 201)
    database.sql("update campaign.campaign_voters set tags = array['kept'] where voter_id = %s", made["id"])
    assert manager.delete(path(made)).status_code == 204
    again = manager.post(VOTERS, {"last_name": f"{last}s", "external_id": last, "city": "Cary"})
    back = ok(again, 201)
    assert again.headers["Location"].endswith(path(made)) and again.headers["ETag"]
    assert (back["id"], back["first_name"], back["last_name"]) == (made["id"], "Lou", f"{last}s")
    assert (back["party"], back["city"], back["tags"]) == ("DEM", "Cary", ["kept"])
    assert ok(manager.get(path(made))) == back
    assert [item["id"] for item in ok(manager.get(VOTERS, params={"q": f"Lou {last}s"}))["items"]] == [made["id"]]
    problem(manager.post(VOTERS, {"last_name": last, "external_id": last}), 409)


def test_who_is_hidden_or_was_never_held_is_not_added(admin, as_role, campaign, make_campaign, make_voter, database):
    """409: adding opens nobody's record to a campaign that did not have it, and undoes no hiding."""
    hidden = make_voter(external_id=f"H-{secrets.token_hex(4)}")
    assert admin.delete(path(hidden)).status_code == 204
    body = {"last_name": "Again", "external_id": hidden["external_id"]}
    problem(as_role("manager").post(VOTERS, body), 409)
    foreign = make_voter(external_id=f"F-{secrets.token_hex(4)}", campaign_id=make_campaign())
    database.sql("update campaign.voters set source = %s where id = %s", f"campaign:{campaign}", foreign["id"])
    problem(as_role("manager").post(VOTERS, {"last_name": "Mine", "external_id": foreign["external_id"]}), 409)
    problem(as_role("manager").get(path(foreign)), 404)


def test_a_hidden_voter_leaves_pages_and_totals(admin, make_campaign, make_voter):
    """The second page goes on where the first ended, and the total counts whom the list shows."""
    campaign = make_campaign()
    voters = [make_voter(campaign_id=campaign)["id"] for _ in range(5)]
    assert admin.delete(f"{VOTERS}/{voters[0]}").status_code == 204
    for count in ("quick", "exact"):
        pages = [
            ok(admin.get(f"{VOTERS}?campaign_id={campaign}&per_page=2&page={page}&count={count}")) for page in (1, 2)
        ]
        assert [[item["id"] for item in page["items"]] for page in pages] == [voters[1:3], voters[3:5]]
        assert [page["total"] for page in pages] == [4, 4]


@pytest.mark.parametrize("role", ["viewer", "canvasser", "organizer"])
def test_who_may_not_delete(as_role, admin, voter, role):
    """403, and it stays."""
    problem(as_role(role).delete(path(voter)), 403)
    ok(admin.get(path(voter)))


def test_head_is_get_without_the_body(admin, campaign, voter):
    """The same status and headers."""
    for where in (path(voter), f"{VOTERS}?campaign_id={campaign}", f"{VOTERS}/999999999"):
        got, head = admin.get(where), admin.head(where)
        assert head.status_code == got.status_code and not head.content
        for name in ("Content-Type", "ETag", "Cache-Control", "Vary"):
            assert head.headers.get(name) == got.headers.get(name), (where, name)


@pytest.mark.parametrize(
    "method, where, allowed",
    [
        ("DELETE", "/api/contact", {"POST"}),
        ("GET", "/api/contact", {"POST"}),
        ("POST", f"{VOTERS}/1", {"GET", "PUT", "PATCH", "DELETE"}),
        ("PATCH", VOTERS, {"GET", "POST"}),
        ("POST", "/healthz", {"GET"}),
    ],
)
def test_other_methods_are_405_with_allow(admin, method, where, allowed):
    """What is allowed is told, HEAD wherever GET is."""
    response = admin.request(method, where)
    problem(response, 405)
    told = {name.strip() for name in response.headers["Allow"].split(",")}
    assert allowed | ({"HEAD"} if "GET" in allowed else set()) <= told and method not in told


def test_a_trailing_slash_is_the_same_path(admin, campaign):
    """No redirect: the body of a POST survives."""
    made = ok(admin.post(f"{VOTERS}/?campaign_id={campaign}", {"last_name": "Slash"}), 201)
    assert ok(admin.get(f"{path(made)}/"))["id"] == made["id"]
    ok(admin.get(f"{VOTERS}/?campaign_id={campaign}"))


def test_unknown_paths_are_problems(public):
    """404 in the same shape."""
    for where in ("/", "/api/v1/vooters", "/api/v1/voters/1/unknown", "/%2e%2e/etc/passwd"):
        problem(public.get(where), 404)
