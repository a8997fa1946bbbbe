"""A file that comes again changes what it tells of, and leaves the rest as people made it."""

import pytest

from support.client import ok
from support.uploads import Upload, count, counts, found_by, voters_of, walk
from support.voterfiles import as_csv

HEAD = ["voter_id", "first_name", "last_name", "city"]
FIRST = """Voter ID,First Name,Last Name,Phone,City,Congressional District,State Senate District,Mailing Address,Mailing City,Note,zip,zip4
M1,Ann,Lee,919-555-0101,Cary,4,15,PO Box 1,Cary,likes dogs,27601,1234
M2,Bob,Poe,919-555-0102,Cary,4,15,PO Box 2,Cary,likes cats,27601,1234
"""
SECOND = """Voter ID,First Name,Last Name,Phone,Email,Congressional District,Mailing City,Note,Score,zip
M1,Ann,Lee,919-555-0199,a@b.org,5,Apex,,88,27601
M2,Bob,Poe,,,,,likes both,,27513
"""


@pytest.fixture
def shared(admin, make_campaign):
    """Two campaigns and upload(campaign, rows, …), which imports into one of them from a state's file, which both share."""
    head = ["ncid", "county_desc", "voter_reg_num", "first_name", "last_name", "res_city_desc"]

    def run(campaign, rows, **options):
        done = Upload(admin, campaign).send(as_csv([head, *rows]).encode(), **options).finished()
        assert done.result["rejected"] == 0 and done.result["status"] == "completed"
        return done

    return make_campaign(), make_campaign(), run


def test_a_file_leaves_what_it_has_no_column_for(admin, target):
    """Further phones and addresses, other districts, parts of the mailing address, other extra values, the ZIP's end."""
    Upload(admin, target).send(FIRST, prefer="wait=30").finished()
    ann = voters_of(admin, target)["M1"]
    by_hand = {
        "phones": ["+19195550101", "+19195550199", "+19195550198"],
        "emails": ["old@b.org", "c@d.org"],
        "extra": {**ann["extra"], "volunteer": "yes"},
    }
    ok(admin.patch(f"/api/v1/voters/{ann['id']}?campaign_id={target}", by_hand))
    again = Upload(admin, target).send(SECOND, prefer="wait=30").finished()
    assert counts(again.result) == count(2, updated=2)

    ann, bob = (voters_of(admin, target)[key] for key in ("M1", "M2"))
    assert ann["phones"] == ["+19195550199", "+19195550198"]  # the file's first, and not twice
    assert ann["emails"] == ["a@b.org", "c@d.org"]
    assert ann["districts"] == {"congressional": "5", "state_senate": "15"}
    assert ann["mailing"] == {"address": "PO Box 1", "city": "Apex"}
    assert ann["extra"] == {"Score": "88", "volunteer": "yes"}  # an empty cell clears
    assert (ann["zip"], ann["zip4"], ann["city"]) == ("27601", "1234", "Cary")

    assert bob["phone"] is None and bob["phones"] == []
    assert bob["districts"] == {"state_senate": "15"} and bob["mailing"] == {"address": "PO Box 2"}
    assert bob["extra"] == {"Note": "likes both"}
    assert (bob["zip"], bob["zip4"]) == ("27513", None)


def test_a_file_that_tells_of_all_leaves_nothing_else(admin, target):
    """Several phone columns are all the phones; a column of all four values of a ZIP is the whole ZIP."""
    header = "Voter ID,First Name,Last Name,Home Phone,Cell Phone,zip,zip4\n"
    Upload(admin, target).send(
        f"{header}M1,Ann,Lee,919-555-0101,919-555-0102,27601,1234\n", prefer="wait=30"
    ).finished()
    assert len(voters_of(admin, target)["M1"]["phones"]) == 2
    Upload(admin, target).send(f"{header}M1,Ann,Lee,919-555-0101,,27601,\n", prefer="wait=30").finished()
    ann = voters_of(admin, target)["M1"]
    assert ann["phones"] == ["+19195550101"] and ann["zip4"] is None


def test_twice_is_safe(upload, admin, target):
    """The same file again changes nothing and says so; a changed line is an update."""
    rows = [HEAD, ["1", "A", "One", "Cary"], ["2", "B", "Two", "Cary"], ["3", "C", "Three", "Cary"]]
    assert counts(upload(rows).result) == count(3, created=3)
    before = voters_of(admin, target)
    assert counts(upload(rows).result) == count(3, unchanged=3)
    assert voters_of(admin, target) == before
    rows[2][3] = "Boone"
    assert counts(upload(rows).result) == count(3, updated=1, unchanged=2)
    assert voters_of(admin, target)["2"]["city"] == "Boone"


def test_of_two_lines_about_one_voter_the_later_wins(upload, admin, target):
    """Counted as a duplicate, whatever lies between."""
    rows = [
        HEAD,
        ["1", "A", "First", "Cary"],
        *[[str(i), "X", "Between", "Cary"] for i in range(10, 3000)],
        ["1", "A", "Last", "Boone"],
    ]
    assert counts(upload(rows).result) == count(2992, created=2991, duplicates=1)
    assert ok(admin.get(f"/api/v1/voters?campaign_id={target}&q=Last"))["items"][0]["city"] == "Boone"


def test_on_match_skip_leaves_who_is_there(upload, admin, target):
    """With skip, known voters stay as they were, new ones come."""
    upload([HEAD, ["1", "A", "Old", "Cary"]])
    result = upload([HEAD, ["1", "A", "New", "Boone"], ["2", "B", "Two", "Boone"]], on_match="skip").result
    assert counts(result) == count(2, created=1, unchanged=1)
    assert voters_of(admin, target)["1"]["last_name"] == "Old"


