"""Random input on every route of the contract's own document: refused or served, never a 500, always in shape."""

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.client import ok, resolved, told

TEXT = st.text(max_size=30) | st.sampled_from(["", "'", "\\", "%00", "null", "../..", "\u202e", "=1+1", "a" * 3000])
SCALAR = st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.floats() | TEXT
JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=8
)
UNTOUCHED = {"/api/v1/auth/logout", "/api/v1/auth/password"}  # these would end the caller's own session


@pytest.fixture(scope="module")
def operations(server):
    """(method, path, names of body fields, names of query parameters) of everything in /openapi.json."""
    document = ok(server.client().get("/openapi.json"))
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method not in ("get", "post", "put", "patch", "delete") or path in UNTOUCHED:
                continue
            parameters = [resolved(document, one) for one in operation.get("parameters", [])]
            query = [one["name"] for one in parameters if one["in"] == "query"]
            found.append((method.upper(), path, body_fields(document, operation), query))
    assert len(found) >= 20
    return found


def body_fields(document, operation):
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    schema = resolved(document, schema)
    return list(schema.get("properties", {}))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(data=st.data())
def test_random_requests(operations, admin, data):
    """Below 500, and every refusal is a problem document."""
    method, path, fields, query = data.draw(st.sampled_from(operations))
    path = re.sub(
        r"\{\w+\}", lambda _: data.draw(st.sampled_from(["1", "0", "-1", "x", "%00", "9" * 30, "%E2%82%AC"])), path
    )
    names = st.sampled_from(query or ["page"]) | TEXT
    params = data.draw(st.dictionaries(names, TEXT | st.integers(-(2**64), 2**64).map(str), max_size=3))
    options = {}
    if method != "GET" and method != "DELETE":
        some = st.dictionaries(st.sampled_from(fields or ["x"]) | TEXT, JSON, max_size=6)
        options["data"] = json.dumps(data.draw(some | JSON)).encode("utf-8", "surrogatepass")
    check(admin.request(method, path, params=params, **options))


def check(response):
    assert response.status_code < 500, told(response, "a fault of the server")
    if response.status_code >= 400:
        assert response.headers["Content-Type"].startswith("application/problem+json"), told(response, "no problem")
        assert response.json()["status"] == response.status_code
    assert response.headers.get("X-Request-Id"), told(response, "no request id")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(
    body=st.binary(max_size=200),
    kind=st.sampled_from(["application/json", "multipart/form-data; boundary=x", "text/csv", "", "\"'"]),
)
def test_random_bytes(server, body, kind):
    """Bytes that are nothing at all are refused in shape, on a public route and on the upload."""
    client = server.client()
    for path in ("/api/contact", "/api/v1/auth/login", "/api/v1/voters/upload"):
        check(client.request("POST", path, data=body, headers={"Content-Type": kind}))
