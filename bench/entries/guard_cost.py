"""What the gate (what is checked between a request's header and its body) and the guard (limits, security headers,
rights) cost: this program against the one before them, built from that commit, on a request that is otherwise the same.

A campaign is read by one of its members: a token to verify, one statement, a small answer. Limits are on in the new
program, so high that nobody meets them."""
from contextlib import ExitStack

from rig import before
from rig.bench import Bench
from rig.client import Client
from rig.figures import Figure, faster
from rig.townhall import create_campaign, create_member
from rig.wrk import load

# The last commit without them.
BEFORE = "6c2c077"
LIMITS = {"RATE_LIMIT": "on", "RATE_LIMIT_STAFF_READS": "1000000"}


def measure(bench: Bench) -> list[Figure]:
    old_program = before.build(BEFORE, bench.say)
    with ExitStack() as servers:
        now = _campaign(bench, servers, "guard_now", None, LIMITS)
        then = _campaign(bench, servers, "guard_before", old_program, {})
        work = "GET /campaigns/{id}"
        result = bench.in_turn(work, now=lambda _: _reads(bench, *now), before=lambda _: _reads(bench, *then))
    return [
        faster(
            work,
            "the program before the guard (limits, headers, CORS, proxies, audit)",
            result["now"],
            result["before"],
            0.9,
        )
    ]


def _campaign(bench: Bench, servers: ExitStack, database: str, program, options: dict) -> tuple[Client, int]:
    townhall = bench.install(bench.cluster.create(database), program)
    townhall.environment |= options
    _, admin = servers.enter_context(townhall.serve_as_admin())
    return admin, create_campaign(admin, "Measured")


def _reads(bench: Bench, admin: Client, campaign: int) -> float:
    """By a member of its own each time: nobody comes near to a limit."""
    member = create_member(admin, campaign, "viewer")
    path = f"/api/v1/campaigns/{campaign}"
    member.expect(200, "GET", path)
    return load("get", member.base, path, seconds=bench.settings.seconds, token=member.token).per_second
