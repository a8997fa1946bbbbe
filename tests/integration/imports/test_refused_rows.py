"""Rows that an import refuses: told with their place and reason, and sent again once mended."""

import io
import json
import zipfile

import pytest

from support.uploads import count, counts, voters_of
from support.waiting import wait_until


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
    found = voters_of(admin, target)
    assert (found["2"]["first_name"], found["2"]["city"]) == ("Bob", "Boone") and len(found) == 3


def test_mended_errors_take_the_same_mapping(upload, admin, target):
    """A mapping by numbers means the file's own columns, in the list of its refused rows too, and in a list of that,
    whose columns are the same."""
    mapping = json.dumps({"external_id": "1", "first_name": "2", "last_name": "3"})
    done = upload(b"1,Ada,One,Cary\n,,,Apex\n,,,Boone\n4,Di,Four,Cary\n", mapping=mapping)
    assert counts(done.result) == count(4, created=2, rejected=2)
    created, header = [], done.errors_text().splitlines()[0]
    assert header.split(",")[5:] == [f"column {at}" for at in (1, 2, 3, 4)]
    for wrong, right in ((",,,Apex", "2,Bob,Two,Apex"), (",,,Boone", "3,Cy,Three,Boone")):
        done = upload(done.errors_text().replace(wrong, right).encode(), mapping=mapping)
        created.append((done.result["created"], done.result["rejected"]))
        assert done.errors_text().splitlines()[0] == header
    assert created == [(1, 1), (1, 0)]
    found = voters_of(admin, target)
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
    assert voters_of(admin, target)["3"]["extra"] == {}
