"""Jobs that do nothing, 100,000 enqueued before: `townhall worker` against pgbench, which claims and completes one a
transaction by `for update skip locked`."""
import time

from rig import pgbench
from rig.bench import Bench
from rig.figures import Figure, faster
from rig.process import Child
from rig.settings import TOWNHALL

WORK = "no-op jobs, {:,} enqueued before"
# Claims and completes at once: what a worker of one job at a time can do with the fewest commits and row versions.
ONE = """update core.jobs set state = 'succeeded', attempt = attempt + 1, finished_at = now() where id = (
    select id from core.jobs where state = 'ready' and kind = 'system.probe' and not lost and priority = 2
    and run_at <= now() order by run_at, id limit 1 for update skip locked);"""


def measure(bench: Bench) -> list[Figure]:
    count = 10_000 if bench.settings.short else 100_000
    work = WORK.format(count)
    database = bench.cluster.create("jobs")
    townhall = bench.install(database)
    script = " ".join(ONE.split()) + "\n"
    bench.say("looking for pgbench's best number of clients")
    clients = max(pgbench.CLIENTS, key=lambda clients: _pgbench(bench, database, script, clients))
    result = bench.in_turn(
        work,
        **{
            "townhall": lambda _: _townhall(bench, townhall, database, count),
            "pgbench": lambda _: _pgbench(bench, database, script, clients),
        },
    )
    return [faster(work, "best pgbench, one a transaction", result["townhall"], result["pgbench"], 3)]


def _townhall(bench: Bench, townhall, database: str, count: int) -> float:
    """From the start of the process, which is part of the work, to the last job."""
    _fill(bench, database, count)
    begun = time.monotonic()
    with Child([TOWNHALL, "worker"], townhall.log, env=townhall.environment) as worker:
        while _left(bench, database):
            worker.check_alive()
            time.sleep(0.05)
        took = time.monotonic() - begun
    return count / took


def _pgbench(bench: Bench, database: str, script: str, clients: int) -> float:
    """More jobs than it can do in its time: it never finds the queue empty."""
    _fill(bench, database, 100_000)
    result = pgbench.measure(bench.cluster, database, script, {}, clients, bench.settings.sweep_seconds)
    if not _left(bench, database):
        raise RuntimeError("pgbench ran out of jobs")
    return result.per_second


def _left(bench: Bench, database: str) -> int:
    return bench.cluster.sql(
        database,
        "select count(*) from (select from core.jobs where kind = 'system.probe' and"
        " state in ('ready', 'running') limit 1) as job",
    )[0][0]


def _fill(bench: Bench, database: str, count: int) -> None:
    bench.cluster.sql(database, "truncate core.jobs")
    bench.cluster.sql(
        database,
        "insert into core.jobs (kind, priority) select 'system.probe', 2 from generate_series(1, %s)",
        count,
    )
    bench.cluster.settle(database)
