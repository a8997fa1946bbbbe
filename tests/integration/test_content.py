"""The website's content: the bundled set as clients get it, and one's own folder."""

import gzip
import json
import re
import shutil
from pathlib import Path

import pytest

from support.client import ok, problem, raw_exchange, resolved
from support.server import ROOT, Townhall

KINDS = {
    "services": {"id", "slug", "name", "description", "icon", "features", "order", "updated_at"},
    "case-studies": {
        "id",
        "slug",
        "title",
        "client",
        "industry",
        "services",
        "challenge",
        "solution",
        "results",
        "image",
        "featured",
        "published_at",
        "updated_at",
    },
    "impact-stories": {
        "id",
        "slug",
        "title",
        "story",
        "person",
        "location",
        "category",
        "image",
        "featured",
        "published_at",
        "updated_at",
    },
    "impact-metrics": {"id", "name", "value", "unit", "category", "period", "as_of", "updated_at"},
    "team": {"id", "slug", "name", "role", "bio", "image", "order", "updated_at"},
}
LEAST = {"services": 6, "case-studies": 8, "impact-stories": 8, "impact-metrics": 10, "team": 8}
WITH_SLUGS = [kind for kind in KINDS if kind != "impact-metrics"]


def listed(public, path):
    return ok(public.get(f"/api/{path}"))["items"]


def pictures(item):
    """Every asset of an item and of what it links to."""
    if isinstance(item, list):
        return [asset for one in item for asset in pictures(one)]
    if not isinstance(item, dict):
        return []
    if "content_type" in item:
        return [item]
    return pictures(list(item.values()))


@pytest.mark.parametrize("kind", KINDS)
def test_lists_hold_items_of_the_contract(public, kind):
    """The list's shape, the items' fields, and as much demo content as makes a website."""
    body = ok(public.get(f"/api/{kind}"))
    assert set(body) >= {"items", "page", "per_page", "total", "next"}
    assert (body["page"], body["per_page"], body["total"], body["next"]) == (1, 50, len(body["items"]), None)
    assert len(body["items"]) >= LEAST[kind]
    for item in body["items"]:
        assert set(item) == KINDS[kind]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", item["updated_at"])


@pytest.mark.parametrize("kind", WITH_SLUGS)
def test_one_item_by_id_and_by_slug(public, kind):
    """Both give what the list gives; another name is 404, and a trailing slash changes nothing."""
    for item in listed(public, kind):
        assert ok(public.get(f"/api/{kind}/{item['id']}")) == item
        assert ok(public.get(f"/api/{kind}/{item['slug']}/")) == item
    problem(public.get(f"/api/{kind}/nobody-wrote-this"), 404, code="no_such_content")
    problem(public.get(f"/api/{kind}/..%2f..%2fetc%2fpasswd"), 404)
    problem(public.get(f"/api/{kind}/{'x' * 300}"), 400)


def test_links_are_resolved(public):
    """A case study holds its services, results and picture; a service its features and icon."""
    services = {service["id"]: service for service in listed(public, "services")}
    for service in services.values():
        assert service["icon"] and service["features"]
        assert all(set(feature) == {"title", "description"} for feature in service["features"])
    for study in listed(public, "case-studies"):
        assert study["image"] and study["results"] and study["client"] and study["industry"]
        for link in study["services"]:
            assert (link["slug"], link["name"]) == (services[link["id"]]["slug"], services[link["id"]]["name"])


def test_bodies_are_html(public):
    """Rich text is rendered, without anything that runs."""
    for study in listed(public, "case-studies"):
        for body in (study["challenge"], study["solution"]):
            assert body.startswith("<p>") and not re.search(r"<script|javascript:| on\w+=", body, re.IGNORECASE)
    assert any("<blockquote>" in study["solution"] for study in listed(public, "case-studies"))


def test_pictures_are_served(public):
    """Each asset's address answers with its type, its size as told, a validator, and a policy under which nothing runs."""
    assets = {asset["url"]: asset for kind in KINDS for asset in pictures(listed(public, kind))}
    assert len(assets) >= 24
    for url, asset in assets.items():
        assert set(asset) == {"url", "width", "height", "content_type", "alt"} and asset["alt"]
        response = public.get(url)
        assert response.status_code == 200 and response.headers["Content-Type"] == asset["content_type"]
        assert f'width="{asset["width"]}" height="{asset["height"]}"' in response.text
        assert "max-age=" in response.headers["Cache-Control"] and response.headers["ETag"]
        assert "sandbox" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    image = public.get(url, headers={"Accept": "image/svg+xml"})
    assert image.status_code == 200
    for name in ("none.svg", "..%2fentries%2fservices.json", "%2e%2e", "services.json"):
        problem(public.get(f"/api/assets/{name}"), 404)


