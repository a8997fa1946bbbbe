"""What an import makes of a file: counts, faults told and mended, safe to run twice."""

import gzip
import io
import json
import uuid
import zipfile

import pytest

from support.client import ok
from support.uploads import Upload, count, counts
from support.voterfiles import as_csv, generated
from support.waiting import wait_until

HEAD = ["voter_id", "first_name", "last_name", "city"]


@pytest.fixture
def target(make_campaign):
    """A campaign for one test."""
    return make_campaign()


@pytest.fixture
def upload(admin, target):
    """upload(rows or bytes, …) → the finished import."""

    def run(content, **options):
        content = content if isinstance(content, bytes) else as_csv(content).encode()
        return Upload(admin, target).send(content, **options).finished()

    return run


def voters(admin, target):
    return {
        item["external_id"]: item
        for item in ok(admin.get(f"/api/v1/voters?campaign_id={target}&per_page=200"))["items"]
    }


def found(admin, target, word):
    """The external ids that a search in the campaign gives."""
    return {item["external_id"] for item in ok(admin.get(f"/api/v1/voters?campaign_id={target}&q={word}"))["items"]}


def walked(admin, target, query):
    """The external ids of a list, page by page behind cursors."""
    out, page = [], ok(admin.get(f"/api/v1/voters?campaign_id={target}&{query}"))
    for _ in range(50):
        out += [item["external_id"] for item in page["items"]]
        if not page.get("next"):
            return out
        page = ok(admin.get(f"/api/v1/voters?campaign_id={target}&{query}&after={page['next']}"))
    raise AssertionError(f"the list has no end: {out}")


def test_answer_and_report(admin, target):
    """202 with the import's address; a final report with counts, times and the way there."""
    upload = Upload(admin, target).send(generated(1000))
    assert upload.response.status_code == 202
    assert uuid.UUID(upload.id).version == 7
    result = upload.finished().result
    assert result["status"] == "completed" and counts(result) == count(1000, created=1000)
    assert upload.errors() == []
    assert upload.id in [item["id"] for item in ok(admin.get(f"/api/v1/voters/imports?campaign_id={target}"))["items"]]


def test_generic_headers_are_recognised_by_name(upload, admin, target):
    """Other words for the same columns; what we don't name stays in extra."""
    rows = [
        [
            "Voter ID",
            "First Name",
            "Surname",
            "DOB",
            "E-mail",
            "Cell Phone",
            "Street Address",
            "Town",
            "State",
            "Zip Code",
            "Shirt",
        ],
        [
            "7",
            "Ada",
            "Lovelace",
            "12/10/1955",
            "Ada@Example.COM",
            "(919) 555-0123 x4",
            "1 Main St",
            "Cary",
            "north carolina",
            "27511-0009",
            "M",
        ],
    ]
    upload(rows)
    voter = voters(admin, target)["7"]
    expected = {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "date_of_birth": "1955-12-10",
        "phone": "+19195550123",
        "city": "Cary",
        "zip": "27511",
        "zip4": "0009",
        "state": "NC",
        "source": f"campaign:{target}",
    }
    assert {name: voter[name] for name in expected} == expected
    assert voter["email"].lower() == "ada@example.com" and voter["extra"]["Shirt"] == "M"


@pytest.mark.parametrize(
    "name, packed",
    [
        ("v.csv", lambda text: text.encode()),
        ("v.csv", lambda text: text.replace("\n", "\r\n").encode()),
        ("v.csv", lambda text: text.rstrip("\n").encode()),
        ("v.csv", lambda text: b"\xef\xbb\xbf" + text.encode()),
        ("v.csv", lambda text: text.encode("utf-16")),
        ("v.csv", lambda text: text.encode("utf-16-be")),
        ("v.csv", lambda text: text.encode("latin-1")),
        ("v.tsv", lambda text: text.replace(",", "\t").encode()),
        ("v.txt", lambda text: text.replace(",", ";").encode()),
        ("v.txt", lambda text: text.replace(",", "|").encode()),
        ("v.csv.gz", lambda text: gzip.compress(text.encode())),
    ],
    ids=["lf", "crlf", "no last newline", "bom", "utf-16", "utf-16be", "latin-1", "tab", "semicolon", "pipe", "gzip"],
)
def test_dialects_and_encodings(upload, admin, target, name, packed):
    """The same two people whatever the wrapping."""
    text = as_csv([HEAD, ["1", "Zoë", "Núñez", "Boone"], ["2", "Renée", "Müller", "Asheville"]])
    assert counts(upload(packed(text), name=name).result) == count(2, created=2)
    found = voters(admin, target)
    assert [(found[i]["first_name"], found[i]["last_name"]) for i in "12"] == [("Zoë", "Núñez"), ("Renée", "Müller")]


