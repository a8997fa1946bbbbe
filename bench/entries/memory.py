"""Memory of the townhall process alone: idle, and at its peak while 10,000,000 rows arrive over HTTP."""
import time

from rig import voter_files
from rig.bench import Bench
from rig.client import Client
from rig.figures import Figure, at_most
from rig.process import memory_mb, run
from rig.townhall import create_campaign

VOTERS = 10_000_000
FINAL = ("completed", "completed_with_errors", "failed", "canceled")


def measure(bench: Bench) -> list[Figure]:
    rows = bench.settings.rows(VOTERS)
    file = voter_files.plain(rows)
    database = bench.cluster.create("memory")
    townhall = bench.install(database)
    with townhall.serve() as (server, _):
        bench.say(f"memory: idle for {bench.settings.idle_seconds} s")
        time.sleep(bench.settings.idle_seconds)
        idle = memory_mb(server.pid, "VmRSS")
    with townhall.serve_as_admin() as (server, admin):
        campaign = create_campaign(admin, "Measured")
        bench.say(f"memory: {rows} rows over HTTP")
        _import_over_http(admin, campaign, file, rows, server.check_alive)
        peak = memory_mb(server.pid, "VmHWM")
    bench.cluster.drop(database)
    bench.raw |= {"memory/idle MB": [idle], "memory/peak MB": [peak]}
    return [
        at_most(f"memory, idle for {bench.settings.idle_seconds} s", "–", idle, 60, "MB"),
        at_most(f"memory, peak of an import of {rows:,} rows", "–", peak, 400, "MB"),
    ]


def _import_over_http(admin: Client, campaign: int, file, rows: int, still_alive) -> None:
    """curl sends the file as it reads it, and holds no more than a buffer of it."""
    answer = run(
        [
            "curl",
            "-sS",
            "--fail-with-body",
            "-D",
            "-",
            "-o",
            "/dev/null",
            "-F",
            f"file=@{file}",
            "-H",
            "@-",
            f"{admin.base}/api/v1/voters/upload?campaign_id={campaign}",
        ],
        input=f"Authorization: Bearer {admin.token}\n",
    ).stdout
    location = next(
        line.split(":", 1)[1].strip() for line in answer.splitlines() if line.lower().startswith("location:")
    )
    while (state := admin.expect(200, "GET", location))["status"] not in FINAL:
        still_alive()
        time.sleep(0.5)
    if state["status"] != "completed" or state["rows"] != rows:
        raise RuntimeError(f"the import ended as {state['status']} with {state['rows']} rows")