def test_source_is_the_uploads(upload, admin, target):
    """Identity is (source, external id): the same id under another source is someone else."""
    rows = [HEAD, ["1", "A", "One", "Cary"]]
    upload(rows, source="club-a")
    assert counts(upload(rows, source="club-b").result) == count(1, created=1)
    assert counts(upload(rows, source="club-a").result) == count(1, unchanged=1)


@pytest.mark.parametrize("on_match", ["update", "skip"])
def test_who_is_hidden_stays_so(upload, admin, target, database, on_match):
    """A file that names a hidden voter again changes neither the voter nor the list, whose total is right."""
    rows = [HEAD, *[[str(i), "A", f"N{i}", "Cary"] for i in range(4)]]
    upload(rows)
    before = voters_of(admin, target)
    assert admin.delete(f"/api/v1/voters/{before['1']['id']}").status_code == 204
    again = upload([*rows[:1], *[[*row[:3], "Boone"] for row in rows[1:]]], on_match=on_match).result
    changed = 3 if on_match == "update" else 0
    assert counts(again) == count(4, updated=changed, unchanged=4 - changed)
    assert set(voters_of(admin, target)) == {"0", "2", "3"} == set(walk(admin, target, "per_page=1"))
    assert ok(admin.get(f"/api/v1/voters?campaign_id={target}&count=exact"))["total"] == 3
    assert database.one("select city from campaign.voters where id = %s", before["1"]["id"]) == "Cary"


def test_who_is_hidden_comes_to_no_other_campaign(shared, admin):
    """Nor is a hidden voter linked to a campaign that did not hold it."""
    one, two, run = shared
    rows = [["HD1", "WAKE", "1", "Grace", "Hopper", "CARY"], ["HD2", "WAKE", "2", "Ada", "Lovelace", "CARY"]]
    run(one, rows)
    hidden = next(i for i in ok(admin.get(f"/api/v1/voters?campaign_id={one}"))["items"] if i["external_id"] == "HD1")
    assert admin.delete(f"/api/v1/voters/{hidden['id']}").status_code == 204
    assert counts(run(two, rows).result) == count(2, created=1, unchanged=1)
    assert set(voters_of(admin, two)) == {"HD2"}
    assert ok(admin.get(f"/api/v1/voters?campaign_id={two}&count=exact"))["total"] == 1


def test_a_file_without_names_leaves_names_alone(upload, admin, target):
    """Who is there is still found by the name that a file of phone numbers says nothing about."""
    upload([["voter_id", "first_name", "last_name"], ["1", "Ada", "Lovelace"]])
    assert counts(upload([["voter_id", "phone"], ["1", "9195550123"]]).result) == count(1, updated=1)
    voter = voters_of(admin, target)["1"]
    assert (voter["first_name"], voter["last_name"], voter["phone"]) == ("Ada", "Lovelace", "+19195550123")
    assert found_by(admin, target, "Lovelace") == {"1"} == found_by(admin, target, "Ada")


def test_a_file_with_one_name_leaves_the_other_alone(upload, admin, target):
    """A new last name is searched by, and the first name as before."""
    upload([["voter_id", "first_name", "last_name"], ["1", "Augusta", "Byron"]])
    upload([["voter_id", "last_name"], ["1", "Lovelace"]])
    assert found_by(admin, target, "Lovelace") == {"1"} == found_by(admin, target, "Augusta")
    assert found_by(admin, target, "Byron") == set()


@pytest.mark.parametrize("again", [False, True], ids=["new to the campaign", "removed before"])
def test_who_is_linked_is_found_by_the_names_they_have(shared, admin, again):
    """With skip, a known voter keeps the other names, and the link to it has those, not the file's."""
    one, two, run = shared
    run(one, [["SK1", "WAKE", "1", "Grace", "Hopper", "CARY"]])
    if again:
        run(two, [["SK1", "WAKE", "1", "Grace", "Hopper", "CARY"]])
        voter = ok(admin.get(f"/api/v1/voters?campaign_id={two}"))["items"][0]["id"]
        assert admin.delete(f"/api/v1/voters/{voter}?campaign_id={two}").status_code == 204
    run(two, [["SK1", "WAKE", "1", "Somebody", "Else", "CARY"]], on_match="skip")
    assert ok(admin.get(f"/api/v1/voters?campaign_id={two}"))["items"][0]["last_name"] == "Hopper"
    assert found_by(admin, two, "Hopper") == {"SK1"} == found_by(admin, two, "Grace")
    assert found_by(admin, two, "Else") == set()


@pytest.mark.parametrize(
    "columns", [["voter_id", "city"], ["voter_id", "last_name"]], ids=["no names", "last name only"]
)
def test_a_list_by_name_holds_everybody_once(upload, admin, target, columns):
    """Whoever lacks a name is in the list too, page by page."""
    whole = [["voter_id", "first_name", "last_name"], *[[f"n{i}", f"F{i}", f"L{i % 3}"] for i in range(8)]]
    upload(whole)
    upload([columns, *[[f"x{i}", f"L{i % 3}"] for i in range(9)]])
    expected = {f"n{i}" for i in range(8)} | {f"x{i}" for i in range(9)}
    for per_page in (1, 2, 5):
        seen = walk(admin, target, f"sort=last_name&per_page={per_page}")
        assert len(seen) == len(expected) and set(seen) == expected
