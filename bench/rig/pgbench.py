"""pgbench as a peer: the same statements, prepared, on the same server and tables, with fresh values each time."""
import re
from dataclasses import dataclass, field
from pathlib import Path

from .cluster import Cluster
from .process import run
from .recording import Statement
from .settings import POSTGRESQL_BIN

CLIENTS = (4, 8, 16, 32, 64)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLACEHOLDER = re.compile(r"\$(\d+)\b")


@dataclass
class Script:
    """A pgbench script under construction; `fresh` draws :n, from which every value that must differ is made."""

    fresh: str
    constants: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)

    def text(self, copies: int = 1, pipelined: bool = False) -> str:
        once = [self.fresh, *self.body]
        return (
            "\n".join(
                [
                    *(["\\startpipeline"] if pipelined else []),
                    *(once * copies),
                    *(["\\endpipeline"] if pipelined else []),
                ]
            )
            + "\n"
        )


def script(cluster: Cluster, database: str, samples: list[list[Statement]], markers: list[str], fresh: str) -> Script:
    """Turns recordings of like requests into a script. What was equal in all of them stays; what differed is made
    from :n. Constants travel as parameters too, as Townhall sends them."""
    if len({tuple(statement.sql for statement in sample) for sample in samples}) != 1:
        raise RuntimeError(f"like requests sent unlike statements: {samples}")
    made = Script(fresh)
    # One like statement of each sample, with its parameters' types; arrays of one value are seen as that value.
    likes = [
        ([_elements(statement, types) for statement in like], types)
        for like in zip(*samples)
        for types in [_parameter_types(cluster, database, like[0].sql)]
    ]
    differing = {
        value
        for like, _ in likes
        for values in zip(*(statement.parameters for statement in like))
        if len(set(values)) > 1
        for value in values[:1]
        if value
    }
    tokens = {markers[0]: ":n::text"} | {value: _fresh_uuid(value) for value in differing if _UUID.fullmatch(value)}
    for like, types in likes:
        values = []
        for value, type_name in zip(like[0].parameters, types):
            scalar = type_name.removesuffix("[]")
            fixed = value not in differing and value not in tokens
            one = _constant(made, value, scalar) if fixed else _fresh(made, value, scalar, tokens)
            values.append(f"array[{one}]" if type_name.endswith("[]") else one)
        sql = _PLACEHOLDER.sub(lambda match: values[int(match[1]) - 1], _without_colons(made, like[0].sql))
        made.body.append(sql + ";")
    return made


@dataclass(frozen=True)
class Run:
    per_second: float  # without the time to connect
    transactions: int


def best_clients(cluster: Cluster, database: str, text: str, constants: dict, seconds: int, role: str = "") -> int:
    return max(CLIENTS, key=lambda count: measure(cluster, database, text, constants, count, seconds, role).per_second)


def measure(
    cluster: Cluster, database: str, text: str, constants: dict, clients: int, seconds: int, role: str = ""
) -> Run:
    """Runs the script for that long."""
    file = Path(cluster.folder.parent) / "script.sql"
    file.write_text(text, encoding="utf-8")
    environment = dict(cluster.environment)
    if role:
        environment["PGOPTIONS"] = f"-c role={role}"
    defines = [f"-D{name}={value}" for name, value in constants.items()]
    done = run(
        [
            POSTGRESQL_BIN / "pgbench",
            "-n",
            "-M",
            "prepared",
            "-c",
            clients,
            "-j",
            2,
            "-T",
            seconds,
            *defines,
            "-f",
            file,
            database,
        ],
        env=environment,
    )
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    if failed and int(failed[1]):
        raise RuntimeError(f"pgbench: {failed[0]}")
    processed = int(re.search(r"actually processed: (\d+)", done.stdout)[1])
    if processed == 0:
        return Run(0, 0)  # so many clients with so long transactions that a short run ended before the first of them
    return Run(float(re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)[1]), processed)


def _elements(statement: Statement, types: list[str]) -> Statement:
    return Statement(
        statement.sql,
        tuple(
            _element(value) if type_name.endswith("[]") else value
            for value, type_name in zip(statement.parameters, types)
        ),
    )


def _element(array: str) -> str | None:
    """The value of a PostgreSQL array that holds just one."""
    match = re.fullmatch(r'\{(?:"((?:[^"\\]|\\.)*)"|([^",{}]+))\}', array, re.DOTALL)
    if not match:
        raise RuntimeError(f"one request sent an array of several values, or of none: {array}")
    if match[1] is None:
        return None if match[2] == "NULL" else match[2]
    return re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL)


def _parameter_types(cluster: Cluster, database: str, sql: str) -> list[str]:
    with cluster.connection(database) as connection, connection.cursor() as cursor:
        cursor.execute("prepare recorded as " + sql)
        cursor.execute("select parameter_types::text[] from pg_prepared_statements where name = 'recorded'")
        return cursor.fetchone()[0]


def _without_colons(made: Script, sql: str) -> str:
    """pgbench reads `:word` as a variable even within quotes: such literals travel as parameters."""
    sql = " ".join(re.sub(r"--.*", "", line).strip() for line in sql.splitlines())
    return re.sub(r"'[^']*:\w[^']*'", lambda match: _parameter(made, match[0][1:-1]), sql)


def _parameter(made: Script, value: str) -> str:
    if value == "":
        return "''"  # pgbench refuses an empty variable
    name = f"c{len(made.constants)}"
    made.constants[name] = value
    return f":{name}"


def _constant(made: Script, value: str | None, type_name: str) -> str:
    return f"null::{type_name}" if value is None else f"{_parameter(made, value)}::{type_name}"


def _fresh(made: Script, value: str, type_name: str, tokens: dict[str, str]) -> str:
    """An expression of the recorded value's kind and length, different for each :n and as dear to store."""
    if value in tokens:
        return f"{tokens[value]}::{type_name}" if tokens[value] != ":n::text" else f":n::{type_name}"
    pieces = [piece for piece in re.split("(" + "|".join(map(re.escape, tokens)) + ")", value) if piece]
    if len(pieces) > 1:
        joined = " || ".join(tokens.get(piece) or f"{_parameter(made, piece)}::text" for piece in pieces)
        return f"({joined})::{type_name}"
    if type_name == "bytea":
        length = (len(value) - 2) // 2
        return f"substr(decode(repeat(md5(:n::text), {length // 16 + 1}), 'hex'), 1, {length})"
    if type_name.startswith(("timestamp", "date")):
        return f"now()::{type_name}"
    if type_name in ("text", "character varying"):
        return f"substr(repeat(md5(:n::text), {len(value) // 32 + 1}), 1, {len(value)})"
    if type_name == "bigint":
        return ":n::bigint"
    if type_name in ("json", "jsonb"):
        return _constant(made, value, type_name)  # a time or a random mark inside: nothing that must be unique
    raise RuntimeError(f"no way to make a fresh {type_name} like the recorded one")


def _fresh_uuid(value: str) -> str:
    """The same one wherever a statement needs it. Version 7 stays in order of time: it decides where a row lands."""
    if value[14] != "7":
        return "md5(:n::text)::uuid::text"
    return (
        "(lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || '7' || "
        "substr(md5(:n::text), 1, 19))::uuid::text"
    )
