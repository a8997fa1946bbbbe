"""Answers by gzip and br: which are, in which form, and which never."""

import gzip
import json

import pytest

from support.client import ok, raw_exchange
from support.uploads import Upload
from support.voterfiles import generated


def raw_get(server, path, *headers):
    """The answer to a GET as it came: status, headers by lower-case name, body bytes."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    sent = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{lines}\r\n"
    head, _, body = raw_exchange(server.port, sent.encode()).partition(b"\r\n\r\n")
    first, *fields = head.decode().split("\r\n")
    named = {name.lower(): value for name, _, value in (field.partition(": ") for field in fields)}
    if named.get("transfer-encoding") == "chunked":
        body = unchunked(body)
    return int(first.split()[1]), named, body


def unchunked(body):
    out = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            assert body == b"\r\n"
            return out
        out, body = out + body[: int(size, 16)], body[int(size, 16) + 2 :]


@pytest.mark.parametrize(
    "accepted, coding",
    [
        (None, None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.1, gzip", "gzip"),
        ("gzip;q=0, br;q=0", None),
        ("*", "br"),
        ("identity", None),
        ("deflate", None),
    ],
)
def test_cached_answers_come_in_the_form_that_is_liked(server, accepted, coding):
    """The contract, made once: plain, gzip or br by the client's weights, the same document in each, with its own tag."""
    plain = raw_get(server, "/openapi.json")
    headers = [("Accept-Encoding", accepted)] if accepted else []
    status, named, body = raw_get(server, "/openapi.json", *headers)
    assert status == 200 and named.get("content-encoding") == coding
    assert int(named["content-length"]) == len(body) and "Accept-Encoding" in named["vary"]
    assert (named["etag"] == plain[1]["etag"]) is (coding is None)
    if coding == "gzip":
        body = gzip.decompress(body)
    if coding == "br":
        assert len(body) < len(plain[2]) / 3
    else:
        assert body == plain[2]
    status, same, body = raw_get(server, "/openapi.json", ("If-None-Match", named["etag"]), *headers)
    assert (
        status == 304 and not body and same["etag"] == named["etag"] and same["cache-control"] == named["cache-control"]
    )
    assert raw_get(server, "/openapi.json", ("If-None-Match", f'W/"x", {named["etag"]}'))[0] == 304
    assert raw_get(server, "/openapi.json", ("If-None-Match", '"x"'), *headers)[0] == 200


def test_answers_made_for_one_client_are_compressed(server, admin, campaign, make_voter):
    """A long list comes by gzip where it is taken, a short one and a stream of CSV too as they should."""
    for _ in range(5):
        make_voter()
    token = ("Authorization", f"Bearer {admin.token}")
    path = f"/api/v1/voters?campaign_id={campaign}"
    plain = raw_get(server, path, token)
    assert "content-encoding" not in plain[1] and len(plain[2]) > 1024
    zipped = raw_get(server, path, token, ("Accept-Encoding", "gzip"))
    assert zipped[1]["content-encoding"] == "gzip" and len(zipped[2]) < len(plain[2]) / 2
    assert json.loads(gzip.decompress(zipped[2]))["items"] == json.loads(plain[2])["items"]
    assert "content-encoding" not in raw_get(server, "/healthz", ("Accept-Encoding", "gzip"))[1]


def test_long_answers_are_compressed_piece_by_piece(server, admin, make_campaign):
    """200 voters, over 64 KiB: chunked, and the same list."""
    target = make_campaign()
    upload = Upload(admin, target).send(generated(300), prefer="wait=30").finished()
    token = ("Authorization", f"Bearer {admin.token}")
    path = f"/api/v1/voters?campaign_id={target}&per_page=200"
    plain = raw_get(server, path, token)
    assert len(plain[2]) > 64 * 1024, len(plain[2])
    zipped = raw_get(server, path, token, ("Accept-Encoding", "gzip"))
    assert zipped[1]["transfer-encoding"] == "chunked" and zipped[1]["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(zipped[2]))["items"] == json.loads(plain[2])["items"]
    rows = raw_get(server, f"{upload.path}/errors.csv?campaign_id={target}", token, ("Accept-Encoding", "gzip"))
    assert rows[1]["content-encoding"] == "gzip" and gzip.decompress(rows[2]).startswith(b"error_line,")


def test_answers_with_tokens_are_never_compressed(server, make_user):
    """Signing in and refreshing: a token beside what an attacker chooses would be told by its length."""
    user = make_user()
    for path, body in (
        ("/api/v1/auth/login", {"email": user.account["email"], "password": user.password}),
        ("/api/v1/auth/refresh", {"refresh_token": user.refresh_token}),
    ):
        response = user.post(path, body, headers={"Accept-Encoding": "gzip, br"})
        assert "access_token" in ok(response)
        assert "Content-Encoding" not in response.headers and response.headers["Cache-Control"] == "no-store"
