"""GET /api/services, whole and as 304, against nginx with the same bytes in a file, and against Flask."""
import http.client
from contextlib import ExitStack

from rig.bench import Bench
from rig.client import Client
from rig.figures import Figure, faster
from rig.flask_peer import FlaskPeer
from rig.nginx import Nginx
from rig.wrk import load

PATH = "/api/services"


def whole(bench: Bench) -> list[Figure]:
    """As it is, which is what the figure is about; and with gzip, made beforehand by both."""
    with ExitStack() as started:
        townhall, nginx = _start(bench, started, "content_whole")
        flask = started.enter_context(FlaskPeer(bench.cluster, "flask_content", bench.folder).serve())
        work = f"GET {PATH}"
        plain = bench.in_turn(
            work,
            rounds=bench.settings.bursts,
            townhall=lambda _: _load(bench, townhall, 200),
            nginx=lambda _: _load(bench, nginx, 200),
            flask=lambda _: _load(bench, flask, 200),
        )
        packed = bench.in_turn(
            f"{work}, gzip",
            rounds=bench.settings.bursts,
            townhall=lambda _: _load(bench, townhall, 200, *GZIP),
            nginx=lambda _: _load(bench, nginx, 200, *GZIP),
        )
    return [
        faster(work, "nginx, the same bytes as a file", plain["townhall"], plain["nginx"], 0.9, 1.0),
        faster(f"{work}, gzip", "nginx, the same bytes as a file", packed["townhall"], packed["nginx"], 0.9, 1.0),
        faster(work, "Flask", plain["townhall"], plain["flask"], 10),
    ]


def unchanged(bench: Bench) -> list[Figure]:
    with ExitStack() as started:
        townhall, nginx = _start(bench, started, "content_unchanged")
        work = f"GET {PATH}, 304"
        result = bench.in_turn(
            work,
            rounds=bench.settings.bursts,
            townhall=lambda _: _load(bench, townhall, 304, _tag(townhall)),
            nginx=lambda _: _load(bench, nginx, 304, _tag(nginx)),
        )
    return [faster(work, "nginx", result["townhall"], result["nginx"], 0.9, 1.0)]


GZIP = ("Accept-Encoding: gzip",)


def _start(bench: Bench, started: ExitStack, database: str) -> tuple[Client, Client]:
    """Both at once, idle while the other is measured: Townhall's answers are what nginx has in its files."""
    _, townhall = started.enter_context(bench.install(bench.cluster.create(database)).serve())
    body, zipped = _answer(townhall)[1], _answer(townhall, *GZIP)[1]
    if len(zipped) >= len(body):
        raise RuntimeError("the answer was not compressed")
    nginx = started.enter_context(Nginx(bench.folder / "nginx", PATH, body, zipped).serve())
    for fields in ((), GZIP):
        if _answer(nginx, *fields)[1] != _answer(townhall, *fields)[1]:
            raise RuntimeError("nginx serves other bytes")
    return townhall, nginx


def _load(bench: Bench, client: Client, status: int, *fields: str) -> float:
    got = _answer(client, *fields)[0]
    if got != status:
        raise RuntimeError(f"{status} was to be measured, {got} is what {client.base} answers")
    return load("get", client.base, PATH, *fields, seconds=bench.settings.burst_seconds).per_second


def _tag(client: Client) -> str:
    return f"If-None-Match: {_answer(client)[2]['ETag']}"


def _answer(client: Client, *fields: str):
    """(status, bytes as sent, header fields)"""
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=30)
    try:
        connection.request("GET", PATH, headers=dict(field.split(": ", 1) for field in fields))
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()
