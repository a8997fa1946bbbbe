"""The five states' voter files, recognised by their columns."""

import pytest

from support.uploads import Upload, count, counts, voters_of
from support.voterfiles import florida, north_carolina, ohio, texas, washington

FILES = {
    "us-nc": ("ncvoter92.txt", north_carolina, 2),
    "us-oh": ("SWVF_1_22.txt", ohio, 2),
    "us-fl": ("20260101_VoterDetail.zip", florida, 3),
    "us-wa": ("VRDB_Extract.txt", washington, 1),
    "us-tx": ("statewide.csv", texas, 1),
}


@pytest.fixture(scope="module")
def imported(admin, make_campaign):
    """imported("us-nc") → that state's import, and its voters by external id. Each state has a campaign of its own."""
    done = {}

    def get(state):
        if state not in done:
            name, content, _ = FILES[state]
            campaign = make_campaign()
            upload = Upload(admin, campaign).send(content(), name=name).finished()
            done[state] = upload, voters_of(admin, campaign)
        return done[state]

    return get


def expect(voter, **fields):
    found = {name: voter[name] for name in fields}
    assert found == fields


@pytest.mark.parametrize("state", FILES)
def test_every_row_is_created(imported, state):
    """Recognised without being told; nothing rejected; the source is the state."""
    upload, voters = imported(state)
    rows = FILES[state][2]
    assert upload.result["status"] == "completed"
    assert counts(upload.result) == count(rows, created=rows)
    assert len(voters) == rows and {voter["source"] for voter in voters.values()} == {state}


def test_north_carolina(imported):
    """Tab, quoted, Latin-1; phones in E.164, ZIP+4 apart, ##/##/#### is no date."""
    _, voters = imported("us-nc")
    expect(
        voters["AA100001"],
        first_name="JOSÉ",
        last_name="NUÑEZ",
        phone="+19195550123",
        zip="27601",
        zip4="1234",
        birth_year=1971,
        party="UNA",
        gender="M",
        registered_at="2004-03-15",
        city="RALEIGH",
        state="NC",
        address="12 MAIN ST #4",
        precinct="01-07",
    )
    expect(voters["AA100001"]["mailing"], address="PO BOX 9", city="CARY", state="NC", zip="27511")
    expect(voters["AA100001"]["districts"], congressional="2", state_senate="14", state_house="38")
    expect(voters["AA100002"], registered_at=None, birth_year=1980, phone=None)


@pytest.mark.parametrize("delimiter", [",", "|"])
def test_ohio(admin, make_campaign, delimiter):
    """Comma or pipe; a leap day; the election columns are kept in extra."""
    campaign = make_campaign()
    Upload(admin, campaign).send(ohio(delimiter), name="SWVF.txt", source="ignored").finished()
    voters = voters_of(admin, campaign)
    expect(
        voters["OH0012345678"],
        last_name="DE LA CRUZ",
        date_of_birth="1968-02-29",
        registered_at="1992-10-05",
        zip="43215",
        zip4="0042",
        address="77 HIGH ST",
        address2="APT 3",
        source="us-oh",
    )
    assert voters["OH0012345678"]["extra"]["GENERAL-11/07/2000"] == "X"
    expect(voters["OH0012345679"], suffix="JR", city="AKRON")


def test_florida(imported):
    """Headerless in a zip; `*` is nothing; without a name the id is enough."""
    _, voters = imported("us-fl")
    expect(
        voters["100000001"],
        first_name="Maria",
        middle_name="Luz",
        last_name="Peña",
        date_of_birth="1976-07-04",
        registered_at="1995-01-02",
        phone="+13525550142",
        email="maria@example.com",
        zip="32601",
        zip4="1234",
        gender="F",
    )
    expect(voters["100000001"]["districts"], congressional="3", state_house="21", state_senate="8")
    expect(voters["100000002"], last_name="Hidden", date_of_birth=None, email=None, phone=None, address=None, city=None)
    expect(voters["100000003"], first_name=None, last_name=None)


def test_mended_rows_of_florida_are_floridas(admin, make_campaign):
    """errors.csv names Florida's columns: mended and sent again, its voters are of that source, telephone and all."""
    good, bad = [""] * 38, [""] * 38
    for row, number in ((good, "100000011"), (bad, "")):
        row[0], row[1], row[21], row[22] = "ALA", number, "07/04/1976", "01/02/1995"
    bad[34], bad[35] = "352", "5550142"
    lines = ["\t".join(row) for row in [good] * 9 + [bad]]
    campaign = make_campaign()
    first = Upload(admin, campaign).send("\n".join(lines).encode() + b"\n", name="fl.txt").finished()
    assert (first.result["source"], first.result["rejected"]) == ("us-fl", 1)
    mended = first.errors_text().replace("ALA,,", "ALA,100000012,")
    second = Upload(admin, campaign).send(mended.encode(), name="errors.csv").finished()
    assert (second.result["source"], second.result["created"]) == ("us-fl", 1)
    expect(
        voters_of(admin, campaign)["100000012"],
        source="us-fl",
        phone="+13525550142",
        date_of_birth="1976-07-04",
        extra={},
    )


def test_washington(imported):
    """Pipe, Latin-1; the address put together from its pieces."""
    _, voters = imported("us-wa")
    expect(
        voters["WA0001"],
        first_name="Renée",
        last_name="O'Brien",
        birth_year=1990,
        city="SEATTLE",
        zip="98101",
        registered_at="2012-08-01",
    )
    address = " ".join(filter(None, (voters["WA0001"]["address"], voters["WA0001"]["address2"])))
    assert address.split() == ["1420", "NW", "Pine", "St", "APT", "5B"]


def test_texas(imported):
    """CSV with dates in one piece."""
    _, voters = imported("us-tx")
    expect(
        voters["1009998887"],
        first_name="LUIS",
        last_name="GARZA",
        suffix="III",
        date_of_birth="1955-01-02",
        registered_at="2001-02-03",
        precinct="301",
    )


def test_the_same_person_of_two_campaigns_is_one(admin, make_campaign, database):
    """The state's file in two campaigns: one voter in the base, linked twice."""
    for _ in range(2):
        Upload(admin, make_campaign()).send(washington(), name="wa.txt").finished()
    assert database.one("select count(*) from campaign.voters where source = 'us-wa' and identity = 'WA0001'") == 1
