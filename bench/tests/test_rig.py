"""The rig's own arithmetic and text work: a wrong ratio or a cheaper statement would go unseen in a table."""
import random
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(BENCH), str(BENCH / "data")]

import zipf_voters  # noqa: E402
from rig import figures, pgbench, recording  # noqa: E402


def test_a_recorded_line_gives_the_statement_and_its_values():
    line = {"message": "execute q7: select $1,\n $2", "detail": "parameters: $1 = 'it''s, $2 = NULL', $2 = NULL"}
    assert recording._statement(line) == recording.Statement("select $1,\n $2", ("it's, $2 = NULL", None))
    assert recording._statement({"message": "checkpoint starting: time"}) is None


def test_literals_that_pgbench_would_take_for_variables_become_parameters():
    made = pgbench.Script("")
    sql = pgbench._without_colons(made, "select 'a:b', x::text -- no:tice\n from t where y = ':'")
    assert sql == "select :c0, x::text from t where y = ':'"
    assert made.constants == {"c0": "a:b"}


def test_what_differs_between_like_requests_is_made_fresh():
    made = pgbench.Script("")
    uuid = "01890a5d-ac96-7cc4-8f1e-0123456789ab"
    tokens = {"1234567": ":n::text", uuid: pgbench._fresh_uuid(uuid)}
    assert pgbench._fresh(made, "1234567", "bigint", tokens) == ":n::bigint"
    assert pgbench._fresh(made, "pat.1234567@x", "text", tokens) == "(:c0::text || :n::text || :c1::text)::text"
    assert "now()" in pgbench._fresh(made, f"mail:{uuid}", "text", tokens)
    assert pgbench._fresh(made, "\\x" + "00" * 40, "bytea", tokens).endswith("'hex'), 1, 40)")
    with pytest.raises(RuntimeError):
        pgbench._fresh(made, "(1,2)", "point", tokens)


def test_the_pipelined_script_repeats_the_statement_with_its_draw():
    made = pgbench.Script("\\set n random(1, 9)", body=["select :n;"])
    assert made.text(copies=2, pipelined=True).splitlines() == [
        "\\startpipeline",
        "\\set n random(1, 9)",
        "select :n;",
        "\\set n random(1, 9)",
        "select :n;",
        "\\endpipeline",
    ]


def test_an_array_of_one_value_is_seen_as_that_value():
    assert pgbench._element("{pat.1@example.com}") == "pat.1@example.com"
    assert pgbench._element("{NULL}") is None
    assert pgbench._element('{"{\\"name\\":\\"Pat\\"}"}') == '{"name":"Pat"}'
    assert pgbench._element('{"\\\\x00ff"}') == "\\x00ff"
    for several in ("{}", "{a,b}", '{"a","b"}'):
        with pytest.raises(RuntimeError):
            pgbench._element(several)


def test_a_ratio_of_medians_is_judged_by_its_bound():
    figure = figures.faster("w", "p", [90, 100, 400], [100, 100, 100], 1.0, 2)
    assert (figure.got, figure.passed) == ("1.00 × (0.90–4.00)", True)
    assert figures.faster("w", "p", [99], [100], 1.0).passed is False
    assert "FAIL" in figures.table([figures.at_most("w", "p", 61, 60, "MB")])


def test_surnames_are_many_and_queries_are_one_edit_away():
    names = zipf_voters.surnames()
    assert len(set(names)) == zipf_voters.SURNAMES
    draw = random.Random(1)
    for name in names[:500]:
        query = zipf_voters.one_edit(name.lower(), draw)
        assert abs(len(query) - len(name)) <= 1
