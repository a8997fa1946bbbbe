"""Requests that two readers could understand differently: where the message ends, or what it asks.

Each carries a second request, whose X-Request-Id is `smuggled-…`, at the place where a reader that falls for the trick
finds one.
"""

from dataclasses import dataclass

PATH = "/api/contact"


@dataclass(frozen=True)
class Case:
    """`statuses`: of the answers that the server gives to it directly. None: one refusal, and it closes."""

    name: str
    data: bytes
    statuses: tuple | None = None


def smuggled(name):
    return f"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: smuggled-{name}\r\n\r\n".encode()


def head(*fields, line=f"POST {PATH} HTTP/1.1", host="Host: x"):
    lines = [part.encode("latin-1") for part in (line, *([host] if host else []), "Content-Type: application/json")]
    lines += [field.encode("latin-1") for field in fields]
    return b"\r\n".join(lines) + b"\r\n\r\n"


# Ways to say "chunked" that one reader takes and another does not see. Sent with a Content-Length as well.
CODINGS = {
    "plain": "Transfer-Encoding: chunked",
    "capitals": "TRANSFER-ENCODING: CHUNKED",
    "tab": "Transfer-Encoding:\tchunked",
    "no-blank": "Transfer-Encoding:chunked",
    "many-blanks": "Transfer-Encoding:    chunked   ",
    "blank-before-colon": "Transfer-Encoding : chunked",
    "tab-before-colon": "Transfer-Encoding\t: chunked",
    "blank-first": " Transfer-Encoding: chunked",
    "folded": "Transfer-Encoding:\r\n chunked",
    "folded-tab": "Transfer-Encoding:\r\n\tchunked",
    "folded-name": "X: y\r\n Transfer-Encoding: chunked",
    "vertical-tab": "Transfer-Encoding: \x0bchunked",
    "form-feed": "Transfer-Encoding: chunked\x0c",
    "nul-behind": "Transfer-Encoding: chunked\x00",
    "nul-in-name": "Transfer-Encoding\x00: chunked",
    "8-bit-blank": "Transfer-Encoding: \xa0chunked",
    "8-bit-letter": "Transfer-Encoding: chun\xebked",
    "quoted": 'Transfer-Encoding: "chunked"',
    "quoted-once": "Transfer-Encoding: 'chunked'",
    "x": "Transfer-Encoding: xchunked",
    "cut": "Transfer-Encoding: chunke",
    "parameter": "Transfer-Encoding: chunked;q=1",
    "list-twice": "Transfer-Encoding: chunked, chunked",
    "list-identity-first": "Transfer-Encoding: identity, chunked",
    "list-identity-last": "Transfer-Encoding: chunked, identity",
    "list-gzip": "Transfer-Encoding: gzip, chunked",
    "list-empty": "Transfer-Encoding: , chunked",
    "two-fields": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "two-fields-identity": "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    "two-fields-cow": "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow",
    "gzip-alone": "Transfer-Encoding: gzip",
    "identity-alone": "Transfer-Encoding: identity",
    "empty": "Transfer-Encoding:",
    "bare-lf": "X: y\nTransfer-Encoding: chunked",
    "bare-cr": "X: y\rTransfer-Encoding: chunked",
    "cr-lf-cr": "X: y\r\n\rTransfer-Encoding: chunked",
}

# Content-Lengths of which one reader may take another number, or none. {0} is the length of the body.
LENGTHS = {
    "twice": "Content-Length: {0}\r\nContent-Length: {0}",
    "twice-shorter-first": "Content-Length: 0\r\nContent-Length: {0}",
    "twice-shorter-last": "Content-Length: {0}\r\nContent-Length: 0",
    "list": "Content-Length: {0}, {0}",
    "list-zero": "Content-Length: 0, {0}",
    "plus": "Content-Length: +{0}",
    "minus": "Content-Length: -{0}",
    "minus-zero": "Content-Length: -0",
    "hexadecimal": "Content-Length: 0x{0}",
    "exponent": "Content-Length: {0}e0",
    "fraction": "Content-Length: {0}.0",
    "blank-within": "Content-Length: 0 {0}",
    "letter-behind": "Content-Length: {0}a",
    "underscores": "Content-Length: 0_{0}",
    "quoted": 'Content-Length: "{0}"',
    "empty": "Content-Length:",
    "past-64-bits": "Content-Length: 18446744073709551616",
    "around-64-bits": "Content-Length: 1844674407370955161{0}",
    "blank-before-colon": "Content-Length : {0}",
    "folded": "Content-Length:\r\n {0}",
    "vertical-tab": "Content-Length: \x0b{0}",
    "nul": "Content-Length: {0}\x00",
    "bare-lf": "X: y\nContent-Length: {0}",
    "bare-cr": "X: y\rContent-Length: {0}",
}