@pytest.mark.parametrize(
    "path, keep",
    [
        ("case-studies?industry=Healthcare", lambda item: item["industry"] == "Healthcare"),
        ("case-studies?industry=healthCARE", lambda item: item["industry"] == "Healthcare"),
        ("case-studies?featured=true", lambda item: item["featured"]),
        ("case-studies?featured=false", lambda item: not item["featured"]),
        (
            "case-studies?service=image-annotation",
            lambda item: any(service["slug"] == "image-annotation" for service in item["services"]),
        ),
        (
            "case-studies?industry=Retail&service=content-moderation",
            lambda item: item["industry"] == "Retail"
            and any(service["slug"] == "content-moderation" for service in item["services"]),
        ),
        ("case-studies?industry=Alchemy", lambda item: False),
        ("impact-stories?location=Karnataka", lambda item: "Karnataka" in item["location"]),
        ("impact-stories?location=simdega", lambda item: item["location"].startswith("Simdega")),
        ("impact-stories?category=Education", lambda item: item["category"] == "Education"),
        (
            "impact-stories?category=Livelihoods&featured=true",
            lambda i: i["category"] == "Livelihoods" and i["featured"],
        ),
        ("impact-metrics?category=environment", lambda item: item["category"] == "Environment"),
        ("impact-metrics?period=2025", lambda item: item["period"] == "2025"),
        (
            "impact-metrics?period=2026-Q1&category=Livelihoods",
            lambda i: (i["period"], i["category"]) == ("2026-Q1", "Livelihoods"),
        ),
    ],
)
def test_filters(public, path, keep):
    """A filter gives those items of the whole list that it says, in the list's order."""
    body = ok(public.get(f"/api/{path}"))
    expected = [item for item in listed(public, path.split("?")[0]) if keep(item)]
    assert body["items"] == expected and body["total"] == len(expected)
    assert expected or "Alchemy" in path


def test_words_filter_lists(public):
    """`q` wants the beginning of every word, anywhere in the item, without case or accents."""
    found = [item["slug"] for item in listed(public, "case-studies?q=OPHTHALMOLOG")]
    assert found == ["retinal-scans-in-half-the-time"]
    assert [item["slug"] for item in listed(public, "impact-stories?q=choir+khária")] == [
        "the-choir-that-taught-a-telephone-to-listen"
    ]
    assert listed(public, "impact-stories?q=choir+turbine") == []


@pytest.mark.parametrize(
    "path, parameters",
    [
        ("services?featured=true", ["featured"]),
        ("case-studies?featured=perhaps", ["featured"]),
        ("case-studies?industry=", ["industry"]),
        ("case-studies?colour=red&per_page=0", ["colour", "per_page"]),
        ("impact-stories?per_page=201", ["per_page"]),
        ("impact-stories?page=0", ["page"]),
        ("impact-metrics?q=water", ["q"]),
        ("team?after=forged", ["after"]),
        ("search", ["q"]),
        ("search?q=water&type=weather", ["type"]),
        (f"search?q={'x' * 201}", ["q"]),
    ],
)
def test_bad_filters_are_told(public, path, parameters):
    """422 with the parameters' names."""
    problem(public.get(f"/api/{path}"), 422, parameters=parameters)


@pytest.mark.parametrize("kind", [*KINDS, "search?q=the"])
def test_pages_and_cursors_give_every_item_once(public, kind):
    """By page and by cursor, in the order of the whole list; the Link header says where it goes on."""
    mark = "&" if "?" in kind else "?"
    whole = [item["id"] for item in listed(public, f"{kind}{mark}per_page=200")]
    for step in (1, 4):
        by_page, by_cursor, page = [], [], 1
        while items := listed(public, f"{kind}{mark}per_page={step}&page={page}"):
            by_page += [item["id"] for item in items]
            page += 1
        path = f"/api/{kind}{mark}per_page={step}"
        while path:
            response = public.get(path)
            body = ok(response)
            by_cursor += [item["id"] for item in body["items"]]
            link = re.fullmatch(r'<(.+)>; rel="next"', response.headers.get("Link", ""))
            assert bool(link) == bool(body["next"])
            path = link and link[1]
        assert by_page == by_cursor == whole


@pytest.mark.promise("P45", "a cursor of one content list is refused by another")
def test_cursors_are_good_for_their_list_only(public):
    """422 for another list's cursor."""
    cursor = ok(public.get("/api/services?per_page=1"))["next"]
    problem(public.get(f"/api/team?after={cursor}"), 422, parameters=["after"])


def test_search(public):
    """Everything published is searched; a type narrows it; the best comes first with an excerpt."""
    body = ok(public.get("/api/search?q=retinal"))
    assert body["items"][0]["slug"] == "retinal-scans-in-half-the-time"
    assert {item["type"] for item in body["items"]} >= {"case_study", "service"}
    for item in body["items"]:
        assert set(item) == {"type", "id", "slug", "title", "excerpt", "updated_at"}
        assert "<" not in item["excerpt"]
    assert {item["type"] for item in listed(public, "search?q=retinal&type=service")} == {"service"}
    assert listed(public, "search?q=water&type=impact_metric")[0]["slug"] is None
    assert listed(public, "search?q=zzzz") == []


