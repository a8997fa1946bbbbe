"""Access tokens: only what this server issued opens a door."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from support.client import ok, problem, raw_exchange
from support.server import ADMIN, Townhall

ME = "/api/v1/auth/me"
KEY, OTHER = "a-key-of-forty-characters-for-this-test-1", "a-key-of-forty-characters-for-this-test-2"


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def sign(header, claims, key=KEY, digest=hashlib.sha256):
    """A compact JWS over these, rightly signed: by Python's own HMAC."""
    signed = f"{text(json.dumps(header, separators=(',', ':')).encode())}.{text(json.dumps(claims).encode())}"
    return f"{signed}.{text(hmac.new(key.encode(), signed.encode(), digest).digest())}"


@pytest.fixture(scope="module")
def keyed(cluster, template):
    """A server whose signing key the tests know, so that they can forge what only its owner could."""
    database = cluster.new_database(template)
    server = Townhall(database, {"JWT_SECRET_KEY": KEY})
    try:
        yield server.start()
    finally:
        server.close()
        database.drop()


@pytest.fixture(scope="module")
def genuine(keyed):
    """(header, claims) of a token that the server issued."""
    header, claims, _ = keyed.admin().token.split(".")
    return read(header), read(claims)


def ask(server, token):
    return server.client().get(ME, headers={"Authorization": f"Bearer {token}"})


def test_the_forger_of_these_tests_can_sign(keyed, genuine):
    """The same header and claims, signed by another program with the right key, are let in: HS256 is what it says."""
    header, claims = genuine
    assert header["alg"] == "HS256" and header["typ"] == "at+jwt" and set(header) == {"alg", "typ", "kid"}
    assert set(claims) == {"iss", "aud", "sub", "sid", "iat", "exp", "jti"}
    assert ok(ask(keyed, sign(header, claims)))["email"] == ADMIN[0]


TRICKS = {
    "no signature": lambda h, c: sign(h, c).rpartition(".")[0] + ".",
    "two parts": lambda h, c: sign(h, c).rpartition(".")[0],
    "alg none": lambda h, c: sign({**h, "alg": "none"}, c).rpartition(".")[0] + ".",
    "alg none, signed": lambda h, c: sign({**h, "alg": "none"}, c),
    "alg nOnE": lambda h, c: sign({**h, "alg": "nOnE"}, c).rpartition(".")[0] + ".",
    "alg HS512": lambda h, c: sign({**h, "alg": "HS512"}, c, digest=hashlib.sha512),
    "alg HS384, header of HS256": lambda h, c: sign(h, c, digest=hashlib.sha384),
    "alg RS256, HMAC with the key": lambda h, c: sign({**h, "alg": "RS256"}, c),
    "alg ES256": lambda h, c: sign({**h, "alg": "ES256"}, c),
    "no alg": lambda h, c: sign({k: v for k, v in h.items() if k != "alg"}, c),
    "typ JWT": lambda h, c: sign({**h, "typ": "JWT"}, c),
    "no typ": lambda h, c: sign({k: v for k, v in h.items() if k != "typ"}, c),
    "crit": lambda h, c: sign({**h, "crit": ["b64"], "b64": False}, c),
    "jku": lambda h, c: sign({**h, "jku": "http://127.0.0.1:9/keys"}, c),
    "jwk": lambda h, c: sign({**h, "jwk": {"kty": "oct", "k": text(OTHER.encode())}}, c, key=OTHER),
    "x5u": lambda h, c: sign({**h, "x5u": "http://127.0.0.1:9/chain"}, c),
    "x5c": lambda h, c: sign({**h, "x5c": ["AAAA"]}, c),
    "kid of a file": lambda h, c: sign({**h, "kid": "../../../../dev/null"}, c, key=""),
    "kid of SQL": lambda h, c: sign({**h, "kid": "' or 1=1 --"}, c),
    "kid missing": lambda h, c: sign({k: v for k, v in h.items() if k != "kid"}, c),
    "another key": lambda h, c: sign(h, c, key=OTHER),
    "wrong aud": lambda h, c: sign(h, {**c, "aud": "another-api"}),
    "aud list": lambda h, c: sign(h, {**c, "aud": [c["aud"], "another-api"]}),
    "no aud": lambda h, c: sign(h, {k: v for k, v in c.items() if k != "aud"}),
    "wrong iss": lambda h, c: sign(h, {**c, "iss": "elsewhere"}),
    "no iss": lambda h, c: sign(h, {k: v for k, v in c.items() if k != "iss"}),
    "no exp": lambda h, c: sign(h, {k: v for k, v in c.items() if k != "exp"}),
    "exp over": lambda h, c: sign(h, {**c, "exp": int(time.time()) - 1}),
    "exp text": lambda h, c: sign(h, {**c, "exp": str(c["exp"])}),
    "exp real": lambda h, c: sign(h, {**c, "exp": 1e300}),
    "no iat": lambda h, c: sign(h, {k: v for k, v in c.items() if k != "iat"}),
    "iat to come": lambda h, c: sign(h, {**c, "iat": int(time.time()) + 3600}),
    "sub of nobody": lambda h, c: sign(h, {**c, "sub": "999999999"}),
    "sub number": lambda h, c: sign(h, {**c, "sub": int(c["sub"])}),
    "sub negative": lambda h, c: sign(h, {**c, "sub": "-1"}),
    "sid no uuid": lambda h, c: sign(h, {**c, "sid": "1"}),
    "claims are a list": lambda h, c: sign(h, [c]),
    "nested 5,000 deep": lambda h, c: sign(h, {}).split(".")[0] + "." + text(b"[" * 5000) + "." + "A" * 43,
    "padded": lambda h, c: sign(h, c) + "=",
    "encrypted form": lambda h, c: ".".join([text(b'{"alg":"dir","enc":"A256GCM"}'), "", "AAAA", "AAAA", "AAAA"]),
    "8 KB": lambda h, c: sign(h, {**c, "jti": "x" * 6000}) + "A" * 1000,
    "dots": lambda h, c: "." * 8000,
}


