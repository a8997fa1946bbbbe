"""From exec to the first 200 of /readyz, in a folder that exists, with the database up and with the embedded one."""
import time
from statistics import median

from rig.bench import Bench
from rig.client import await_ok
from rig.figures import Figure, at_most
from rig.process import Child, free_port
from rig.settings import TOWNHALL
from rig.townhall import Townhall

TIMES = 10


def measure(bench: Bench) -> list[Figure]:
    beside = bench.install(bench.cluster.create("start"))
    embedded = bench.install(None)
    return [_figure(bench, "start, database up", beside, 300), _figure(bench, "start, embedded", embedded, 700)]


def _figure(bench: Bench, work: str, townhall: Townhall, bound_ms: float) -> Figure:
    bench.say(f"{work}: {TIMES} times")
    with townhall.serve():
        pass  # the first start may have things to make
    taken = [_once(townhall) for _ in range(TIMES)]
    bench.raw[f"{work}/ms"] = taken
    return at_most(f"{work} (median of {TIMES})", "–", median(taken), bound_ms, "ms")


def _once(townhall: Townhall) -> float:
    port = free_port()
    started = time.monotonic()
    with Child([TOWNHALL, "serve", "--listen", f"127.0.0.1:{port}"], townhall.log, env=townhall.environment) as server:
        return (await_ok(port, "/readyz", server.check_alive) - started) * 1000
