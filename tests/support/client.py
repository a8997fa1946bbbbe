"""A small client of the HTTP contract."""

import json
import socket
import uuid

import requests

from support.contract import contract_of

_UNSET = object()


class Client:
    """One caller: its address and its access token. Cheap; one per thread."""

    def __init__(self, server, token=None):
        self.server = server
        self.token = token
        self.refresh_token = None
        self.user = None
        self._session = requests.Session()
        self._session.trust_env = False

    def request(self, method, path, *, json_body=_UNSET, data=None, key=None, headers=None, timeout=30, **more):
        """`path` from the root; `key` is the Idempotency-Key; `json_body` is sent as JSON. The answer is checked against
        the OpenAPI document."""
        sent = dict(headers or {})
        if self.token and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.token}"
        if key:
            sent["Idempotency-Key"] = key
        if json_body is not _UNSET:
            data = json.dumps(json_body).encode()
        if isinstance(data, bytes) and "Content-Type" not in sent:
            sent["Content-Type"] = "application/json"
        response = self._session.request(
            method, self.server.url + path, data=data, headers=sent, timeout=timeout, allow_redirects=False, **more
        )
        contract = contract_of(self.server)
        fault = contract and contract.fault(method, path, response, whole=not more.get("stream"))
        assert not fault, told(response, f"against the contract: {fault}")
        return response

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def head(self, path, **more):
        return self.request("HEAD", path, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    def post(self, path, body=_UNSET, **more):
        return self.request("POST", path, json_body=body, **more)

    def put(self, path, body=_UNSET, **more):
        return self.request("PUT", path, json_body=body, **more)

    def patch(self, path, body=_UNSET, **more):
        return self.request("PATCH", path, json_body=body, **more)

    # ---- accounts ----

    def login(self, email, password):
        """Signs in and keeps the tokens; returns itself."""
        answer = ok(self.post("/api/v1/auth/login", {"email": email, "password": password}))
        self.token, self.refresh_token, self.user = answer["access_token"], answer["refresh_token"], answer["user"]
        return self

    def anonymous(self):
        return Client(self.server)


def ok(response, status=200):
    """The JSON of a successful answer."""
    assert response.status_code == status, told(response, f"expected {status}")
    return response.json() if response.content else None


def problem(response, status, *, code=None, pointers=None, parameters=None):
    """Checks that the answer is a problem of this status in RFC 9457's shape, and that it names these faults."""
    assert response.status_code == status, told(response, f"expected {status}")
    assert response.headers["Content-Type"].split(";")[0] == "application/problem+json", told(response, "no problem")
    body = response.json()
    for member in ("type", "title", "status", "request_id"):  # the rest has a test of its own
        assert member in body, told(response, f"no `{member}`")
    assert body["status"] == status
    assert body["request_id"] == response.headers["X-Request-Id"]
    for leak in ("select ", "insert into", "pqexec", "sqlstate", "/tmp/", "/usr/", ".cpp", "std::"):
        assert leak not in response.text.lower(), told(response, f"leaks `{leak}`")
    faults = body.get("errors", [])
    if code:
        told_codes = {fault.get("code") for fault in faults} | {body["type"].rsplit("/", 1)[-1].rsplit(":", 1)[-1]}
        assert code in told_codes, told(response, f"no code `{code}`")
    if pointers is not None:
        assert {fault.get("pointer") for fault in faults} == set(pointers), told(response, f"expected {pointers}")
    if parameters is not None:
        assert {fault.get("parameter") for fault in faults} == set(parameters), told(response, f"expected {parameters}")
    return body


def told(response, why):
    """What a failed check shows of an exchange."""
    request = response.request
    body = request.body or b""
    body = body if isinstance(body, bytes) else str(body).encode()
    return (
        f"{why}: {request.method} {request.url}\n  sent {body[:600]!r}\n"
        f"  got {response.status_code} {dict(response.headers)}\n  {response.text[:1500]}"
    )


def resolved(document, part):
    """A part of an OpenAPI document, with its reference followed."""
    while "$ref" in part:
        target = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        part = target
    return part


def new_key():
    return str(uuid.uuid4())


def raw_exchange(port, request_bytes, timeout=10, source="127.0.0.1"):
    """Sends these very bytes on a fresh connection and reads until the server closes or goes quiet."""
    with socket.create_connection(("127.0.0.1", port), timeout, (source, 0)) as connection:
        connection.settimeout(timeout)
        answer = b""
        try:
            connection.sendall(request_bytes)
            while True:
                more = connection.recv(65536)
                if not more:
                    return answer
                answer += more
        except (ConnectionError, TimeoutError):
            return answer
