"""The statements that Townhall sends for a request, as PostgreSQL itself saw them: nothing of them is retyped here."""
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from .cluster import Cluster

_EXECUTE = re.compile(r"(?:execute [^:]+|statement): ", re.ASCII)
_SAME_REQUEST_MS = 50
# What the server does of its own accord beside requests: it may fall into a request's moment, and is no part of it.
_BACKGROUND = re.compile(
    r"core\.(claim|settle|extend|rescue)_jobs|pg_notify|pg_stat_activity|core\.jobs where|from core\.sessions", re.ASCII
)
_PARAMETER = re.compile(r"\$(\d+) = (?:(NULL)|'((?:[^']|'')*)')")


@dataclass(frozen=True)
class Statement:
    sql: str
    parameters: tuple[str | None, ...]


def record(cluster: Cluster, database: str, send: Callable[[], None], marker: str) -> list[Statement]:
    """What the connection that carried `marker` in a parameter was sent while `send` ran, in order."""
    _log_statements(cluster, True)
    start = cluster.statement_log.stat().st_size
    try:
        send()
        time.sleep(0.3)  # the log is written by a process of its own
    finally:
        _log_statements(cluster, False)
    with open(cluster.statement_log, "rb") as log:
        log.seek(start)
        lines = [json.loads(line) for line in log]
    seen = [
        (line["pid"], _milliseconds(line["timestamp"]), statement)
        for line in lines
        if line.get("dbname") == database and (statement := _statement(line))
    ]
    # The first to carry it is the request's; a later one is a background job that the request woke.
    carrier = next(((pid, at) for pid, at, statement in seen if _carries(statement, marker)), None)
    if carrier is None:
        raise RuntimeError(f"no statement of the request carried {marker}; {len(seen)} others were seen")
    return [
        statement
        for pid, at, statement in seen
        if pid == carrier[0] and abs(at - carrier[1]) < _SAME_REQUEST_MS and not _BACKGROUND.search(statement.sql)
    ]


def _milliseconds(timestamp: str) -> float:
    return datetime.strptime(timestamp.removesuffix(" UTC"), "%Y-%m-%d %H:%M:%S.%f").timestamp() * 1000


def _statement(line: dict) -> Statement | None:
    prefix = _EXECUTE.match(line.get("message", ""))
    if not prefix:
        return None
    values = [
        None if null else text.replace("''", "'")
        for _, null, text in _PARAMETER.findall(line.get("detail", "").removeprefix("parameters: "))
    ]
    return Statement(line["message"][prefix.end() :].strip().rstrip(";"), tuple(values))


def _carries(statement: Statement, marker: str) -> bool:
    return any(
        value is not None and (value == marker or (len(marker) > 10 and marker in value))
        for value in statement.parameters
    )


def _log_statements(cluster: Cluster, on: bool) -> None:
    cluster.sql("postgres", "alter system set log_statement = 'all'" if on else "alter system reset log_statement")
    cluster.sql("postgres", "select pg_reload_conf()")
    time.sleep(0.5)  # every backend reads its settings again by itself