def test_twice_is_safe(upload, admin, target):
    """The same file again changes nothing and says so; a changed line is an update."""
    rows = [HEAD, ["1", "A", "One", "Cary"], ["2", "B", "Two", "Cary"], ["3", "C", "Three", "Cary"]]
    assert counts(upload(rows).result) == count(3, created=3)
    before = voters(admin, target)
    assert counts(upload(rows).result) == count(3, unchanged=3)
    assert voters(admin, target) == before
    rows[2][3] = "Boone"
    assert counts(upload(rows).result) == count(3, updated=1, unchanged=2)
    assert voters(admin, target)["2"]["city"] == "Boone"


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
    assert voters(admin, target)["1"]["last_name"] == "Old"


@pytest.mark.parametrize("on_match", ["update", "skip"])
def test_who_is_hidden_stays_so(upload, admin, target, database, on_match):
    """A file that names a hidden voter again changes neither the voter nor the list, whose total is right."""
    rows = [HEAD, *[[str(i), "A", f"N{i}", "Cary"] for i in range(4)]]
    upload(rows)
    before = voters(admin, target)
    assert admin.delete(f"/api/v1/voters/{before['1']['id']}").status_code == 204
    again = upload([*rows[:1], *[[*row[:3], "Boone"] for row in rows[1:]]], on_match=on_match).result
    changed = 3 if on_match == "update" else 0
    assert counts(again) == count(4, updated=changed, unchanged=4 - changed)
    assert set(voters(admin, target)) == {"0", "2", "3"} == set(walked(admin, target, "per_page=1"))
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
    assert set(voters(admin, two)) == {"HD2"}
    assert ok(admin.get(f"/api/v1/voters?campaign_id={two}&count=exact"))["total"] == 1


@pytest.fixture
def shared(admin, make_campaign):
    """Two campaigns and upload(campaign, rows, …), which imports into one of them from a state's file, which both share."""
    head = ["ncid", "county_desc", "voter_reg_num", "first_name", "last_name", "res_city_desc"]

    def run(campaign, rows, columns=None, **options):
        keep = [at for at, name in enumerate(head) if not columns or name in columns]
        content = as_csv([[row[at] for at in keep] for row in [head, *rows]]).encode()
        done = Upload(admin, campaign).send(content, **options).finished()
        assert done.result["rejected"] == 0 and done.result["status"] == "completed"
        return done

    return make_campaign(), make_campaign(), run


def test_a_file_without_names_leaves_names_alone(upload, admin, target):
    """Who is there is still found by the name that a file of phone numbers says nothing about."""
    upload([["voter_id", "first_name", "last_name"], ["1", "Ada", "Lovelace"]])
    assert counts(upload([["voter_id", "phone"], ["1", "9195550123"]]).result) == count(1, updated=1)
    voter = voters(admin, target)["1"]
    assert (voter["first_name"], voter["last_name"], voter["phone"]) == ("Ada", "Lovelace", "+19195550123")
    assert found(admin, target, "Lovelace") == {"1"} == found(admin, target, "Ada")


def test_a_file_with_one_name_leaves_the_other_alone(upload, admin, target):
    """A new last name is searched by, and the first name as before."""
    upload([["voter_id", "first_name", "last_name"], ["1", "Augusta", "Byron"]])
    upload([["voter_id", "last_name"], ["1", "Lovelace"]])
    assert found(admin, target, "Lovelace") == {"1"} == found(admin, target, "Augusta")
    assert found(admin, target, "Byron") == set()


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
    assert found(admin, two, "Hopper") == {"SK1"} == found(admin, two, "Grace")
    assert found(admin, two, "Else") == set()


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
        seen = walked(admin, target, f"sort=last_name&per_page={per_page}")
        assert len(seen) == len(expected) and set(seen) == expected


