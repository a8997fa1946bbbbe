"""What clients write, wherever they can write it, does not come back in the log."""

import json
import random
import re
import secrets
from urllib.parse import quote

import pytest
import requests

from support.client import Client, new_key, ok, raw_exchange, resolved
from support.forms import contact
from support.server import ADMIN, Townhall
from support.uploads import FINAL, Upload
from support.waiting import wait_until
from support.worker import Worker

SEED = 20261123
ROUNDS = 600
ENDS_THE_SESSION = re.compile(r"/api/v1/auth/(logout|password|sessions.*)")
FORGERY = '\r\n{"level":"critical","message":"forged"}'
ESCAPES = "\x1b[2J\x1b]0;title\x07\x9b31m"
BIDI = "\u202e\u2066\u200f\u2028"
BAD_UTF8 = b"\xff\xfe\xc0\xaf\xed\xa0\x80"


class Canaries:
    """Marked texts: each is unlike any other text, whole or in part, and none may be found again."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.mark = f"zq{secrets.token_hex(5)}qz"
        self.sown = 0

    def plain(self):
        self.sown += 1
        return f"{self.mark}{self.sown}"

    def text(self):
        """A password, an address, a token, or what would forge a line, drive a terminal or turn the text around."""
        mark = self.plain()
        return self.dice.choice(
            (
                mark,
                f"pass-{mark}-word",
                f"{mark}@example.org",
                f"eyJhbGciOiJIUzI1NiJ9.{mark}.{mark}",
                f"{mark}{FORGERY}",
                f"{ESCAPES}{mark}",
                f"{BIDI}{mark}",
                f"'; drop table {mark}; --",
                f"{mark}\x00{mark}",
            )
        )

    def value(self):
        """Something of JSON, with canaries in it."""
        return self.dice.choice(
            (self.text(), [self.text()], {self.text(): self.text()}, f"{self.text()}" * 40, -1, None, True)
        )

    def header(self):
        """What a header's value may hold on the wire; now and then what it may not."""
        return self.dice.choice(
            (self.plain(), f"Bearer {self.plain()}", f"a={self.plain()}; b", f"\x1b[31m{self.plain()}")
        )


@pytest.fixture(scope="module")
def told_all():
    """A server that logs everything it ever would, with its own PostgreSQL and a worker beside it, which have logs too."""
    server = Townhall(env={"LOG_LEVEL": "DEBUG"})
    worker = Worker(server)
    try:
        server.start(ready=120).create_admin()
        worker.start()
        yield server
    finally:
        worker.close()
        server.close()


def operations_of(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "post", "put", "patch", "delete") and not ENDS_THE_SESSION.fullmatch(path):
                schema = (
                    operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
                )
                query = [resolved(document, one) for one in operation.get("parameters", [])]
                yield (
                    method.upper(),
                    path,
                    list(resolved(document, schema).get("properties", {})),
                    [one["name"] for one in query if one["in"] == "query"],
                )


def sow_request(canaries, client, operation):
    """One request of this operation, with canaries wherever there is room."""
    method, path, fields, query = operation
    dice = canaries.dice
    known = "1" if "/users/" not in path else "999"  # 1 is the caller itself
    path = re.sub(r"\{\w+\}", lambda _: dice.choice((known, quote(canaries.text(), safe=""))), path)
    params = {dice.choice([*query, canaries.plain()]): canaries.text() for _ in range(dice.randrange(3))}
    headers = {
        name: canaries.plain()
        for name in ("User-Agent", "Referer", "Cookie", "X-Forwarded-For", "If-Match", "Accept-Language", "Origin")
        if dice.random() < 0.5
    }
    headers[f"X-{canaries.plain()}"] = canaries.plain()
    headers["X-Request-Id"] = f"{canaries.plain()} with a space"
    if dice.random() < 0.3:
        headers["Authorization"] = f"Bearer {canaries.plain()}.{canaries.plain()}.{canaries.plain()}"
    body = None
    if method in ("POST", "PUT", "PATCH"):
        document = {dice.choice([*fields, canaries.text()]): canaries.value() for _ in range(dice.randrange(1, 6))}
        body = json.dumps(document).encode("utf-8", "surrogatepass")
        if dice.random() < 0.2:
            body = body[: dice.randrange(len(body))] + BAD_UTF8 + canaries.plain().encode()
    try:
        client.request(method, path, params=params, data=body, headers=headers, timeout=30)
    except requests.RequestException:
        pass  # what the client's own library refuses to send


def sow_raw(canaries, port):
    """What no library sends: in the request line, in header names, within the framing."""
    mark = canaries.plain().encode()
    for sent in (
        b"GET /" + mark + b"\x1b[2J HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xff\xfe" + mark + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /%0d%0a" + mark + b"%1b%5b2J%e2%80%ae HTTP/1.1\r\nHost: a\r\n\r\n",
        mark + b" / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: " + mark + b"\r\nX\x1b" + mark + b": 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: " + mark + b"\x1b[31m\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\ntraceparent: 00-" + mark + b"-" + mark + b"-01\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic " + mark + b"\r\n\r\n",
        b"POST /api/contact HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;"
        + mark
        + b"=\x1b\r\nhello\r\n0\r\n\r\n",
        b"POST /api/contact HTTP/1.1\r\nHost: a\r\nContent-Length: " + mark + b"\r\n\r\n",
        mark * 3000 + b"\r\n\r\n",
    ):
        raw_exchange(port, sent, timeout=2)