# Chunked bodies that end elsewhere for another reader.
CHUNKS = {
    "lf-behind-size": b"0\n\r\n",
    "lf-only": b"2\n{}\n0\n\n",
    "blank-behind-size": b"2 \r\n{}\r\n0\r\n\r\n",
    "blank-before-size": b" 2\r\n{}\r\n0\r\n\r\n",
    "0x": b"0x2\r\n{}\r\n0\r\n\r\n",
    "plus": b"+2\r\n{}\r\n0\r\n\r\n",
    "minus": b"-2\r\n{}\r\n0\r\n\r\n",
    "underscore": b"0_2\r\n{}\r\n0\r\n\r\n",
    "past-32-bits-wraps": b"100000002\r\n{}\r\n0\r\n\r\n",
    "past-64-bits-wraps": b"10000000000000002\r\n{}\r\n0\r\n\r\n",
    "no-size": b"\r\n{}\r\n0\r\n\r\n",
    "extension-lf": b"2;a\n{}\r\n0\r\n\r\n",
    "extension-quoted-lf": b'2;a="\n"\r\n{}\r\n0\r\n\r\n',
    "extension-cr": b"2;a\rb\r\n{}\r\n0\r\n\r\n",
    "extension-nul": b"2;a\x00\r\n{}\r\n0\r\n\r\n",
    "extension-endless": b"2;" + b"a" * 20000 + b"\r\n{}\r\n0\r\n\r\n",
    "longer-than-size": b"1\r\n{}\r\n0\r\n\r\n",
    "shorter-than-size": b"3\r\n{}\r\n0\r\n\r\n",
    "no-line-end-behind-data": b"2\r\n{}0\r\n\r\n",
    "lf-behind-data": b"2\r\n{}\n0\r\n\r\n",
    "trailer-folded": b"0\r\nA: b\r\n c\r\n\r\n",
    "trailer-lf": b"0\r\nA: b\n\r\n",
    "trailer-endless": b"0\r\nA: " + b"b" * 20000 + b"\r\n\r\n",
    "last-line-lf": b"0\r\n\n",
    "last-line-cr-x": b"0\r\n\rX",
}

# Whole headers, each followed by a request that only some would see.
HEADERS = {
    "no-host": head(host=None, line="GET /healthz HTTP/1.1"),
    "two-hosts": head("Host: y", line="GET /healthz HTTP/1.1"),
    "host-list": head(host="Host: x, y", line="GET /healthz HTTP/1.1"),
    "host-path": head(host="Host: x/../y", line="GET /healthz HTTP/1.1"),
    "host-user": head(host="Host: x@y", line="GET /healthz HTTP/1.1"),
    "host-folded": head(host="Host:\r\n x", line="GET /healthz HTTP/1.1"),
    "host-two-ports": head(host="Host: x:80:81", line="GET /healthz HTTP/1.1"),
    "absolute-form": head(line="GET http://x/healthz HTTP/1.1"),
    "absolute-form-other-host": head(line="GET http://y/healthz HTTP/1.1"),
    "authority-form": head(line="CONNECT x:80 HTTP/1.1"),
    "asterisk": head(line="OPTIONS * HTTP/1.1"),
    "fragment": head(line="GET /healthz#/ HTTP/1.1"),
    "no-slash": head(line="GET healthz HTTP/1.1"),
    "blank-in-target": head(line="GET /healthz x HTTP/1.1"),
    "tab-in-target": head(line="GET /healthz\tx HTTP/1.1"),
    "8-bit-target": head(line="GET /\xe4 HTTP/1.1"),
    "nul-in-target": head(line="GET /healthz\x00 HTTP/1.1"),
    "two-blanks": head(line="GET  /healthz HTTP/1.1"),
    "tab-separated": head(line="GET\t/healthz\tHTTP/1.1"),
    "blank-behind-version": head(line="GET /healthz HTTP/1.1 "),
    "blank-first": head(line=" GET /healthz HTTP/1.1"),
    "small-method": head(line="get /healthz HTTP/1.1"),
    "unknown-method": head(line="GETX /healthz HTTP/1.1"),
    "version-0.9": b"GET /healthz\r\n",
    "version-2": head(line="GET /healthz HTTP/2.0"),
    "version-1.10": head(line="GET /healthz HTTP/1.10"),
    "version-small": head(line="GET /healthz http/1.1"),
    "preface-of-2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "lf-alone": b"GET /healthz HTTP/1.1\nHost: x\n\n",
    "lf-then-crlf": b"GET /healthz HTTP/1.1\nHost: x\r\n\r\n",
    "crlf-then-lf": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\n",
    "cr-alone": b"GET /healthz HTTP/1.1\rHost: x\r\r",
    "folded": head("A: b\r\n c", line="GET /healthz HTTP/1.1"),
    "no-colon": head("A", line="GET /healthz HTTP/1.1"),
    "no-name": head(": b", line="GET /healthz HTTP/1.1"),
    "8-bit-name": head("\xe4: b", line="GET /healthz HTTP/1.1"),
    "blank-in-name": head("A B: c", line="GET /healthz HTTP/1.1"),
    "nul-in-value": head("A: b\x00c", line="GET /healthz HTTP/1.1"),
    "cr-in-value": head("A: b\rc", line="GET /healthz HTTP/1.1"),
    "trace": head("Max-Forwards: 0", line="TRACE /healthz HTTP/1.1"),
    "other-expectation": head("Expect: 200-ok", "Content-Length: 2"),
    "expectation-list": head("Expect: 100-continue, x", "Content-Length: 2"),
}


