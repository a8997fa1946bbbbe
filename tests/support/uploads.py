"""The upload of a voter file, and the report of the import that it starts."""

import csv
import io

from support.client import ok
from support.waiting import wait_until

FINAL = ("completed", "completed_with_errors", "failed", "canceled")
UPLOAD = "/api/v1/voters/upload"


class Upload:
    """One upload of a voter file and the import that it starts."""

    def __init__(self, client, campaign):
        self._client, self._campaign = client, campaign
        self.path = self.id = self.response = None

    def send(self, content, name="voters.csv", prefer=None, **options):
        """Uploads; expects 202 with the import's address."""
        self.response = self.attempt(content, name, prefer, **options)
        assert self.response.status_code in (201, 202), self.response.text
        self.id = self.response.json()["id"]
        self.path = f"/api/v1/voters/imports/{self.id}"
        assert self.response.headers["Location"].endswith(self.path)
        return self

    def attempt(self, content, name="voters.csv", prefer=None, key=None, **options):
        """Uploads, whatever comes of it; `key` is the Idempotency-Key."""
        headers = {"Prefer": prefer} if prefer else {}
        return self._client.request(
            "POST",
            UPLOAD,
            params={"campaign_id": self._campaign, **options},
            files={"file": (name, content)},
            headers=headers,
            key=key,
            timeout=600,
        )

    def report(self):
        return ok(self._client.get(self.path))

    def finished(self, timeout=120):
        """Waits for the end; returns itself, with `.result` the final report."""

        def final():
            report = self.report()
            return report if report["status"] in FINAL else None

        self.result = wait_until(final, timeout, f"the end of import {self.id}", every=0.1)
        return self

    def errors(self):
        """The rows of errors.csv, as dictionaries by column."""
        response = self._client.get(f"{self.path}/errors.csv")
        assert response.status_code == 200, response.text
        assert response.headers["Content-Type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))

    def errors_text(self):
        return self._client.get(f"{self.path}/errors.csv").content.decode("utf-8-sig")


def counts(report):
    return {name: report[name] for name in ("rows", "created", "updated", "unchanged", "duplicates", "rejected")}


def count(rows, created=0, updated=0, unchanged=0, duplicates=0, rejected=0):
    return {
        "rows": rows,
        "created": created,
        "updated": updated,
        "unchanged": unchanged,
        "duplicates": duplicates,
        "rejected": rejected,
    }


def voters_of(client, campaign):
    """The voters of the campaign's first page, by external id."""
    return {
        item["external_id"]: item
        for item in ok(client.get(f"/api/v1/voters?campaign_id={campaign}&per_page=200"))["items"]
    }


def found_by(client, campaign, word):
    """The external ids that a search in the campaign gives."""
    return {item["external_id"] for item in ok(client.get(f"/api/v1/voters?campaign_id={campaign}&q={word}"))["items"]}


def walk(client, campaign, query):
    """The external ids of a list, page by page behind cursors."""
    out, page = [], ok(client.get(f"/api/v1/voters?campaign_id={campaign}&{query}"))
    for _ in range(50):
        out += [item["external_id"] for item in page["items"]]
        if not page.get("next"):
            return out
        page = ok(client.get(f"/api/v1/voters?campaign_id={campaign}&{query}&after={page['next']}"))
    raise AssertionError(f"the list has no end: {out}")
