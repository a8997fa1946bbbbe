"""GET /api/v1/voters?page=…, 50 rows of 100,000, pages 1 to 200, against Flask (which counts all rows each time)."""
from rig.bench import Bench
from rig.client import Client
from rig.figures import Figure, faster
from rig.wrk import load

VOTERS = 100_000
PAGES = 200
EXACT = "&count=exact"


def measure(bench: Bench) -> list[Figure]:
    work = "GET /voters?page=1…200"
    stage = bench.imported(bench.settings.rows(VOTERS))
    flask = bench.flask_with_voters(bench.settings.rows(VOTERS))
    with stage.townhall.serve_as_admin() as (_, admin), flask.serve() as flask_client:
        _check_last_page(admin)
        runs = {"townhall": lambda turn: _list(bench, admin, turn)}
        if counts_exactly := _offers_exact_count(admin):
            runs["townhall, exact count"] = lambda turn: _list(bench, admin, turn, EXACT)
        result = bench.in_turn(work, **runs, flask=lambda turn: _list(bench, flask_client, turn))
    figures = [faster(work, "Flask", result["townhall"], result["flask"], 12, 25)]
    if counts_exactly:
        figures.append(faster(f"{work}, exact count", "Flask", result["townhall, exact count"], result["flask"], None))
    return figures


def _list(bench: Bench, client: Client, turn: int, query: str = "") -> float:
    return load(
        "voter_list", client.base, PAGES, turn, query, seconds=bench.settings.seconds, token=client.token
    ).per_second


def _check_last_page(client: Client) -> None:
    page = client.expect(200, "GET", f"/api/v1/voters?page={PAGES}&per_page=50")
    if len(page["items"]) != 50:
        raise RuntimeError(f"page {PAGES} holds {len(page['items'])} voters, not 50")


def _offers_exact_count(client: Client) -> bool:
    """Whether an exact total is something else than what a plain list gives."""
    plain = client.expect(200, "GET", "/api/v1/voters?page=1&per_page=50")
    if not plain.get("total_is_estimate"):
        return False
    status, answer = client.send("GET", f"/api/v1/voters?page=1&per_page=50{EXACT}")
    return status == 200 and not answer.get("total_is_estimate")
