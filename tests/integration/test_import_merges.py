"""A file that comes again changes what it tells of, and leaves the rest as people made it."""

from support.client import ok
from support.uploads import Upload, count, counts

FIRST = """Voter ID,First Name,Last Name,Phone,City,Congressional District,State Senate District,Mailing Address,Mailing City,Note,zip,zip4
M1,Ann,Lee,919-555-0101,Cary,4,15,PO Box 1,Cary,likes dogs,27601,1234
M2,Bob,Poe,919-555-0102,Cary,4,15,PO Box 2,Cary,likes cats,27601,1234
"""
SECOND = """Voter ID,First Name,Last Name,Phone,Email,Congressional District,Mailing City,Note,Score,zip
M1,Ann,Lee,919-555-0199,a@b.org,5,Apex,,88,27601
M2,Bob,Poe,,,,,likes both,,27513
"""


def voters(admin, campaign):
    return {item["external_id"]: item for item in ok(admin.get(f"/api/v1/voters?campaign_id={campaign}"))["items"]}


def test_a_file_leaves_what_it_has_no_column_for(admin, make_campaign):
    """Further phones and addresses, other districts, parts of the mailing address, other extra values, the ZIP's end."""
    target = make_campaign()
    Upload(admin, target).send(FIRST, prefer="wait=30").finished()
    ann = voters(admin, target)["M1"]
    by_hand = {
        "phones": ["+19195550101", "+19195550199", "+19195550198"],
        "emails": ["old@b.org", "c@d.org"],
        "extra": {**ann["extra"], "volunteer": "yes"},
    }
    ok(admin.patch(f"/api/v1/voters/{ann['id']}?campaign_id={target}", by_hand))
    again = Upload(admin, target).send(SECOND, prefer="wait=30").finished()
    assert counts(again.result) == count(2, updated=2)

    ann, bob = (voters(admin, target)[key] for key in ("M1", "M2"))
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


def test_a_file_that_tells_of_all_leaves_nothing_else(admin, make_campaign):
    """Several phone columns are all the phones; a column of all four values of a ZIP is the whole ZIP."""
    target = make_campaign()
    header = "Voter ID,First Name,Last Name,Home Phone,Cell Phone,zip,zip4\n"
    Upload(admin, target).send(
        f"{header}M1,Ann,Lee,919-555-0101,919-555-0102,27601,1234\n", prefer="wait=30"
    ).finished()
    assert len(voters(admin, target)["M1"]["phones"]) == 2
    Upload(admin, target).send(f"{header}M1,Ann,Lee,919-555-0101,,27601,\n", prefer="wait=30").finished()
    ann = voters(admin, target)["M1"]
    assert ann["phones"] == ["+19195550101"] and ann["zip4"] is None
