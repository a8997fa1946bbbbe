#!/usr/bin/python3
"""Reads an OpenAPI document on standard input; prints docs/api-reference.md."""

import json
import sys
from collections import Counter

HEAD = """# API reference

Every route of this version, from the same OpenAPI document that `GET /openapi.json` and `townhall openapi` give, which is
the contract. This page is generated from it: `./dev docs`.

- A route that names a role wants `Authorization: Bearer <access token>` of somebody with that role, or one above it, in the
  campaign that the request acts in: `viewer`, `canvasser`, `organizer`, `manager`, `admin`. `editor` is website staff.
- Every GET answers HEAD too. Bodies are JSON unless told otherwise; a field that is not known is refused by its name.
- Errors are [problem documents](#type-problem) (`application/problem+json`). What a status means where a route says nothing else:
"""
WITHOUT_ROLE = "anybody signed in"


def name_of(reference):
    return reference.rsplit("/", 1)[-1]


def link(name):
    return f"[{name}](#type-{name.lower()})"


def bounds(schema, low, high, unit=""):
    least, most = schema.get(low), schema.get(high)
    if least is not None and most is not None:
        return f"{least}–{most}{unit}"
    if most is not None:
        return f"≤ {most}{unit}"
    return f"≥ {least}{unit}" if least is not None else ""


def type_of(schema):
    """A schema in a few words: "string (email), 1–200 characters", "Voter, or null"."""
    if "$ref" in schema:
        return link(name_of(schema["$ref"]))
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return " or ".join(type_of(one) for one in schema[choice])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(type_of({**schema, "type": one}) for one in kind)
    if kind == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if kind == "object":
        return "object"
    if kind is None:
        return "any JSON"
    words = kind + (f" ({schema['format']})" if schema.get("format") not in (None, "int64") else "")
    length = bounds(schema, "minLength", "maxLength", " characters")
    return ", ".join(part for part in (words, length, bounds(schema, "minimum", "maximum")) if part)


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def table(heads, rows):
    """The lines of a table, and an empty one; a last column without a heading is left out where it is empty."""
    rows = list(rows)
    if not heads[-1] and not any(row[-1] for row in rows):
        heads, rows = heads[:-1], [row[:-1] for row in rows]
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(map(cell, row)) + " |"
    yield ""


def who_may(operation):
    """From the security requirement, whose list holds the least role (OpenAPI 3.1)."""
    requirements = operation.get("security", [])
    if not requirements:
        return "anyone"
    roles = sorted({role for needed in requirements for roles in needed.values() for role in roles})
    return ", ".join(f"`{role}`" for role in roles) if roles else WITHOUT_ROLE


def content_of(holder):
    """What a body or an answer holds: a link to its type, or "`text/csv`"."""
    parts = []
    for media, what in holder.get("content", {}).items():
        schema = what.get("schema", {})
        if media == "application/json":
            parts.append(type_of(schema) if schema else "JSON")
        elif schema.get("properties"):
            fields = ", ".join(f"`{name}`" for name in schema["properties"])
            parts.append(f"`{media}` with {fields}")
        else:
            parts.append(f"`{media}`")
    return " or ".join(parts)


def answers_of(operation, usual):
    """One line for the answers that are wanted, one for the errors; usual titles are left out."""
    good, bad = [], []
    for status, answer in sorted(operation["responses"].items()):
        if status == "default":
            continue  # whatever else can go wrong, as at the head of the page
        if status < "400":
            good.append(f"**{status}** {content_of(answer) or 'without a body'}")
        elif usual.get(status) == answer["description"]:
            bad.append(status)
        else:
            bad.append(f"{status} ({answer['description']})")
    return "; ".join(good), ", ".join(bad)


def operation_lines(verb, path, operation, document, usual):
    yield f"### {verb.upper()} `{path}`"
    yield ""
    yield f"{operation['summary']}. Who: {who_may(operation)}."
    if operation.get("description"):
        yield ""
        yield operation["description"]
    yield ""
    shared = document["components"].get("parameters", {})
    parameters = [shared[name_of(p["$ref"])] if "$ref" in p else p for p in operation.get("parameters", [])]
    if parameters:
        yield from table(
            ["parameter", "in", "value", ""],
            [
                (
                    f"`{p['name']}`" + (" (required)" if p.get("required") else ""),
                    p["in"],
                    type_of(p["schema"]),
                    p.get("description", ""),
                )
                for p in parameters
            ],
        )
    if "requestBody" in operation:
        yield f"- Body: {content_of(operation['requestBody'])}"
    good, bad = answers_of(operation, usual)
    yield f"- Answers: {good}"
    if bad:
        yield f"- Errors: {bad}"
    yield ""


def schema_lines(name, schema):
    yield f"### Type `{name}`"
    yield ""
    if schema.get("description"):
        yield schema["description"]
        yield ""
    required = set(schema.get("required", []))
    properties = schema.get("properties")
    if not properties:
        yield type_of(schema)
        yield ""
        return
    rows = [
        (f"`{field}`", type_of(what), "yes" if field in required else "", what.get("description", ""))
        for field, what in properties.items()
    ]
    yield from table(["field", "value", "always there", ""], rows)


def page(document):
    operations = [(path, verb, what) for path, verbs in document["paths"].items() for verb, what in verbs.items()]
    titles = {}
    for _, _, what in operations:
        for status, answer in what["responses"].items():
            if "400" <= status < "600":
                titles.setdefault(status, Counter())[answer["description"]] += 1
    usual = {}
    for status, counted in titles.items():
        title, times = counted.most_common(1)[0]
        if 2 * times > counted.total():
            usual[status] = title

    lines = [HEAD, *table(["status", "meaning"], sorted(usual.items()))]
    tags = {}
    for path, verb, what in operations:
        tags.setdefault(what.get("tags", ["other"])[0], []).append((path, verb, what))
    for tag, members in tags.items():
        lines += [f"## {tag}", ""]
        for path, verb, what in members:
            lines += operation_lines(verb, path, what, document, usual)
    lines += ["## Types", ""]
    for name, schema in sorted(document["components"]["schemas"].items()):
        lines += schema_lines(name, schema)
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    sys.stdout.write(page(json.load(sys.stdin)))
