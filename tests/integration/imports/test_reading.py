"""What an import reads out of a file: columns, dialects, encodings, values, and its report."""

import gzip
import json
import uuid

import pytest

from support.client import ok
from support.uploads import Upload, count, counts, voters_of
from support.voterfiles import as_csv, generated

HEAD = ["voter_id", "first_name", "last_name", "city"]


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
    voter = voters_of(admin, target)["7"]
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
    found = voters_of(admin, target)
    assert [(found[i]["first_name"], found[i]["last_name"]) for i in "12"] == [("Zoë", "Núñez"), ("Renée", "Müller")]


def test_dry_run_counts_and_keeps_nothing(upload, admin, target):
    """The report of a real run, and an empty table."""
    assert counts(upload(generated(500), dry_run="true").result) == count(500, created=500)
    assert voters_of(admin, target) == {}


def test_an_odd_byte_costs_no_other_row(upload, admin, target):
    """A file of Latin-1 with one byte that no encoding of it knows."""
    rows = "".join(f"{i},José,Muñoz\n" for i in range(300)).encode("latin-1")
    done = upload(b"voter_id,first_name,last_name\n" + rows + b"x,Odd,By\x9dte\n")
    assert counts(done.result) == count(301, created=301)
    assert voters_of(admin, target)["7"]["last_name"] == "Muñoz"


def test_full_names_come_apart(upload, admin, target):
    """The suffix stands behind any part of a name."""
    names = ["Smith Jr, John A", "Smith, John A Jr", "King, Jr., Martin Luther", "John V", "Smith, John, Jr"]
    upload([["voter_id", "name"], *[[str(at), name] for at, name in enumerate(names)]])
    found = voters_of(admin, target)
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
    voter = voters_of(admin, target)["1"]
    assert (voter["date_of_birth"], voter["phone"], voter["email"]) == (None, None, None)
    assert {"31/31/1980", "12", "no@"} <= set(voter["extra"].values())


def test_a_formula_mark_is_taken_off_once(upload, admin, target):
    """What an export neutralised with ' comes back as it was."""
    upload([["voter_id", "last_name", "city"], ["1", "'=SUM(A1)", "''t Harde"], ["2", "'-Dash", "'@home"]])
    found = voters_of(admin, target)
    assert (
        found["1"]["last_name"] == "=SUM(A1)" and found["2"]["last_name"] == "-Dash" and found["2"]["city"] == "@home"
    )


def test_mapping_names_the_columns(upload, admin, target):
    """With a mapping, headers may say anything."""
    rows = [["a", "b", "c"], ["77", "Ada", "Lovelace"]]
    upload(rows, mapping=json.dumps({"external_id": "a", "first_name": "b", "last_name": "c"}))
    assert voters_of(admin, target)["77"]["last_name"] == "Lovelace"
