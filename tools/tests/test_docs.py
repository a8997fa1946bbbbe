"""The generated documents say what they are made from, all of it."""

import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOOLS / "docs")]

import api_reference  # noqa: E402
import database_schema  # noqa: E402

VOTER = {
    "type": "object",
    "properties": {
        "id": {"type": "integer", "format": "int64", "minimum": 1},
        "email": {"anyOf": [{"type": "string", "format": "email", "maxLength": 254}, {"type": "null"}]},
        "phones": {"type": "array", "items": {"type": "string"}},
        "party": {"type": "string", "enum": ["red", "blue"]},
        "mailing": {"$ref": "#/components/schemas/Mailing"},
    },
    "required": ["id"],
}
PROBLEM = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
DOCUMENT = {
    "paths": {
        "/api/v1/voters/{id}": {
            "get": {
                "summary": "Read a voter",
                "tags": ["voters"],
                "parameters": [
                    {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
                    {"$ref": "#/components/parameters/campaign"},
                ],
                "security": [{"bearer": ["viewer"]}],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Voter"}}}},
                    "401": {"description": "Sign in first", **PROBLEM},
                    "404": {"description": "There is no such voter", **PROBLEM},
                    "default": {"$ref": "#/components/responses/Refused"},
                },
            },
            "delete": {
                "summary": "Remove a voter",
                "tags": ["voters"],
                "security": [],
                "responses": {
                    "204": {"description": "Done"},
                    "401": {"description": "Sign in first", **PROBLEM},
                    "404": {"description": "Nothing | here", **PROBLEM},
                },
            },
        }
    },
    "components": {
        "schemas": {"Voter": VOTER, "Mailing": {"type": "object", "properties": {}}},
        "parameters": {"campaign": {"name": "campaign_id", "in": "query", "schema": {"type": "integer"}}},
    },
}


def section(page, heading):
    return page.split(f"{heading}\n", 1)[1].split("\n#", 1)[0]


def test_a_route_tells_who_what_in_and_what_out():
    page = api_reference.page(DOCUMENT)
    route = section(page, "### GET `/api/v1/voters/{id}`")
    assert "Read a voter. Who: `viewer`." in route
    assert "| `id` (required) | path | integer, ≥ 1 |" in route and "| `campaign_id` | query | integer |" in route
    assert "- Answers: **200** [Voter](#type-voter)" in route
    # What the head of the page says of 401 is not said again; 404 means something else on each route.
    assert "- Errors: 401, 404 (There is no such voter)" in route and "| 401 | Sign in first |" in page
    assert "Who: anyone." in section(page, "### DELETE `/api/v1/voters/{id}`")


def test_a_type_tells_its_fields():
    voter = section(api_reference.page(DOCUMENT), "### Type `Voter`")
    assert "| `id` | integer, ≥ 1 | yes |" in voter
    assert "| `email` | string (email), ≤ 254 characters or null |  |" in voter
    assert "| `phones` | list of string |  |" in voter
    assert "| `party` | `red`, `blue` |  |" in voter
    assert "| `mailing` | [Mailing](#type-mailing) |  |" in voter


def test_the_schema_is_the_same_from_every_dump():
    def dump(version, token):
        return f"""--
-- PostgreSQL database dump
--

\\restrict {token}

-- Dumped from database version {version}

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

--
-- Name: users; Type: TABLE
--

CREATE TABLE core.users (
    id bigint NOT NULL
);


ALTER TABLE core.users OWNER TO townhall_owner;

ALTER VIEW campaign.members OWNER TO townhall_fence;

\\unrestrict {token}
"""

    text = database_schema.normalised(dump("15.12", "abc"))
    assert text == database_schema.normalised(dump("15.18", "def"))
    body = text[len(database_schema.HEAD) :]
    assert body == (
        "CREATE TABLE core.users (\n    id bigint NOT NULL\n);\n\n"
        "ALTER VIEW campaign.members OWNER TO townhall_fence;\n"
    )
