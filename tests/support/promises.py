#!/usr/bin/python3
"""Writes docs/promises.md from the markers on the tests; with --print, to standard output.

A test keeps a promise by @pytest.mark.promise("P6", "what this very test shows"). The markers are read from the source,
so that this needs nothing but Python.
"""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "promises.md"

PROMISES = {
    "Durability": {
        "P1": "Killing the server while forms are posted loses nothing that was acknowledged and doubles nothing that is retried by key.",
        "P2": "Killing every process of PostgreSQL loses nothing that was acknowledged; the server is ready again within 5 s of the database.",
        "P3": "While the database restarts under load, clients see 503 with Retry-After and nothing else, and nothing hangs over 5 s.",
        "P4": "When the answer to a commit is lost on the way, a retry with the same key leaves exactly one row.",
        "P5": "A hundred concurrent posts with one Idempotency-Key are executed once; the rest are told the same or 409.",
        "P6": "The same Idempotency-Key with another body is refused with 422.",
        "P7": "A fact and the jobs that follow from it are one transaction: never one without the other.",
        "P8": "A webhook delivered 50 times at once has one effect, and is acknowledged each time.",
        "P9": "Payment events in any order end in the same state.",
        "P10": "A kill between a webhook's commit and its answer, then redelivery, has one effect.",
        "P11": "Webhook signatures are accepted and refused exactly at the edges of the tolerance.",
        "P12": "An integration that limits, fails, hangs, drips, resets or floods does not slow the forms; all is delivered after.",
        "P13": "A reCAPTCHA that is away, replayed or wrong leads to the documented outcome, and never opens by accident.",
        "P14": "A job whose worker died runs again within its lease and 10 s.",
        "P15": "A worker stopped past its lease changes nothing when it goes on.",
        "P16": "A job that kills its worker each time ends as a dead letter, and the others go on.",
        "P17": "A transaction held open for an hour leaves the queue half its speed or more, and a metric shows it.",
    },
    "Availability": {
        "P18": "Slow headers, bodies and reads do not slow the others, and are closed.",
        "P19": "Idle connections and stalled TLS handshakes are closed at their deadline.",
        "P20": "Oversized headers, URLs, chunk extensions and trailers are refused, at a bounded cost.",
        "P21": "A body over the limit is answered with a 413 that the client really receives.",
        "P22": "Out of file descriptors, the server waits without spinning and accepts again within a second.",
        "P23": "An exhausted database pool answers 503 in the configured time, and health still answers.",
        "P24": "Without Redis the service goes on, limited locally, never unlimited.",
        "P25": "A full disk is answered with 503 or 507, and heals by itself.",
        "P27": "An upload and import of 10 GB stays within 400 MB of memory.",
        "P28": "An import killed anywhere and resumed leaves the table that a clean run leaves.",
        "P29": "SIGTERM under load fails no request in flight, and the server ends within 30 s; a second SIGTERM ends it at once.",
        "P30": "Migrations up, down and up again give an identical schema; eight starts at once apply them once.",
        "P31": "A migration while serving causes no error.",
        "P32": "A slow, lossy network and half-open peers leak no connection.",
        "P33": "Ten million requests leave memory and descriptors flat.",
    },
    "Files and input": {
        "P34": "Infected files are rejected, inside archives too, and can't be downloaded before a clean verdict.",
        "P35": "What the virus scanner's own limits let pass is not clean.",
        "P36": "With the scanner dead, hung or reloading a file waits, and is never clean.",
        "P37": "Archive, picture and animation bombs are rejected from their headers.",
        "P38": "Hostile XML is rejected without one outgoing connection.",
        "P39": "JSON nested too deep, with duplicate keys, infinite numbers or lone surrogates is refused with 400.",
        "P40": "NUL, bad UTF-8 and ids beyond 64 bits are refused with 400, never 500.",
        "P41": "Hostile file names never become paths, and files that lie about their type are rejected.",
        "P42": "Outgoing webhooks never reach private addresses.",
    },
    "Identity": {
        "P43": "No route and no query shows one campaign's data to another, whatever the role.",
        "P44": "No request sets a field that is not its caller's to set, and no answer holds a field that its role may not see.",
        "P45": "Page sizes, cursors and deep pages out of bounds are refused, and a deep cursor is as quick as the first page.",
        "P46": "Donation details can't be changed with another's payment intent.",
        "P47": "Forged, mistyped and oversized tokens are refused at constant cost.",
        "P48": "A revoked role or account is refused within 5 s, whatever its token says.",
        "P49": "A refresh token used again after 10 s revokes its family; twenty refreshes at once stay in one family.",
        "P50": "An unknown address and a wrong password take the same time to refuse.",
        "P51": "A flood of logins leaves the others their speed.",
        "P52": "Forged client addresses do not evade the limiter.",
        "P53": "The limiter holds across processes.",
        "P54": "A presigned URL is good for exactly what was signed.",
        "P55": "Cross-origin requests are allowed to the exact list of origins.",
        "P56": "Exported cells that a spreadsheet would run are neutralised, and come back as they were.",
        "P57": "No secret and no control character reaches the logs.",
        "P58": "Every answer carries the security headers, and every error is a problem document.",
        "P59": "Every answer fits the OpenAPI document, and there is no route outside it.",
        "P60": "No request can be smuggled past the framing.",
        "P61": "The sanitizers and fuzzers find nothing in the whole suite.",
        "P62": "Erasing a person leaves nothing of them.",
    },
}

HEAD = """# Promises

What holds under faults, load and bad input, and the test that shows it. "Not yet" means that no test shows it: do not rely on it.
This page is generated from the tests' markers by `tests/support/promises.py`.
"""


def markers(folder):
    """Every promise marker: (number, what the test shows, file and name of the test)."""
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.promise":
                    number, shows = (ast.literal_eval(argument) for argument in mark.args)
                    yield number, shows, f"{path.relative_to(folder.parent)}::{node.name}"


def page(folder):
    """The text of docs/promises.md. Raises ValueError for a marker with a number that nobody promised."""
    kept = {}
    known = {number for section in PROMISES.values() for number in section}
    for number, shows, test in markers(folder):
        if number not in known:
            raise ValueError(f"{test}: no promise {number}")
        kept.setdefault(number, []).append(f"{shows} (`{test}`)")
    lines = [HEAD]
    for section, promises in PROMISES.items():
        lines += [f"## {section}", "", "| | promise | shown by |", "|---|---|---|"]
        lines += [
            f"| {number} | {promise} | {'<br>'.join(kept.get(number, ['not yet']))} |"
            for number, promise in promises.items()
        ]
        lines.append("")
    return "\n".join(lines)


def main(arguments):
    text = page(ROOT / "tests")
    if arguments == ["--print"]:
        sys.stdout.write(text)
    else:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
