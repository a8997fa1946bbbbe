"""The importer's record reader beside other readers: csv-spectrum's vectors, DuckDB, Python's csv."""

import csv
import ctypes
import io
import json
import os
import random
import subprocess
from pathlib import Path

import pytest

from support.voterfiles import generated

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DUMP = Path(os.environ.get("TOWNHALL_BIN", ROOT / "build/release/townhall")).with_name("importer_dump")


@pytest.fixture(scope="session")
def third_party():
    """The folder with the other readers. Without npm this fails: a comparison that is skipped proves nothing."""
    done = subprocess.run([HERE / "fetch"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


class DuckDB:
    """DuckDB through its C interface: as much of it as writes a query's result as JSON lines."""

    def __init__(self, library, folder):
        self.c = ctypes.CDLL(str(library))
        self.c.duckdb_result_error.restype = ctypes.c_char_p
        self.out = folder / "duckdb.json"
        database, self.connection = ctypes.c_void_p(), ctypes.c_void_p()
        assert self.c.duckdb_open(None, ctypes.byref(database)) == 0
        assert self.c.duckdb_connect(database, ctypes.byref(self.connection)) == 0

    def run(self, sql):
        result = ctypes.create_string_buffer(256)  # a duckdb_result, with room to spare
        status = self.c.duckdb_query(self.connection, sql.encode(), result)
        error = self.c.duckdb_result_error(result) if status else None
        self.c.duckdb_destroy_result(result)
        assert status == 0, error

    def rows(self, query):
        self.run(f"COPY ({query}) TO '{self.out}' (FORMAT json)")
        return [list(json.loads(line).values()) for line in self.out.read_text().splitlines()]


@pytest.fixture(scope="session")
def duckdb(third_party, tmp_path_factory):
    return DuckDB(third_party / "duckdb/libduckdb.so", tmp_path_factory.mktemp("duckdb"))


def ours(path):
    """(rows, faults) as the importer's reader sees the file; the header is not among the rows."""
    assert DUMP.exists(), f"{DUMP} is not built: ./dev build release importer_dump"
    done = subprocess.run([DUMP, "rows", path], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    seen = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return [row for row in seen if isinstance(row, list)], [row for row in seen if isinstance(row, dict)]


def test_csv_spectrum(third_party):
    """Every vector reads as its author says."""
    vectors = sorted((third_party / "csv-spectrum/csvs").glob("*.csv"))
    assert len(vectors) >= 12
    for vector in vectors:
        expected = json.loads((vector.parent.parent / "json" / f"{vector.stem}.json").read_text())
        expected = expected if isinstance(expected, list) else [expected]
        rows, faults = ours(vector)
        if vector.stem == "location_coordinates":
            # The vector's author changed the number in its CSV and not in its JSON.
            expected[0]["Contact Phone Number"] = "2095257564"
        keys, values = list(expected[0]), [list(row.values()) for row in expected]
        assert faults == [], vector.name
        # A header of unknown words over text can't be told from a row.
        assert rows in (values, [keys] + values), vector.name


PIECES = [
    "",
    "a",
    "Zoë",
    "O'Neil",
    '"',
    '""',
    ",",
    ";",
    "\t",
    "|",
    "\n",
    "\r\n",
    " ",
    "x,y",
    '"q"',
    "1",
    "€",
    "\\",
    "'",
    "=1",
]


def random_table(dice, delimiter, newline):
    header = ["voter_id", "first_name", "last_name", "note", "city"]
    rows = [
        [f"{i}"] + ["".join(dice.choice(PIECES) for _ in range(dice.randint(0, 4))) for _ in range(4)]
        for i in range(dice.randint(1, 60))
    ]
    out = io.StringIO(newline="")
    quoting = dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    csv.writer(out, delimiter=delimiter, lineterminator=newline, quoting=quoting).writerows([header] + rows)
    return out.getvalue().encode(), rows


@pytest.mark.parametrize("seed", range(60))
def test_well_formed_tables_read_as_they_were_written(tmp_path, seed):
    """Whatever the values hold: delimiters, quotes, line ends. Python's csv wrote them, the importer finds them."""
    dice = random.Random(seed)
    content, rows = random_table(dice, dice.choice(",;\t|"), dice.choice(["\n", "\r\n"]))
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    assert ours(path) == (rows, [])


@pytest.mark.parametrize("seed", range(20))
def test_duckdb_reads_the_same(tmp_path, duckdb, seed):
    """DuckDB, told the dialect, sees the rows that the importer sees without being told."""
    dice = random.Random(1000 + seed)
    delimiter = dice.choice(",;\t|")
    content, _ = random_table(dice, delimiter, "\n")
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    theirs = duckdb.rows(
        f"SELECT coalesce(COLUMNS(*), '') FROM read_csv('{path}', delim='{delimiter}', quote='\"', escape='\"', header=true,"
        " all_varchar=true, auto_detect=false, columns={'a':'VARCHAR','b':'VARCHAR','c':'VARCHAR','d':'VARCHAR','e':'VARCHAR'})"
    )
    assert ours(path) == (theirs, [])


def test_duckdb_reads_a_voter_file_the_same(tmp_path, duckdb):
    """20,000 generated voters, every value."""
    path = tmp_path / "voters.csv"
    path.write_bytes(generated(20_000))
    theirs = duckdb.rows(f"SELECT coalesce(COLUMNS(*), '') FROM read_csv('{path}', header=true, all_varchar=true)")
    rows, faults = ours(path)
    assert faults == [] and len(rows) == 20_000 and rows == theirs


def test_duckdb_rejects_the_same_lines(tmp_path, duckdb):
    """Rows with too many or too few values: the same line numbers, and the same rows left."""
    dice = random.Random(5)
    lines = generated(3_000).decode().splitlines()
    broken = sorted(dice.sample(range(1, len(lines)), 40))
    for at in broken:
        lines[at] = lines[at] + ",one,more" if dice.random() < 0.5 else lines[at].rsplit(",", 3)[0]
    path = tmp_path / "voters.csv"
    path.write_text("\n".join(lines) + "\n")
    theirs = duckdb.rows(
        f"SELECT coalesce(COLUMNS(*), '') FROM read_csv('{path}', header=true, all_varchar=true, delim=',', quote='\"', store_rejects=true)"
    )
    rejected = {int(row[0]) for row in duckdb.rows("SELECT DISTINCT line FROM reject_errors")}
    rows, faults = ours(path)
    assert rows == theirs
    assert {fault["line"] for fault in faults} == rejected == {at + 1 for at in broken}


def test_a_stray_quote_costs_one_line_where_duckdb_loses_many(tmp_path, duckdb):
    """The reason for a reader of our own: one quote too many, and every other row is still there, in its place."""
    lines = generated(5_000).decode().splitlines()
    lines[2_500] = lines[2_500].replace(",", ',"', 1)
    path = tmp_path / "voters.csv"
    path.write_text("\n".join(lines) + "\n")
    rows, faults = ours(path)
    assert [fault["line"] for fault in faults] == [2_501]
    assert faults[0]["text"] == lines[2_500]
    assert [row[0] for row in rows] == [f"NC{i:09d}" for i in range(5_000) if i != 2_499]
