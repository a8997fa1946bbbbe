"""HTTP load from one client thread. The Lua scripts in bench/wrk make the requests and print one line of JSON."""
import json
import os
from dataclasses import dataclass

from .process import run
from .settings import BENCH


@dataclass(frozen=True)
class Load:
    requests: int
    per_second: float
    p99_ms: float


def load(script: str, base: str, *arguments, seconds: float, connections: int = 64, token: str = "") -> Load:
    """Runs bench/wrk/<script>.lua. Any answer but the expected kind spoils the run."""
    environment = {**os.environ, "BENCH_WRK": str(BENCH / "wrk"), "BENCH_TOKEN": token}
    done = run(
        [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "--timeout",
            "10s",
            "-s",
            BENCH / "wrk" / f"{script}.lua",
            base,
            "--",
            *arguments,
        ],
        env=environment,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    faults = {kind: count for kind, count in result["errors"].items() if count}
    if faults or result["requests"] == 0:
        raise RuntimeError(f"{script} against {base}: {result['requests']} answers, faults {faults or 'none'}")
    return Load(result["requests"], result["requests"] / result["seconds"], result["p99_us"] / 1000)
