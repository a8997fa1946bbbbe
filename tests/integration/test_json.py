"""Hostile JSON and bytes: refused with 400, never 500."""

import json
import re
import secrets

import pytest

from support.client import ok, problem, raw_exchange
from support.corpora import json_parsing_cases
from support.forms import contact

# Stricter than the suite on purpose: a duplicate key and a NUL are always faults here.
STRICTER = {
    "y_object_duplicated_key",
    "y_object_duplicated_key_and_value",
    "y_object_escaped_null_in_key",
    "y_string_null_escape",
}


def post(public, body):
    return public.request("POST", "/api/contact", data=body, headers={"Content-Type": "application/json"})


def form_with(text):
    """A contact form whose message is this very JSON."""
    form = json.dumps(contact(message="MARK"))
    return form.replace('"MARK"', text).encode("utf-8", "surrogatepass")


@pytest.mark.promise("P39", "deep, duplicate, infinite and half-surrogate JSON is answered 400")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"[" * 60_000, id="60,000 open arrays"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, id="10,000 objects"),
        pytest.param(b"[" * 65 + b"]" * 65, id="65 arrays"),
        pytest.param(form_with('"a","message":"b"'), id="duplicate key"),
        pytest.param(form_with('"a","m\\u0065ssage":"b"'), id="duplicate key, escaped"),
        pytest.param(form_with("1e400"), id="1e400"),
        pytest.param(form_with("-1e400"), id="-1e400"),
        pytest.param(form_with('"\\ud800"'), id="high surrogate alone"),
        pytest.param(form_with('"\\udc00\\ud800"'), id="surrogates reversed"),
        pytest.param(form_with("NaN"), id="NaN"),
        pytest.param(form_with("18446744073709551616"), id="2^64"),
        pytest.param(form_with("9223372036854775808"), id="2^63"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"{} {}", id="two documents"),
        pytest.param(b'{"name": "a",}', id="trailing comma"),
    ],
)
def test_hostile_json(public, body):
    """400 as a problem document."""
    problem(post(public, body), 400)


@pytest.mark.promise("P40", "NUL and bad UTF-8 in a body are answered 400")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(form_with('"\x00"'), id="NUL"),
        pytest.param(form_with('"\\u0000"'), id="escaped NUL"),
        pytest.param(b'{"name":"\xff"}', id="0xFF"),
        pytest.param(b'{"name":"\xc0\xaf"}', id="overlong slash"),
        pytest.param(b'{"name":"\xed\xa0\x80"}', id="encoded surrogate"),
        pytest.param(b'{"name":"\xf4\x90\x80\x80"}', id="beyond U+10FFFF"),
        pytest.param(b'{"name":"\xe2\x82"}', id="cut short"),
        pytest.param(b'{"\xff":1}', id="in a key"),
        pytest.param('{"name":"a"}'.encode("utf-16"), id="UTF-16"),
    ],
)
def test_hostile_bytes(public, body):
    """400 as a problem document."""
    problem(post(public, body), 400)


def test_nesting_within_the_limit_is_no_syntax_error(public):
    """64 levels parse: then they are a fault of the field."""
    problem(post(public, form_with("[" * 63 + "]" * 63)), 422, pointers=["/message"])


@pytest.mark.parametrize(
    "text, taken",
    [
        ("1980.0", True),
        ("1.98e3", True),
        ("1980", True),
        ("1980.5", False),
        ("1e300", False),
        ("9007199254740993.0", False),
        ('"1980"', False),
        ("true", False),
    ],
)
def test_an_integer_is_a_number_without_a_fraction(admin, campaign, text, taken):
    """As JSON Schema has it, however it is written; what a double can't hold exactly is refused."""
    body = f'{{"first_name":"Ida","last_name":"N{secrets.token_hex(4)}","birth_year":{text}}}'.encode()
    answer = admin.request("POST", f"/api/v1/voters?campaign_id={campaign}", data=body)
    if taken:
        assert ok(answer, 201)["birth_year"] == 1980
    else:
        problem(answer, 422, pointers=["/birth_year"])


