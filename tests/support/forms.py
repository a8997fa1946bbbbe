"""Contact forms: what a visitor sends, and what must be in the database and the mailbox afterwards."""

import email
import email.policy
import secrets

from support.client import new_key


def contact(**fields):
    """A valid contact form of a fresh person."""
    tag = secrets.token_hex(6)
    return {"name": f"Ada {tag}", "email": f"ada.{tag}@example.com", "message": "How do we start?", **fields}


def contact_poster(told):
    """`post(client)`, each time for a fresh person, whose address goes to the list `told` once the form is acknowledged."""

    def post(client):
        form = contact()
        response = client.post("/api/contact", form, key=new_key())
        if response.status_code == 201:
            told.append(form["email"])
        return response

    return post


def count_with_email(database, address):
    return database.one("select count(*) from website.submissions where data->>'email' = %s", address)


def audit(database):
    """What must always hold: every real submission has its follow-up job, no job lacks its submission; spam has neither."""
    follow_ups = "(select 1 from core.jobs j where j.subject = 'submission:' || s.id)"
    return {
        "submissions without a job": database.one(
            f"select count(*) from website.submissions s where status = 'received' and not exists {follow_ups}"
        ),
        "jobs without a submission": database.one(
            "select count(*) from core.jobs j where j.subject like 'submission:%' and not exists"
            " (select 1 from website.submissions s where j.subject = 'submission:' || s.id)"
        ),
        "spam with a job": database.one(
            f"select count(*) from website.submissions s where status = 'spam' and exists {follow_ups}"
        ),
        "received without a visitor": database.one(
            "select count(*) from website.submissions where status = 'received' and visitor_id is null"
        ),
    }


def mails_about(server, text):
    """The messages of the development mailbox that carry `text` anywhere, parsed."""
    found = []
    for path in server.mails():
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = message.get_body(("plain", "html"))
        if text in str(message) or (body and text in body.get_content()):
            found.append(message)
    return found
