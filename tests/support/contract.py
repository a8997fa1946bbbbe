"""Whether answers are what the server's own OpenAPI document says, and carry what every answer must."""

import json
from urllib.parse import unquote, urlsplit

import jsonschema
import requests

# What the gate may say before it knows the path: the document's `default`.
GATE = {400, 408, 414, 417, 431, 501, 505}
EVERY_ANSWER = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "0",
    "Referrer-Policy": "no-referrer",
}
EMBEDDABLE = ("/api/assets/",)  # what other sites' pages may show
_MOST_ITEMS = 20  # of a long list: the rest is written by the same code
_BY_TEXT = {}


class Contract:
    """One OpenAPI document."""

    def __init__(self, text):
        self.document = json.loads(text)
        self.paths = self.document["paths"]
        self._templates = [(path.split("/"), path) for path in self.paths if "{" in path]
        self._validators = {}

    def template_of(self, target):
        """The path of the document that answers this target, or nothing. A fixed path goes before a template."""
        path = unquote(urlsplit(target).path)
        path = path.removesuffix("/") or "/"
        if path in self.paths:
            return path
        parts = path.split("/")
        for wanted, template in self._templates:
            if len(wanted) == len(parts) and all(w == p or w.startswith("{") for w, p in zip(wanted, parts)):
                return template
        return None

    def fault(self, method, target, response, whole=True):
        """What is wrong with an answer, in words; nothing when it keeps the contract."""
        for name, value in EVERY_ANSWER.items():
            if response.headers.get(name) != value:
                return f"{name} is {response.headers.get(name)!r}"
        shown_to = "cross-origin" if target.startswith(EMBEDDABLE) else "same-origin"
        if (
            response.headers.get("Cross-Origin-Resource-Policy") != shown_to
            and method != "OPTIONS"
            and response.status_code < 400
        ):
            return f"it is to be embedded by {response.headers.get('Cross-Origin-Resource-Policy')!r}"
        for name in ("X-Request-Id", "Content-Security-Policy", "Date", "Vary"):
            if not response.headers.get(name):
                return f"no {name}"
        template, status = self.template_of(target), response.status_code
        operations = self.paths.get(template, {})
        described = operations.get("get" if method == "HEAD" else method.lower())
        if described:
            responses = described["responses"]
            documented = responses.get(str(status))
            if not documented and status in GATE:
                documented = responses["default"]
            if not documented:
                return f"status {status} is not documented"
        elif method == "OPTIONS" and operations:
            return None if status == 204 else f"OPTIONS was answered {status}"
        elif status not in ({405} if operations else {404}) | GATE | {429}:  # who probes for paths is limited too
            return f"{'this method' if operations else 'this path'} is not documented"
        else:
            documented = {"$ref": "#/components/responses/Refused"}
        return self._fault_of_body(method, self._resolved(documented), response, whole)

    def _fault_of_body(self, method, documented, response, whole):
        content, kind = documented.get("content", {}), response.headers.get("Content-Type", "").split(";")[0]
        if method == "HEAD" and not kind:
            return None
        if not content:
            return f"a body of {kind}, where none is documented" if kind else None
        if kind not in content and "*/*" not in content:
            return f"the type {kind or '(none)'} is not documented"
        if method == "HEAD" or not whole or not kind.endswith("json"):
            return None
        schema = content.get(kind, {}).get("schema")
        if schema is None:
            return "JSON without a schema"
        body = response.json()
        if kind == "application/problem+json" and body["status"] != response.status_code:
            return "the problem tells another status"
        if isinstance(body, dict) and isinstance(body.get("items"), list):
            body = {**body, "items": body["items"][:_MOST_ITEMS]}
        error = jsonschema.exceptions.best_match(self._validator(schema).iter_errors(body))
        return f"{error.json_path}: {error.message}" if error else None

    def _resolved(self, part):
        while "$ref" in part:
            target = self.document
            for step in part["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            part = target
        return part

    def _validator(self, schema):
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            rooted = {**schema, "components": self.document["components"]}
            self._validators[key] = jsonschema.Draft202012Validator(
                rooted, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
            )
        return self._validators[key]


def contract_of(server):
    """The contract that a server gives out, read once of each; nothing while it is away."""
    known = getattr(server, "contract", None)
    if known is None:
        try:
            answer = requests.get(f"{server.url}/openapi.json", timeout=10)
        except requests.RequestException:
            return None
        assert answer.status_code == 200, answer.text[:500]
        known = server.contract = _BY_TEXT[answer.text] = _BY_TEXT.get(answer.text) or Contract(answer.text)
    return known
