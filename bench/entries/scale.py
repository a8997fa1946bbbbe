"""How p99 of the list by cursor and of name search grows from 100,000 to 5,000,000 voters, of whom the searched
campaign holds half. The surnames follow Zipf's law; every query has one letter wrong."""
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from urllib.parse import quote

from rig import voter_files
from rig.bench import Bench
from rig.client import Client
from rig.figures import Figure, at_most
from rig.townhall import create_campaign, create_member
from rig.wrk import load

SMALL, LARGE = 100_000, 5_000_000
SURNAMES = 90_000  # at least so many distinct ones in the searched campaign of the large one
PAGES = 10_000  # as deep as the cursors go
QUERIES = 5_000
CONNECTIONS = 4


def measure(bench: Bench) -> list[Figure]:
    with ExitStack() as servers:
        small, large = (_searched(bench, bench.settings.rows(rows), servers) for rows in (SMALL, LARGE))
        return [
            _growth(bench, "list by cursor", small, large, _cursor_paths),
            _growth(bench, "name search, one letter wrong", small, large, _search_paths),
        ]


def _searched(bench: Bench, rows: int, servers: ExitStack) -> Client:
    """A member of a campaign that holds half of that many voters, on a server of its own."""
    bench.say(f"scale: preparing {rows} voters")
    database = bench.cluster.create(f"scale_{rows}")
    townhall = bench.install(database)
    with townhall.serve_as_admin() as (_, admin):
        campaigns = [create_campaign(admin, name) for name in ("Searched", "The other half")]
    for part, campaign in enumerate(campaigns, start=1):
        townhall.run("import", voter_files.with_many_names(rows // 2, part), "--campaign", campaign)
    bench.cluster.settle(database)
    _check_surnames(bench, database, campaigns[0], rows)
    _, admin = servers.enter_context(townhall.serve_as_admin())
    return create_member(admin, campaigns[0], "organizer")


def _check_surnames(bench: Bench, database: str, campaign: int, rows: int) -> None:
    distinct = bench.cluster.sql(
        database,
        "select count(distinct last_name) from campaign.voters v join "
        "campaign.campaign_voters l on l.voter_id = v.id where l.campaign_id = %s",
        campaign,
    )
    if rows == LARGE and distinct[0][0] < SURNAMES:
        raise RuntimeError(f"only {distinct[0][0]} distinct surnames")


def _growth(bench: Bench, work: str, small: Client, large: Client, paths: Callable[[Client], list[str]]) -> Figure:
    files = {}
    for name, client in (("small", small), ("large", large)):
        files[name] = bench.folder / f"paths-{name}.txt"
        files[name].write_text("\n".join(paths(client)) + "\n", encoding="utf-8")
        _p99(bench, client, files[name], 99)  # what is read often is in memory, as on a server that has been up
    result = bench.in_turn(
        work,
        small=lambda turn: _p99(bench, small, files["small"], turn),
        large=lambda turn: _p99(bench, large, files["large"], turn),
    )
    grown = median(result["large"]) / median(result["small"])
    span = f"{bench.settings.rows(SMALL):,} → {bench.settings.rows(LARGE):,} voters"
    return at_most(f"p99 of {work}", span, grown, 2, "×")


def _p99(bench: Bench, client: Client, paths: Path, turn: int) -> float:
    return load(
        "paths", client.base, paths, turn, seconds=bench.settings.seconds, connections=CONNECTIONS, token=client.token
    ).p99_ms


def _cursor_paths(client: Client) -> list[str]:
    """The first pages by following `next` as a client does, down to the end or as deep as PAGES."""
    paths = ["/api/v1/voters?per_page=50"]
    while len(paths) < PAGES:
        after = client.expect(200, "GET", paths[-1]).get("next")
        if not after:
            break
        paths.append(f"/api/v1/voters?per_page=50&after={quote(after)}")
    return paths


def _search_paths(client: Client) -> list[str]:
    queries = voter_files.one_edit_queries(QUERIES).read_text(encoding="utf-8").split()
    paths = [f"/api/v1/voters?per_page=50&q={quote(query)}" for query in queries]
    found = sum(bool(client.expect(200, "GET", path)["items"]) for path in paths[:100])
    if found < 80:
        raise RuntimeError(f"of 100 names with one letter wrong only {found} found anybody")
    return paths