def sow_files(canaries, admin, campaign):
    """Uploads with canaries in names of fields and files, in options and headers, and in rows that are refused."""
    rows = ["first_name,last_name,date_of_birth,email," + canaries.plain()]
    rows += [
        f"{canaries.plain()},,{canaries.plain()},{canaries.plain()}@example.org,{canaries.plain()}" for _ in range(30)
    ]
    rows += [f'"{canaries.plain()},broken', canaries.plain()]
    content = "\n".join(rows).encode() + b"\n\xff\xfe\x1b[2J" + canaries.plain().encode() + b",,\n"
    upload = Upload(admin, campaign).send(content, name=f"{canaries.plain()}.csv", source=canaries.plain())
    upload.finished()
    for name, file in (
        (f"\x1b[2J{canaries.plain()}.exe", content),
        (f"../../{canaries.plain()}.zip", b"PK\x03\x04" + canaries.plain().encode()),
        (f"{canaries.plain()}.csv.gz", b"\x1f\x8b" + canaries.plain().encode()),
        (f"{canaries.plain()}.csv", canaries.plain().encode() * 10),
    ):
        response = Upload(admin, campaign).attempt(
            file, name=name, mapping=json.dumps({canaries.text(): canaries.text()})
        )
        if response.status_code == 202:
            path = f"/api/v1/voters/imports/{response.json()['id']}"
            wait_until(lambda path=path: ok(admin.get(path))["status"] in FINAL, 60, "the import's end")
    boundary = canaries.plain()
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="{canaries.plain()}\x1b"; filename="{canaries.plain()}"\r\n'
    admin.request(
        "POST",
        f"/api/v1/voters/upload?campaign_id={campaign}",
        data=(part + f"{canaries.plain()}: {canaries.plain()}\r\n\r\n{canaries.plain()}").encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )


def sow_people(canaries, public):
    """Accounts and forms: addresses, passwords, messages, keys; right ones too."""
    for _ in range(20):
        public.post("/api/v1/auth/login", {"email": f"{canaries.plain()}@example.org", "password": canaries.text()})
        public.post("/api/v1/auth/login", {"email": ADMIN[0], "password": canaries.text()})
        public.post("/api/v1/auth/refresh", {"refresh_token": canaries.text()})
        public.post("/api/v1/auth/forgot", {"email": f"{canaries.plain()}@example.org"})
        form = contact(name=canaries.plain(), email=f"{canaries.plain()}@example.org", message=canaries.text())
        public.post("/api/contact", form, key=new_key())
        public.post("/api/contact", contact(message=canaries.text()), headers={"Idempotency-Key": canaries.plain()})


@pytest.mark.promise(
    "P57",
    "a seeded run over every route, with passwords, tokens, addresses, CRLF, ESC, bidi and bad UTF-8 in paths, queries,"
    " headers, bodies, uploads, forms and rows, also while statements fail: 0 canaries, every line valid JSON",
)
def test_no_canary_in_the_logs(told_all):
    """At the level DEBUG, in the server's log and in that of its PostgreSQL."""
    server, canaries = told_all, Canaries(SEED)
    admin, public = server.admin(), server.client()
    campaign = ok(admin.post("/api/v1/campaigns", {"name": canaries.plain()}), 201)["id"]
    found = ok(
        admin.post(
            "/api/v1/users", {"email": f"{canaries.plain()}@example.org", "name": "A", "password": canaries.plain()}
        ),
        201,
    )
    assert canaries.mark in found["email"]
    operations = list(operations_of(ok(public.get("/openapi.json"))))
    assert len(operations) >= 20
    for number in range(ROUNDS):
        client = canaries.dice.choice((admin, public, Client(server, token=canaries.plain())))
        sow_request(canaries, client, operations[number % len(operations)])
    sow_raw(canaries, server.port)
    sow_people(canaries, public)
    sow_files(canaries, admin, campaign)
    server.contract = False  # which knows of no 500
    # Now statements fail with canaries in their parameters, and failures are told with traces.
    server.audit().sql("alter table campaign.campaigns rename column office to renamed_away")
    server.audit().sql("alter table campaign.voters rename column city to renamed_away")
    for number in range(ROUNDS // 4):
        sow_request(canaries, admin, canaries.dice.choice(operations))
    assert admin.post("/api/v1/campaigns", {"name": canaries.plain()}).status_code == 500
    wait_until(lambda: any(entry.get("trace") for entry in server.log_entries()), 10, "a failure with its trace")
    assert canaries.sown > 3000
    server.stop()
    check(server, canaries)


def check(server, canaries):
    """Every byte of every log."""
    raw = server.log.read_bytes()
    text = raw.decode("utf-8")  # strict: no ill-formed byte came through
    entries = [json.loads(line) for line in text.split("\n")[:-1]]
    assert len(entries) > ROUNDS and {entry["message"] for entry in entries} >= {"request", "statement failed"}
    assert not any(entry["message"] == "forged" for entry in entries)
    control = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
    assert not control.search(text)
    logs = [*server.folder.glob("*.log"), *(path for path in server.home.rglob("*.log") if path.is_file())]
    assert {"postgres.log", "worker.log", server.log.name} <= {log.name for log in logs}, logs
    for log in logs:
        content = log.read_bytes()
        at = content.find(canaries.mark.encode())
        assert at < 0, f"{log.name}: {content[max(at - 300, 0) : at + 200]!r}"
    for secret in (ADMIN[0], ADMIN[1]):
        assert secret not in text
