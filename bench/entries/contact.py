"""POST /api/contact from 64 clients, a fresh person and key each, against the same statement by pgbench, and Flask."""
import secrets

from rig import pgbench, recording
from rig.bench import Bench
from rig.client import Client
from rig.figures import Figure, faster
from rig.flask_peer import FlaskPeer
from rig.townhall import Townhall
from rig.wrk import load

CLIENTS = 64
EARLIER = 10_000  # contacts that are there before
TABLES = "website.submissions, website.visitors, core.jobs, core.idempotency_keys"


def measure(bench: Bench) -> list[Figure]:
    """Every run finds the same tables, and nothing but itself working on them: no server is up beside pgbench."""
    work = "POST /contact, 64 clients"
    database = bench.cluster.create("contact")
    townhall = bench.install(database)
    flask = FlaskPeer(bench.cluster, "flask_contact", bench.folder)
    batches: list[int] = []
    script = _script(bench, townhall, database)
    alone = script.text()
    bench.say("looking for the median batch")
    _townhall(bench, townhall, database, batches)
    batch = batches[0]
    together = script.text(copies=batch, pipelined=True)
    bench.say(f"looking for pgbench's best number of clients, alone and with {batch} statements in a pipeline")
    best = {text: _best(bench, database, text, script.constants) for text in (alone, together)}
    result = bench.in_turn(
        work,
        **{
            "townhall": lambda _: _townhall(bench, townhall, database, batches),
            "pgbench": lambda _: _pgbench(bench, database, alone, script.constants, best[alone], 1),
            "pgbench pipeline": lambda _: _pgbench(bench, database, together, script.constants, best[together], batch),
            "flask": lambda _: _flask(bench, flask),
        },
    )
    return [
        faster(work, "best pgbench of the statement", result["townhall"], result["pgbench"], 2, 4),
        faster(work, f"pgbench, {batch} in a pipeline", result["townhall"], result["pgbench pipeline"], 0.6),
        faster(work, "Flask", result["townhall"], result["flask"], 25),
    ]


def _townhall(bench: Bench, townhall: Townhall, database: str, batches: list[int]) -> float:
    _reset(bench, database)
    with townhall.serve() as (_, client):
        result = load("contact", client.base, _run_digits(), seconds=bench.settings.seconds, connections=CLIENTS)
    _check_kept(bench, database, "website.submissions", result.requests)
    batches.append(_median_batch(bench, database))
    return result.per_second


def _median_batch(bench: Bench, database: str) -> int:
    """Contacts that one commit made durable, as the rows themselves tell it."""
    return bench.cluster.sql(
        database,
        "select percentile_disc(0.5) within group (order by together) from "
        "(select count(*) as together from website.submissions where data ? 'message' group by xmin::text) commits",
    )[0][0]


def _flask(bench: Bench, flask: FlaskPeer) -> float:
    bench.cluster.sql(flask.database, "truncate form_submissions, visitors, jobs cascade")
    bench.cluster.settle(flask.database)
    with flask.serve() as client:
        result = load("contact", client.base, _run_digits(), seconds=bench.settings.seconds, connections=CLIENTS)
    _check_kept(bench, flask.database, "form_submissions", result.requests)
    return result.per_second


def _pgbench(bench: Bench, database: str, text: str, constants: dict, clients: int, batch: int) -> float:
    _reset(bench, database)
    result = pgbench.measure(bench.cluster, database, text, constants, clients, bench.settings.seconds)
    _check_kept(bench, database, "website.submissions", batch * result.transactions)
    return batch * result.per_second


def _best(bench: Bench, database: str, text: str, constants: dict) -> int:
    _reset(bench, database)
    return pgbench.best_clients(bench.cluster, database, text, constants, bench.settings.sweep_seconds)


def _script(bench: Bench, townhall: Townhall, database: str) -> pgbench.Script:
    markers = [_run_digits() + "0000000" for _ in range(2)]
    with townhall.serve() as (_, client):
        samples = [
            recording.record(bench.cluster, database, lambda: _post(client, marker), marker) for marker in markers
        ]
    return pgbench.script(bench.cluster, database, samples, markers, "\\set n random(100000000000000, 999999999999999)")


def _post(client: Client, marker: str) -> None:
    """What bench/wrk/contact.lua sends."""
    client.expect(
        201,
        "POST",
        "/api/contact",
        {
            "name": "Pat Example",
            "email": f"pat.{marker}@example.com",
            "company": "Example Works",
            "message": "We would like to hear more about your work, and what it would cost us for a year.",
        },
        headers={"Idempotency-Key": f"bench-{marker}"},
    )


def _run_digits() -> str:
    return str(10_000_000 + secrets.randbelow(90_000_000))


def _reset(bench: Bench, database: str) -> None:
    """The tables of a site that has been up for a while. Empty ones would be planned for as empty, once per connection:
    the check of a foreign key then reads the whole table, for us and for pgbench alike."""
    bench.cluster.sql(database, f"truncate {TABLES} cascade")
    bench.cluster.sql(
        database,
        "insert into website.visitors (email, name) select 'earlier.' || n || '@example.com', "
        "'Pat Earlier' from generate_series(1, %s) n",
        EARLIER,
    )
    bench.cluster.sql(
        database,
        "insert into website.submissions (id, visitor_id, type, status, data, received_at) "
        "select md5(id::text)::uuid, id, 'contact', 'received', jsonb_build_object('email', email), now() "
        "from website.visitors",
    )
    bench.cluster.sql(
        database,
        "insert into core.jobs (kind, subject, state, finished_at) select "
        "'submission.follow_up', 'submission:' || id, 'succeeded', now() from website.submissions",
    )
    bench.cluster.sql(
        database,
        "insert into core.idempotency_keys (id, request_hash, status, answer) select "
        "sha256(id::text::bytea), '', 201, '' from website.submissions",
    )
    bench.cluster.settle(database)


def _check_kept(bench: Bench, database: str, table: str, at_least: float) -> None:
    kept = bench.cluster.sql(database, f"select count(*) from {table}")[0][0]
    if table.startswith("website."):
        kept -= EARLIER
    if kept < at_least:
        raise RuntimeError(f"{at_least:.0f} contacts were acknowledged, {table} holds {kept}")