def test_dry_run_counts_and_keeps_nothing(upload, admin, target):
    """The report of a real run, and an empty table."""
    assert counts(upload(generated(500), dry_run="true").result) == count(500, created=500)
    assert voters(admin, target) == {}


FAULTY = b"""voter_id,first_name,last_name,city
1,Ada,Fine,Cary
2,Bob,"Stray" quote,Cary
,,,Cary
4,Dan,Too,Many,Fields
5,Eve,Fine,Boone
"""


def test_every_rejected_row_comes_back(upload, admin, target):
    """Line, column, reason and the row's own values, for each faulty row and no other."""
    done = upload(FAULTY)
    assert done.result["status"] == "completed_with_errors"
    assert counts(done.result) == count(5, created=2, rejected=3)
    errors = done.errors()
    assert [(row["error_line"], row["error_column"], row["error_code"]) for row in errors] == [
        ("3", "last_name", "quote"),
        ("4", "voter_id", "no_identity"),
        ("5", "", "too_many_values"),
    ]
    assert all(row["error_reason"] for row in errors)
    assert done.errors_text().splitlines()[-1].endswith(",4,Dan,Too,Many,Fields")


@pytest.mark.parametrize("within", [True, False], ids=["behind the fence", "by the owner"])
def test_errors_are_read_once(upload, database, admin, target, within):
    """A long errors.csv is read page by page, each behind the last: not from the beginning for every page."""
    done, many = upload(FAULTY), 20_000
    database.sql(
        """insert into campaign.import_faults (import_id, line, byte_offset, code, reason, text, cells)
            select %s::uuid, 10 + n, 100 + n, 'c', 'r', '', '{}' from generate_series(1, %s) n""",
        done.id,
        many,
    )
    read = """select coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0) from pg_stat_user_tables
        where relname = 'import_faults'"""
    rows = done.result["rejected"] + many
    wait_until(
        lambda: database.one("select n_tup_ins from pg_stat_user_tables where relname = 'import_faults'") >= rows,
        30,
        "the rows to be told",
    )
    before = database.one(read)
    text = admin.get(f"{done.path}/errors.csv" + (f"?campaign_id={target}" if within else "")).text
    assert len(text.splitlines()) == rows + 1
    wait_until(lambda: database.one(read) >= before + rows, 30, "the statistics to be told")
    assert database.one(read) <= before + 3 * rows


def test_mended_errors_are_sent_again(upload, admin, target):
    """errors.csv with its rows mended is itself a file to import: what was missing is then there."""
    first = upload(b"voter_id,first_name,last_name,city\n1,Ada,Fine,Cary\n,,,Boone\n3,Eve,Fine,Apex\n")
    assert counts(first.result) == count(3, created=2, rejected=1)
    text = first.errors_text()
    assert text.count("Boone") == 1
    mended = text.replace(",,,Boone", "2,Bob,Mended,Boone")
    assert mended != text
    second = upload(mended.encode())
    assert counts(second.result) == count(1, created=1)
    found = voters(admin, target)
    assert (found["2"]["first_name"], found["2"]["city"]) == ("Bob", "Boone") and len(found) == 3


def test_mended_errors_take_the_same_mapping(upload, admin, target):
    """A mapping by numbers means the file's own columns, in the list of its refused rows too, and in a list of that."""
    mapping = json.dumps({"external_id": "1", "first_name": "2", "last_name": "3"})
    done = upload(b"1,Ada,One,Cary\n,,,Apex\n,,,Boone\n4,Di,Four,Cary\n", mapping=mapping)
    assert counts(done.result) == count(4, created=2, rejected=2)
    created = []
    for wrong, right in ((",,,Apex", "2,Bob,Two,Apex"), (",,,Boone", "3,Cy,Three,Boone")):
        done = upload(done.errors_text().replace(wrong, right).encode(), mapping=mapping)
        created.append((done.result["created"], done.result["rejected"]))
    assert created == [(1, 1), (1, 0)]
    found = voters(admin, target)
    assert {key: (item["first_name"], item["last_name"], item["extra"]) for key, item in found.items()} == {
        "1": ("Ada", "One", {"column 4": "Cary"}),
        "2": ("Bob", "Two", {"column 4": "Apex"}),
        "3": ("Cy", "Three", {"column 4": "Boone"}),
        "4": ("Di", "Four", {"column 4": "Cary"}),
    }


