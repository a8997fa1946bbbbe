"""GET /api/v1/voters/{id}, random ids among 1,000,000, against the same SELECT by pgbench and against Flask."""
from rig import pgbench, recording
from rig.bench import Bench, Imported
from rig.client import Client
from rig.figures import Figure, faster
from rig.townhall import create_member
from rig.wrk import load

VOTERS = 1_000_000


def as_admin(bench: Bench) -> list[Figure]:
    work = "GET /voters/{id}, admin"
    stage = bench.imported(bench.settings.rows(VOTERS))
    flask = bench.flask_with_voters(bench.settings.rows(VOTERS))
    with stage.townhall.serve_as_admin() as (_, admin), flask.serve() as flask_client:
        # The plain SELECT: what an owner's connection needs to set up beside it is not counted against us.
        select = [sample[-1:] for sample in _record(bench, stage, admin)]
        result = bench.in_turn(
            work,
            townhall=lambda turn: _http(bench, stage, admin, turn),
            pgbench=_pgbench(bench, stage, select),
            flask=lambda turn: _flask(bench, flask_client, turn),
        )
    return [
        faster(work, "best pgbench of the SELECT", result["townhall"], result["pgbench"], 0.8, 1.2),
        faster(work, "Flask", result["townhall"], result["flask"], 15, 25),
    ]


def as_canvasser(bench: Bench) -> list[Figure]:
    work = "GET /voters/{id}, canvasser"
    stage = bench.imported(bench.settings.rows(VOTERS))
    with stage.townhall.serve_as_admin() as (_, admin):
        canvasser = create_member(admin, stage.campaign, "canvasser")
        both = _record(bench, stage, canvasser)
        if len(both[0]) != 2:
            raise RuntimeError(f"two statements were expected, these were sent: {[s.sql for s in both[0]]}")
        result = bench.in_turn(
            work,
            townhall=lambda turn: _http(bench, stage, canvasser, turn),
            pgbench=_pgbench(bench, stage, both, role="townhall_app"),
        )
    return [faster(work, "best pgbench of the two statements", result["townhall"], result["pgbench"], 1.0)]


def _record(bench: Bench, stage: Imported, client: Client) -> list[list[recording.Statement]]:
    return [
        recording.record(
            bench.cluster, stage.database, lambda: client.expect(200, "GET", f"/api/v1/voters/{voter}"), str(voter)
        )
        for voter in _recorded_ids(stage)
    ]


def _recorded_ids(stage: Imported) -> list[int]:
    return [stage.high - 10, stage.high - 20]


def _pgbench(bench: Bench, stage: Imported, samples: list, role: str = ""):
    """Two statements go as one implicit transaction, in one round trip, as ours do: the setting lasts no longer."""
    script = pgbench.script(
        bench.cluster,
        stage.database,
        samples,
        [str(v) for v in _recorded_ids(stage)],
        f"\\set n random({stage.low}, {stage.high})",
    )
    text = script.text(pipelined=len(samples[0]) > 1)
    bench.say("looking for pgbench's best number of clients")
    clients = pgbench.best_clients(
        bench.cluster, stage.database, text, script.constants, bench.settings.sweep_seconds, role
    )
    return lambda _: pgbench.measure(
        bench.cluster, stage.database, text, script.constants, clients, bench.settings.seconds, role
    ).per_second


def _http(bench: Bench, stage: Imported, client: Client, turn: int) -> float:
    return load(
        "voter_read", client.base, stage.low, stage.high, turn, seconds=bench.settings.seconds, token=client.token
    ).per_second


def _flask(bench: Bench, client: Client, turn: int) -> float:
    return load(
        "voter_read", client.base, 1, bench.settings.rows(VOTERS), turn, seconds=bench.settings.seconds
    ).per_second