@pytest.mark.parametrize(
    "path", ["services", "services/image-annotation", "case-studies?featured=true", "search?q=water"]
)
def test_caching(public, path):
    """A public answer may be kept for a while; the same again is 304, with the headers that matter; HEAD is GET."""
    response = public.get(f"/api/{path}")
    assert re.match(r"public, max-age=\d+, stale-while-revalidate=\d+", response.headers["Cache-Control"])
    assert "Accept-Encoding" in response.headers["Vary"]
    etag = response.headers["ETag"]
    for sent in (etag, f'"other", {etag}', "*", f"W/{etag}"):
        again = public.get(f"/api/{path}", headers={"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert sent == "*" or again.headers["ETag"] == etag
        assert again.headers["Cache-Control"] == response.headers["Cache-Control"]
        assert "Accept-Encoding" in again.headers["Vary"]
    assert public.get(f"/api/{path}", headers={"If-None-Match": '"other"'}).status_code == 200
    head = public.head(f"/api/{path}")
    assert head.content == b"" and head.headers["ETag"] == etag
    problem(public.post(f"/api/{path}", {}), 405)


@pytest.mark.parametrize("path", ["services", "case-studies?featured=true"])
def test_compression(server, public, path):
    """gzip on request, br where it is liked as much, each with a tag of its own; nothing unasked."""
    plain = public.get(f"/api/{path}", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    packed = raw_exchange(
        server.port,
        f"GET /api/{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n".encode(),
    )
    head, body = packed.split(b"\r\n\r\n", 1)
    assert b"Content-Encoding: gzip" in head and plain.headers["ETag"].encode() not in head
    if b"chunked" not in head:
        assert gzip.decompress(body) == plain.content


def test_the_contract_describes_the_answers(public):
    """The document's schemas have the items' fields."""
    document = ok(public.get("/openapi.json"))
    for kind, fields in KINDS.items():
        answer = document["paths"][f"/api/{kind}"]["get"]["responses"]["200"]["content"]["application/json"]
        page = resolved(document, answer["schema"])
        item = resolved(document, page["properties"]["items"]["items"])
        assert set(item["properties"]) == fields


# ---- Content of one's own ----


def entry(type_, id_, revision=1, **fields):
    return {
        "sys": {
            "type": "Entry",
            "id": id_,
            "revision": revision,
            "createdAt": "2026-01-01T00:00:00Z",
            "updatedAt": "2026-01-01T00:00:00Z",
            "contentType": {"sys": {"type": "Link", "linkType": "ContentType", "id": type_}},
        },
        "fields": {name: {"de-DE": value} for name, value in fields.items()},
    }


def serve_folder(database, folder, **more):
    return Townhall(database, {"CONTENT_FOLDER": str(folder), "CONTENT_LOCALE": "de-DE", **more})


@pytest.fixture
def folder(tmp_path):
    """A folder of content that holds one service, and one that is a draft."""
    (tmp_path / "entries").mkdir()
    (tmp_path / "assets").mkdir()
    items = [
        entry(
            "service",
            "a",
            name="Beschriftung",
            slug="beschriftung",
            icon={"sys": {"type": "Link", "linkType": "Asset", "id": "x"}},
        ),
        entry("service", "b", revision=0, name="Entwurf", slug="entwurf"),
    ]
    (tmp_path / "entries" / "all.json").write_text(json.dumps({"sys": {"type": "Array"}, "items": items}))
    tmp_path.chmod(0o755)
    return tmp_path


def test_a_folder_of_ones_own(own_database, folder):
    """CONTENT_FOLDER and CONTENT_LOCALE are served; drafts and links to nothing are left out, and the log says so."""
    server = serve_folder(own_database, folder, PUBLIC_URL="https://www.example.org")
    try:
        public = server.start().client()
        (service,) = listed(public, "services")
        assert (service["name"], service["icon"]) == ("Beschriftung", None)
        assert listed(public, "team") == []
        told = [line for line in server.log_entries() if line["message"] == "content was left out"]
        assert {line["id"] for line in told} == {"a", "b"}
    finally:
        server.close()


def test_public_address_of_assets(own_database, tmp_path):
    """Addresses of files that we serve begin with PUBLIC_URL where it is known."""
    folder = tmp_path / "content"
    shutil.copytree(ROOT / "content", folder)
    server = Townhall(own_database, {"CONTENT_FOLDER": str(folder), "PUBLIC_URL": "https://www.example.org"})
    try:
        icon = listed(server.start().client(), "services")[0]["icon"]
        assert icon["url"].startswith("https://www.example.org/api/assets/")
    finally:
        server.close()


@pytest.mark.parametrize("broken", ["missing", "no entries", "not JSON", "no answer"])
def test_content_that_cannot_be_read_stops_the_start(own_database, folder, broken):
    """The operator is told in a sentence; nothing is served half-read."""
    file = folder / "entries" / "all.json"
    if broken == "missing":
        folder = Path(folder / "nowhere")
    elif broken == "no entries":
        file.unlink()
    else:
        file.write_text("{" if broken == "not JSON" else '{"sys": {"type": "Error"}}')
    server = serve_folder(own_database, folder)
    try:
        server.launch()
        assert server.process.wait(60) == 1
        assert "content" in server.tail() or "answer" in server.tail() or "entries" in server.tail()
    finally:
        server.close()