@pytest.mark.promise(
    "P47", "none, other algorithms, keys in the header, crit, wrong aud, iss, typ or exp, and nonsense: 401, all alike"
)
@pytest.mark.parametrize("trick", TRICKS)
def test_what_we_did_not_issue_is_refused(keyed, genuine, trick):
    """401 that says invalid_token, and nothing of what was wrong."""
    response = ask(keyed, TRICKS[trick](*genuine))
    body = problem(response, 401)
    assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert body["detail"] == "The access token is not valid (any more)."


@pytest.mark.promise("P47", "a token of 1 MB is over the header's limit: 431 in place of 401, and it isn't read")
def test_a_megabyte_is_turned_away_at_the_gate(keyed):
    """431, at once. What refusing a trick costs is measured beside the source, without HTTP's noise."""
    began = time.monotonic()
    answer = raw_exchange(
        keyed.port,
        b"GET /api/v1/auth/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b"A" * 1_000_000 + b"\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 431 ") and time.monotonic() - began < 5


def test_keys_are_rotated_by_the_list(cluster, template):
    """The first key of JWT_SECRET_KEY signs, all verify; a key that leaves the list takes its tokens along."""
    database = cluster.new_database(template)
    server = Townhall(database, {"JWT_SECRET_KEY": KEY})
    try:
        old = server.start().admin().token
        server.stop()
        server.env["JWT_SECRET_KEY"] = f" {OTHER}, {KEY} "
        server.start()
        ok(ask(server, old))
        new = server.admin().token
        assert new.split(".")[0] != old.split(".")[0]
        server.stop()
        server.env["JWT_SECRET_KEY"] = OTHER
        server.start()
        ok(ask(server, new))
        problem(ask(server, old), 401)
    finally:
        server.close()
        database.drop()


@pytest.mark.promise(
    "P47", "a shorter lifetime also ends what was issued under a longer one: no ended session comes back"
)
def test_a_shorter_lifetime_revives_nobody(cluster, template):
    """Half an hour after a sign-out, tokens are made to live for a minute: the old one has an hour by its own word."""
    database = cluster.new_database(template)
    server = Townhall(database, {"JWT_SECRET_KEY": KEY, "JWT_ACCESS_TOKEN_EXPIRES": "3600"})
    try:
        admin = server.start().admin()
        header, claims = (read(part) for part in admin.token.split(".")[:2])
        ok(admin.post("/api/v1/auth/logout"), 204)
        old = sign(header, {**claims, "iat": claims["iat"] - 1800, "exp": claims["exp"] - 1800})
        problem(ask(server, old), 401)
        database.sql(
            "update core.sessions set revoked_at = revoked_at - interval '30 minutes' where revoked_at < now()"
        )
        server.stop()
        server.env["JWT_ACCESS_TOKEN_EXPIRES"] = "60"
        server.start()
        problem(ask(server, old), 401)
        ok(ask(server, server.admin().token))
    finally:
        server.close()
        database.drop()
