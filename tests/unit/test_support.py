"""The harness's own tools, tested on a real PostgreSQL."""

import json

import psycopg2
import pytest

from support.chaosproxy import ChaosProxy
from support.ledger import Ledger
from support.server import sanitizer_findings
from support.waiting import wait_until


@pytest.fixture(scope="module")
def database(cluster):
    database = cluster.new_database()
    database.sql("create table facts (fact text)")
    yield database
    database.drop()


@pytest.fixture
def proxy(cluster):
    proxy = ChaosProxy(cluster.folder / ".s.PGSQL.5432")
    yield proxy
    proxy.close()


def through(proxy, database):
    return psycopg2.connect(host="127.0.0.1", port=proxy.port, dbname=database.name, user="postgres")


def test_ledger_keeps_whole_lines_only(tmp_path):
    """A ledger gives back what was recorded, and ignores a line that was cut short."""
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.record(key="a", id=1)
    ledger.record(key="b", id=2)
    with open(path, "ab") as file:
        file.write(json.dumps({"key": "c"}).encode()[:-2])
    assert [entry["key"] for entry in Ledger(path).entries()] == ["a", "b"]


def test_waiting_fails_with_what_was_awaited():
    """A condition that never holds fails, and says so."""
    with pytest.raises(AssertionError, match="the moon"):
        wait_until(lambda: False, 0.05, "the moon")


def test_proxy_passes_everything_until_armed(proxy, database):
    """Unarmed, the proxy is invisible."""
    with through(proxy, database) as connection, connection.cursor() as cursor:
        cursor.execute("select repeat('x', 1000000)")
        assert len(cursor.fetchone()[0]) == 1_000_000
    assert not proxy.fired.is_set()


def test_proxy_loses_the_answer_to_a_commit_once(proxy, database):
    """The transaction that carries the marker commits, its client never learns; the next one is left alone."""
    proxy.arm(b"the marked fact")
    connection = through(proxy, database)
    cursor = connection.cursor()
    cursor.execute("insert into facts values ('the marked fact')")  # answered: the transaction is open
    with pytest.raises(psycopg2.Error):
        connection.commit()
    assert proxy.fired.is_set()
    assert database.one("select count(*) from facts where fact = 'the marked fact'") == 1
    with through(proxy, database) as again, again.cursor() as cursor:
        cursor.execute("insert into facts values ('the marked fact')")
    assert database.one("select count(*) from facts where fact = 'the marked fact'") == 2


def test_proxy_loses_the_answer_to_an_implicit_commit(proxy, database):
    """A statement outside a transaction commits by itself: its own answer is what is lost."""
    proxy.arm(b"alone")
    connection = through(proxy, database)
    connection.autocommit = True
    with pytest.raises(psycopg2.Error):
        connection.cursor().execute("insert into facts values ('alone')")
    assert database.one("select count(*) from facts where fact = 'alone'") == 1


def test_cluster_comes_back_after_kill(own_cluster):
    """A killed PostgreSQL loses no commit and starts again: durable settings are on."""
    assert own_cluster.execute("postgres", "show fsync") == [("on",)]
    own_cluster.execute("postgres", "create table t as select 1 as kept")
    own_cluster.kill()
    own_cluster.start()
    assert own_cluster.execute("postgres", "select kept from t") == [(1,)]


@pytest.mark.promise(
    "P61",
    "what a sanitizer finds in a server, a worker or a command fails the test that ran it; the whole suite runs under them"
    " by `./dev test --preset debug` and `tsan`, last told in docs/long-runs.md",
)
@pytest.mark.parametrize(
    "report",
    [
        "==4711==ERROR: AddressSanitizer: heap-use-after-free on address 0x60 at pc 0x55",
        "==4711==ERROR: LeakSanitizer: detected memory leaks",
        "WARNING: ThreadSanitizer: data race (pid=4711)",
        "../../src/platform/http/uri.cpp:12:7: runtime error: signed integer overflow",
    ],
)
def test_findings_of_sanitizers_are_seen(report):
    """A report is found among the lines of a log; a log line that speaks of errors is none."""
    line = '{"level":"error","message":"runtime error: ==1==ERROR: no"}'
    assert sanitizer_findings(f"{line}\n{report}\n    #0 0x55 in main\n{line}\n") == [report]
    assert sanitizer_findings(f"{line}\n{line}\n") == []