def chunk(data):
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _codings():
    for name, field in CODINGS.items():
        cl_te, te_cl = f"cl-te-{name}", f"te-cl-{name}"
        body = b"0\r\n\r\n" + smuggled(cl_te)
        yield Case(cl_te, head(f"Content-Length: {len(body)}", field) + body)
        inner = chunk(smuggled(te_cl))
        body = inner + b"0\r\n\r\n"
        yield Case(te_cl, head(field, f"Content-Length: {inner.index(b'G')}") + body)


def _others():
    for name, field in LENGTHS.items():
        name = f"cl-{name}"
        yield Case(name, head(field.format(len(smuggled(name)))) + smuggled(name))
    for name, body in CHUNKS.items():
        name = f"chunk-{name}"
        yield Case(name, head("Transfer-Encoding: chunked") + body + smuggled(name))
    for name, data in HEADERS.items():
        name = f"head-{name}"
        yield Case(name, data + smuggled(name))
    name = "chunked-on-1.0"
    yield Case(name, head("Transfer-Encoding: chunked", line=f"POST {PATH} HTTP/1.0") + b"0\r\n\r\n" + smuggled(name))


def _sound():
    """What looks like a trick and is none: read in one way only, and served."""
    name = "get-with-a-body"
    body = smuggled(name)
    yield Case(name, head(f"Content-Length: {len(body)}", line="GET /healthz HTTP/1.1") + body, (200,))
    name = "unread-body"
    body = smuggled(name)
    yield Case(name, head(f"Content-Length: {len(body)}", line="POST /nowhere HTTP/1.1") + body, (404,))
    name = "underscored-names"
    body = smuggled(name)
    fields = ("Content_Length: 0", "Transfer_Encoding: chunked", f"Content-Length: {len(body)}")
    yield Case(name, head(*fields, line="GET /healthz HTTP/1.1") + body, (200,))
    name = "connection-names-length"
    body = smuggled(name)
    fields = ("Connection: Content-Length", f"Content-Length: {len(body)}")
    yield Case(name, head(*fields, line="GET /healthz HTTP/1.1") + body, (200,))
    name = "leading-zeros"
    body = smuggled(name)
    yield Case(name, head(f"Content-Length: 000{len(body)}", line="GET /healthz HTTP/1.1") + body, (200,))
    name = "upgrade-to-2"
    fields = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")
    yield Case(name, head(*fields, line="GET /healthz HTTP/1.1"), (200,))
    name = "expected-body"
    body = smuggled(name)
    fields = (f"Content-Length: {len(body)}", "Expect: 100-continue")
    yield Case(name, head(*fields) + body, (400,))


CASES = [*_codings(), *_others()]
SOUND = list(_sound())
