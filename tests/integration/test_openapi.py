"""The contract for machines: what it says is what the server does, on every route.

Each answer to every test's client is checked against the document (support/contract.py); here all routes are walked.
"""

import uuid

import pytest

from support.client import ok, problem, resolved

METHODS = ("get", "post", "put", "patch", "delete")
RANDOM_ID = str(uuid.UUID(int=0x0190_0000_0000_7000_8000_0000_0000_0001))


@pytest.fixture(scope="module")
def document(admin):
    return ok(admin.get("/openapi.json"))


@pytest.fixture(scope="module")
def operations(document):
    """(method, path, operation) of all there is."""
    return [
        (method, path, verbs[method])
        for path, verbs in document["paths"].items()
        for method in METHODS
        if method in verbs
    ]


def filled(document, path, operation, value=None):
    """The path with a value of the right kind for each parameter: one that hardly names anything."""
    for parameter in operation.get("parameters", []):
        parameter = resolved(document, parameter)
        if parameter["in"] == "path":
            schema = resolved(document, parameter["schema"])
            right = RANDOM_ID if schema.get("format") == "uuid" else "987654321" if schema["type"] == "integer" else "x"
            path = path.replace("{" + parameter["name"] + "}", value or right)
    return path


def sample(document, schema, depth=0):
    """A value that the schema describes."""
    schema = resolved(document, schema)
    if "anyOf" in schema:
        return sample(document, schema["anyOf"][0], depth)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        names = schema.get("required", []) if depth else schema.get("properties", {})
        return {name: sample(document, schema["properties"][name], depth + 1) for name in names}
    if kind == "array":
        return []
    if kind == "integer":
        return max(1, schema.get("minimum", 1))
    if kind == "number":
        return 1.5
    if kind == "boolean":
        return False
    formats = {
        "email": "walker@example.org",
        "date": "2026-01-02",
        "date-time": "2026-01-02T03:04:05Z",
        "uuid": RANDOM_ID,
        "slug": "a-walk",
        "iana-time-zone": "America/Chicago",
    }
    return formats.get(schema.get("format"), "walk" * (1 + schema.get("minLength", 0) // 4))


def body_of(document, operation):
    content = operation.get("requestBody", {}).get("content", {})
    return sample(document, content["application/json"]["schema"]) if "application/json" in content else None


@pytest.mark.promise(
    "P59", "every route, called by nobody, by an admin and in a campaign, with good input and with bad"
)
def test_every_route_answers_as_documented(document, operations, public, admin, campaign):
    """No answer, to whomever and to whatever, is outside of the document: the client checks each."""
    statuses = set()
    for method, path, operation in operations:
        if path.startswith("/api/v1/auth/sessions") or path == "/api/v1/auth/logout":
            continue  # would sign the walker out: their own tests call them
        target, body = filled(document, path, operation), body_of(document, operation)
        more = {"json_body": body} if body is not None else {}
        for client in (public, admin):
            for query in ("", f"?campaign_id={campaign}", "?no_such_parameter=1", "?campaign_id=0", "?per_page=0"):
                statuses.add(client.request(method.upper(), target + query, **more).status_code)
        for wrong in ({}, {"no_such_field": 1}, [], "x", 7, None):
            statuses.add(admin.request(method.upper(), f"{target}?campaign_id={campaign}", json_body=wrong).status_code)
        for data in (b"", b"{", b'{"a":1,"a":2}', b"\xff", b"[" * 100):
            statuses.add(admin.request(method.upper(), target, data=data).status_code)
        for odd in ("0", "-1", "x", "%F0%9F%92%A9", "99999999999999999999", "..%2f..", "%20"):
            statuses.add(admin.request(method.upper(), filled(document, path, operation, odd), **more).status_code)
    assert {200, 201, 204, 400, 401, 404, 415, 422} <= statuses, statuses
    assert not {status for status in statuses if status >= 500}, statuses


@pytest.mark.promise("P59", "a method that the document does not name is answered 405, with those that it does")
def test_no_method_outside_of_the_document(document, admin):
    """405 with Allow for the others; OPTIONS tells the same; HEAD is answered wherever GET is."""
    for path, verbs in document["paths"].items():
        target = filled(document, path, next(verb for name, verb in verbs.items() if name in METHODS))
        expected = {name.upper() for name in METHODS if name in verbs} | {"OPTIONS"}
        expected |= {"HEAD"} if "get" in verbs else set()
        for method in METHODS:
            if method not in verbs:
                answer = admin.request(method.upper(), target)
                problem(answer, 405)
                assert {name.strip() for name in answer.headers["Allow"].split(",")} == expected, (method, path)
        answer = admin.request("OPTIONS", target)
        assert answer.status_code == 204 and not answer.content
        assert {name.strip() for name in answer.headers["Allow"].split(",")} == expected, path


def test_head_answers_as_get_does(document, operations, admin, campaign):
    """The same status and the same header fields, without a body."""
    fleeting = {"Date", "X-Request-Id", "ETag", "Content-Length", "Transfer-Encoding", "Connection"}
    for method, path, operation in operations:
        if method != "get" or path.endswith("/events"):
            continue
        target = f"{filled(document, path, operation)}?campaign_id={campaign}"
        whole, head = admin.get(target), admin.head(target)
        assert head.status_code == whole.status_code and not head.content, path
        assert set(head.headers) - fleeting == set(whole.headers) - fleeting, path


def test_the_document_is_sound(document, operations):
    """Every reference leads somewhere, every operation has a name of its own, and every error is a problem."""

    def references(part):
        if isinstance(part, dict):
            if "$ref" in part:
                yield part
            for value in part.values():
                yield from references(value)
        elif isinstance(part, list):
            for value in part:
                yield from references(value)

    for part in references(document):
        assert isinstance(resolved(document, part), dict), part
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(names) == len(set(names))
    for method, path, operation in operations:
        assert operation["summary"] and operation["tags"], (method, path)
        for status, answer in operation["responses"].items():
            if status == "default" or int(status) >= 400:
                content = resolved(document, answer)["content"]
                assert list(content) == ["application/problem+json"], (method, path, status)
        needs_token = operation["security"] != []
        assert ("401" in operation["responses"]) >= needs_token, (method, path)
        assert path.count("{") == sum(
            resolved(document, parameter)["in"] == "path" for parameter in operation.get("parameters", [])
        ), path
