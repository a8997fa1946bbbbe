"""The page of the contract: Swagger UI, from our own server."""

import pytest
import requests

from support.browser import visit
from support.server import Townhall


def test_docs_in_a_browser(server, tmp_path):
    """Swagger UI shows the operations; nothing is loaded from elsewhere, and the page's policy stops nothing of it."""
    seen = visit(
        f"{server.url}/docs",
        wait=".opblock",
        script="[document.querySelectorAll('.opblock').length, document.title]",
        screenshot=str(tmp_path / "docs.png"),
    )
    assert seen["result"][0] > 20 and "Townhall" in seen["result"][1]
    assert not seen["said"], seen["said"]
    assert all(url.startswith((server.url, "data:")) for url in seen["visited"]), seen["visited"]


def test_docs_have_a_policy_of_their_own(public):
    """The page may run its own scripts and no others; it is not to be framed."""
    page = public.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert "<script>" not in page.text and "http:" not in page.text and "https:" not in page.text
    assert public.get("/docs/").text == page.text


@pytest.mark.parametrize(
    "env, there",
    [
        ({"TOWNHALL_ENV": "production"}, False),
        ({"TOWNHALL_ENV": "staging"}, False),
        ({"TOWNHALL_ENV": "production", "DOCS": "on"}, True),
        ({"DOCS": "off"}, False),
    ],
    ids=["production", "staging", "asked for", "switched off"],
)
def test_docs_are_off_where_the_public_is(database, env, there):
    """Off in staging and production unless asked for, and then not in the contract either."""
    secrets = {"SECRET_KEY": "k" * 20 + "0123456789abcdefghij", "JWT_SECRET_KEY": "j" * 20 + "0123456789abcdefghij"}
    strict = {**secrets, "PUBLIC_URL": "https://www.example.org", "RATE_LIMIT": "on"}
    server = Townhall(database, {**strict, **env})
    try:
        server.start()
        assert requests.get(f"{server.url}/docs", timeout=10).status_code == (200 if there else 404)
        document = requests.get(f"{server.url}/openapi.json", timeout=10).json()
        assert ("/docs" in document["paths"]) is there
    finally:
        server.close()