def test_a_campaign_named_by_a_whole_number(admin, make_campaign, make_user):
    """`7.0` in the body names campaign 7, and is held against the caller's roles as 7 is."""
    mine, other = make_campaign(), make_campaign()
    caller = make_user("manager", mine)
    for where, status in ((mine, 201), (other, 403)):
        for text in (f"{where}", f"{where}.0"):
            body = f'{{"campaign_id":{text},"first_name":"Ida","last_name":"W{secrets.token_hex(4)}"}}'.encode()
            answer = caller.request("POST", "/api/v1/voters", data=body)
            assert answer.status_code == status, (text, answer.text)


def test_the_document_tells_of_blanks(admin, campaign):
    """Where blanks alone are refused, the pattern of the document refuses them."""
    document = ok(admin.get("/openapi.json"))
    name = document["components"]["schemas"]["NewCampaign"]["properties"]["name"]
    assert name["minLength"] == 1 and not re.search(name["pattern"], " \t\r\n") and re.search(name["pattern"], " a")
    problem(admin.post("/api/v1/campaigns", {"name": " \t\r\n"}), 422, pointers=["/name"])


@pytest.mark.parametrize("zone", ["leapseconds", "right/Europe/Berlin", "posixrules", "localtime", "Factory", "Europe"])
def test_what_lies_beside_the_time_zones_is_none(admin, zone):
    """422: only zones of the IANA database are taken."""
    problem(admin.post("/api/v1/campaigns", {"name": "Fine", "time_zone": zone}), 422, pointers=["/time_zone"])


@pytest.mark.promise("P40", "ids beyond 64 bits, NUL and bad UTF-8 in paths and queries are answered 4xx, never 500")
@pytest.mark.parametrize(
    "path, statuses",
    [
        ("/api/v1/voters/9223372036854775808", {400}),
        ("/api/v1/voters/-9223372036854775809", {400}),
        ("/api/v1/voters/99999999999999999999999999", {400}),
        ("/api/v1/voters/9223372036854775807", {404}),
        ("/api/v1/voters/1e3", {400}),
        ("/api/v1/voters/%00", {400}),
        ("/api/v1/voters/%ff", {400}),
        ("/api/v1/voters/1%2f..", {400, 404}),
        ("/api/v1/voters?campaign_id=9223372036854775808", {422}),
        ("/api/v1/voters?q=%00", {400, 422}),
        ("/api/v1/voters?q=%ff%fe", {400, 422}),
        ("/api/v1/voters?q=%zz", {400, 422}),
        ("/api/v1/submissions/%00", {400}),
        ("/api/v1/submissions/00000000-0000-0000-0000-00000000000g", {400}),
    ],
)
def test_hostile_paths_and_queries(admin, server, path, statuses):
    """A problem document with the right status."""
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.token}\r\nConnection: close\r\n\r\n"
    answer = raw_exchange(server.port, head.encode())
    assert int(answer.split(b" ", 2)[1]) in statuses, answer[:800]
    assert b"application/problem+json" in answer


@pytest.mark.promise("P39", "JSONTestSuite: what must be refused is answered 400, what must be read never is")
def test_json_test_suite(public):
    """n_ is 400; y_ is read (422: it is no form); i_ is either, never 500."""
    wrong = []
    for name, text in json_parsing_cases():
        body = text.encode("utf-8", "surrogatepass")[
            :60_000
        ]  # longer ones are refused for that, and are cut-off anyway
        status = post(public, body).status_code
        refused = name.startswith("n_") or name in STRICTER
        expected = {400} if refused else {422} if name.startswith("y_") else {400, 422}
        if status not in expected:
            wrong.append(f"{name}: {status}, expected {expected}: {text[:60]!r}")
    assert not wrong, "\n".join(wrong)


def test_the_server_is_well_afterwards(public):
    """After all of it a form goes through."""
    ok(public.post("/api/contact", contact()), 201)