def test_errors_of_a_zip_name_the_member(upload, admin, target):
    """Of each refused row, and of a member that was left out; the list, sent again, passes that one over."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        out.writestr("wake.csv", "voter_id,last_name,city\n1,One,Cary\n,,Apex\n")
        out.writestr("other.csv", "x,y\n1,2\n")
        out.writestr("boone.csv", "voter_id,last_name,city\n,,Boone\n2,Two,Boone\n")
    first = upload(packed.getvalue(), name="v.zip")
    assert counts(first.result) == count(5, created=2, rejected=3)
    told = {(row["error_member"], row["error_line"], row["error_code"]) for row in first.errors()}
    assert told == {
        ("wake.csv", "3", "no_identity"),
        ("other.csv", "0", "member_skipped"),
        ("boone.csv", "2", "no_identity"),
    }
    again = upload(first.errors_text().replace(",,Apex", "3,Three,Apex").encode())
    assert counts(again.result) == count(2, created=1, rejected=1)
    assert again.errors_text().splitlines()[1].startswith("2,,voter_id,no_identity")
    assert voters(admin, target)["3"]["extra"] == {}


def test_an_odd_byte_costs_no_other_row(upload, admin, target):
    """A file of Latin-1 with one byte that no encoding of it knows."""
    rows = "".join(f"{i},José,Muñoz\n" for i in range(300)).encode("latin-1")
    done = upload(b"voter_id,first_name,last_name\n" + rows + b"x,Odd,By\x9dte\n")
    assert counts(done.result) == count(301, created=301)
    assert voters(admin, target)["7"]["last_name"] == "Muñoz"


def test_full_names_come_apart(upload, admin, target):
    """The suffix stands behind any part of a name."""
    names = ["Smith Jr, John A", "Smith, John A Jr", "King, Jr., Martin Luther", "John V", "Smith, John, Jr"]
    upload([["voter_id", "name"], *[[str(at), name] for at, name in enumerate(names)]])
    found = voters(admin, target)
    parts = [[found[str(at)][f] for f in ("first_name", "middle_name", "last_name", "suffix")] for at in range(5)]
    assert parts == [
        ["John", "A", "Smith", "Jr"],
        ["John", "A", "Smith", "Jr"],
        ["Martin", "Luther", "King", "Jr."],
        ["John", None, "V", None],
        ["John", None, "Smith", "Jr"],
    ]


def test_bad_optional_values_are_warnings(upload, admin, target):
    """An unreadable date or phone does not cost the voter: null, kept in extra, counted."""
    done = upload(
        [["voter_id", "last_name", "date_of_birth", "phone", "email"], ["1", "Kept", "31/31/1980", "12", "no@"]]
    )
    assert counts(done.result) == count(1, created=1) and done.result["warnings"] == 3
    voter = voters(admin, target)["1"]
    assert (voter["date_of_birth"], voter["phone"], voter["email"]) == (None, None, None)
    assert {"31/31/1980", "12", "no@"} <= set(voter["extra"].values())


def test_a_formula_mark_is_taken_off_once(upload, admin, target):
    """What an export neutralised with ' comes back as it was."""
    upload([["voter_id", "last_name", "city"], ["1", "'=SUM(A1)", "''t Harde"], ["2", "'-Dash", "'@home"]])
    found = voters(admin, target)
    assert (
        found["1"]["last_name"] == "=SUM(A1)" and found["2"]["last_name"] == "-Dash" and found["2"]["city"] == "@home"
    )


def test_mapping_names_the_columns(upload, admin, target):
    """With a mapping, headers may say anything."""
    rows = [["a", "b", "c"], ["77", "Ada", "Lovelace"]]
    upload(rows, mapping=json.dumps({"external_id": "a", "first_name": "b", "last_name": "c"}))
    assert voters(admin, target)["77"]["last_name"] == "Lovelace"


def test_source_is_the_uploads(upload, admin, target):
    """Identity is (source, external id): the same id under another source is someone else."""
    rows = [HEAD, ["1", "A", "One", "Cary"]]
    upload(rows, source="club-a")
    assert counts(upload(rows, source="club-b").result) == count(1, created=1)
    assert counts(upload(rows, source="club-a").result) == count(1, unchanged=1)
