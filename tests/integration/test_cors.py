"""Calls from browsers on other sites: whose scripts may read what."""

import json

import pytest

from support.browser import site, visit
from support.client import ok, problem
from support.server import Townhall

ALLOWED = "https://www.example.org"
TRICKS = [
    "null",
    "http://www.example.org",
    "https://example.org",
    "https://www.example.org.evil.example",
    "https://evil-www.example.org",
    "https://www.example.org:443",
    "https://www.example.org:8443",
    "https://WWW.EXAMPLE.ORG",
    "https://www.example.org/",
    "https://www.example.org https://evil.example",
    "*",
]


@pytest.fixture(scope="module")
def sites():
    """Two web sites: the one that may call, and another."""
    with site() as friend, site() as stranger:
        yield friend, stranger


@pytest.fixture(scope="module")
def server(database, sites):
    """A server that lets two origins in."""
    server = Townhall(database, {"CORS_ALLOWED_ORIGINS": f"{ALLOWED}, {sites[0]}"})
    try:
        yield server.start()
    finally:
        server.close()


def allowed_headers(response):
    return {name for name in response.headers if name.lower().startswith("access-control-")}


def varies_by_origin(response):
    return "Origin" in [name.strip() for name in response.headers["Vary"].split(",")]


def preflight(client, origin, path="/api/v1/voters/1", method="DELETE"):
    return client.request(
        "OPTIONS",
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,if-match",
        },
    )


@pytest.mark.promise("P55", "null, suffix, prefix, scheme, port and case tricks are not in the list")
@pytest.mark.parametrize("origin", TRICKS)
def test_others_are_told_nothing(public, origin):
    """Neither an answer nor a preflight names an origin that is not exactly in the list."""
    for response in (public.get("/version", headers={"Origin": origin}), preflight(public, origin)):
        assert not allowed_headers(response), response.headers
        assert varies_by_origin(response)


@pytest.mark.promise(
    "P55", "a listed origin is named exactly, never with credentials, and every answer varies by origin"
)
def test_the_listed_origin_reads_answers(public):
    """On success, on errors and on what is not there; the headers that clients need are exposed."""
    for path, status in (("/version", 200), ("/api/v1/voters", 401), ("/nothing", 404)):
        response = public.get(path, headers={"Origin": ALLOWED})
        assert response.status_code == status
        assert response.headers["Access-Control-Allow-Origin"] == ALLOWED
        assert "Access-Control-Allow-Credentials" not in response.headers
        exposed = {name.strip() for name in response.headers["Access-Control-Expose-Headers"].split(",")}
        assert {"ETag", "Link", "Location", "RateLimit", "Retry-After", "X-Request-Id"} <= exposed
        assert varies_by_origin(response)
    assert varies_by_origin(public.get("/version")) and not allowed_headers(public.get("/version"))


def test_preflight_names_the_methods_of_the_path(public):
    """204 with the path's own methods, the headers that are taken, and how long the browser may remember it."""
    response = preflight(public, ALLOWED)
    assert response.status_code == 204 and not response.content
    methods = {name.strip() for name in response.headers["Access-Control-Allow-Methods"].split(",")}
    assert methods == {"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"}
    taken = {name.strip().lower() for name in response.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "idempotency-key", "if-match", "traceparent"} <= taken
    assert int(response.headers["Access-Control-Max-Age"]) > 0
    assert "Access-Control-Allow-Credentials" not in response.headers
    problem(preflight(public, ALLOWED, path="/api/v9/nothing"), 404)


@pytest.mark.promise(
    "P55", "in Chromium, the listed site reads and writes; another site and a frame without origin do not"
)
def test_in_a_browser(server, admin, sites):
    """What a browser makes of it: the listed site calls with a token; others get nothing, nor does a sandboxed frame."""
    friend, stranger = sites
    calls = """async () => {
      const call = async (path, options) => {
        try {
          const response = await fetch(%s + path, options);
          return [response.status, response.headers.get('X-Request-Id') !== null, await response.text()];
        } catch (error) { return String(error); }
      };
      const signed = { Authorization: 'Bearer ' + %s };
      return {
        read: await call('/version'),
        signed: await call('/api/v1/campaigns', { headers: signed }),
        write: await call('/api/v1/campaigns', { method: 'POST', body: JSON.stringify({ name: location.origin }),
                                                 headers: { ...signed, 'Content-Type': 'application/json' } }),
        credentials: await call('/version', { credentials: 'include' }),
      };
    }""" % (
        json.dumps(server.url),
        json.dumps(admin.token),
    )
    result = visit(friend, script=f"({calls})()")["result"]
    assert result["read"][:2] == [200, True] and result["signed"][0] == 200 and result["write"][0] == 201, result
    assert "TypeError" in result["credentials"], result  # cookies are not asked for, and not allowed
    result = visit(stranger, script=f"({calls})()")["result"]
    assert all("TypeError" in told for told in result.values()), result
    framed = """new Promise((resolve) => {
      window.onmessage = (event) => resolve(event.data);
      const frame = document.createElement('iframe');
      frame.sandbox = 'allow-scripts';
      frame.srcdoc = `<script>fetch(%s + '/version').then((r) => parent.postMessage('read ' + r.status, '*'))
                      .catch((e) => parent.postMessage(String(e) + ' of ' + origin, '*'))<\\/script>`;
      document.body.append(frame);
    })""" % json.dumps(
        server.url
    )
    told = visit(friend, script=framed)["result"]
    assert "TypeError" in told and told.endswith("of null"), told
    names = [item["name"] for item in ok(admin.get("/api/v1/campaigns?per_page=200"))["items"]]
    assert friend in names and stranger not in names


@pytest.mark.parametrize("origins", ["*", "null", "https://example.org/", "https://*.example.org", "example.org"])
def test_what_is_no_origin_is_refused_at_start(database, origins):
    """A list that would let in anybody, or nobody, does not start."""
    server = Townhall(database, {"CORS_ALLOWED_ORIGINS": origins})
    try:
        done = server.run("serve", check=False, timeout=30)
        assert done.returncode != 0 and "CORS_ALLOWED_ORIGINS" in done.stderr
    finally:
        server.close()
