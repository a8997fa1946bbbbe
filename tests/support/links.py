"""The one-time links that the server mails, and the mails of accounts."""

import re

from .forms import mails_about
from .waiting import wait_until

FORGOT, RESET = "/api/v1/auth/forgot", "/api/v1/auth/reset"
SITE = "https://townhall.example.org"


def mails_to(server, address):
    return [mail for mail in mails_about(server, address) if mail["To"].addresses[0].addr_spec == address]


def mail_to(server, address, count=1):
    """The newest of `count` mails to this address."""
    mails = wait_until(lambda: len(m := mails_to(server, address)) >= count and m, 20, f"{count} mails to {address}")
    assert len(mails) == count
    return mails[-1]


def token_in(mail):
    found = re.search(r"(https?://[^\s#]+)#token=([\w-]+)", mail.get_body().get_content())
    assert found, mail.get_body().get_content()
    assert found[1].startswith(f"{SITE}/console/"), found[0]
    return found[2]


def forget(client, address, **more):
    response = client.post(FORGOT, {"email": address}, **more)
    assert response.status_code == 204, response.text
    return response


def take(server, user):
    """A fresh reset token, as its owner reads it in the mailbox."""
    address = user.account["email"]
    known = {mail["Message-ID"] for mail in mails_to(server, address)}
    forget(server.client(), address)
    mails = wait_until(
        lambda: [m for m in mails_to(server, address) if m["Message-ID"] not in known], 20, "the mail with the link"
    )
    return token_in(mails[0])


def settled(database):
    """Waits until no mail is on its way."""
    unfinished = "select count(*) from core.jobs where kind = 'accounts.link' and state not in ('succeeded', 'dead')"
    wait_until(lambda: database.one(unfinished) == 0, 20, "the mails' jobs")
