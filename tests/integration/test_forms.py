"""POST /api/contact: kept or every fault told, and what staff see of it."""

import re
import uuid

import pytest

from support.client import new_key, ok, problem
from support.forms import audit, contact, count_with_email, mails_about
from support.waiting import wait_until

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_a_valid_form_is_kept(public, database):
    """201 with id, type, status and time; and it is in the database when the answer comes."""
    form = contact(
        company="Analytical Engines",
        phone="+1 919 555 0123",
        subject="Hello",
        consent=True,
        source="home",
        utm={"campaign": "spring"},
    )
    answer = ok(public.post("/api/contact", form), 201)
    assert UUID7.fullmatch(answer["id"])
    assert (answer["type"], answer["status"]) == ("contact", "received")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", answer["received_at"])
    kept = database.one("select data from website.submissions where id = %s", answer["id"])
    assert {name: kept[name] for name in form} == form


def test_every_fault_is_told_at_once(public, database):
    """422 names each faulty field by pointer, and keeps nothing."""
    before = database.one("select count(*) from website.submissions")
    body = problem(
        public.post("/api/contact", {"name": "", "email": "nobody at nowhere", "message": 7, "phone": []}),
        422,
        pointers=["/name", "/email", "/message", "/phone"],
    )
    assert all(fault["code"] and fault["detail"] for fault in body["errors"])
    assert "nobody at nowhere" not in str(body)
    assert database.one("select count(*) from website.submissions") == before


def test_missing_fields_are_told(public):
    """An empty form lacks exactly the three required fields."""
    body = problem(public.post("/api/contact", {}), 422, pointers=["/name", "/email", "/message"])
    assert {fault["code"] for fault in body["errors"]} == {"required"}


def test_unknown_field_is_refused_by_name(public):
    """A mistyped field does not vanish."""
    problem(public.post("/api/contact", contact(emial="x@example.com")), 422, pointers=["/emial"])


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@",
        "@b.org",
        "a b@c.org",
        "a@b\r\nBcc: c@d.org",
        "a@b..org",
        pytest.param("x" * 300 + "@example.com", id="too long"),
    ],
)
def test_bad_addresses_are_refused(public, address):
    """An address that can't be written to is refused, header injection among them."""
    problem(public.post("/api/contact", contact(email=address)), 422, pointers=["/email"])


def test_long_message_is_refused(public):
    """A message has a bound, told as a fault of the field."""
    problem(public.post("/api/contact", contact(message="x" * 20_000)), 422, pointers=["/message"])


def test_body_over_the_limit_is_refused(public):
    """Over 64 KiB: 413."""
    problem(public.post("/api/contact", contact(message="x" * 66_000)), 413)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_other_media_types_are_refused(public, content_type):
    """The form takes JSON only."""
    response = public.request("POST", "/api/contact", data=b"name=a", headers={"Content-Type": content_type})
    problem(response, 415)


def test_json_with_charset_is_taken(public):
    """A charset parameter on the content type changes nothing."""
    response = public.post("/api/contact", contact(), headers={"Content-Type": "application/json; charset=utf-8"})
    ok(response, 201)


def test_honeypot_is_spam_with_the_same_answer(public, database, server):
    """A filled honeypot is answered like any other, kept as spam, and followed up by nothing."""
    honest, robot = contact(), contact(website_url="https://spam.example")
    expected = ok(public.post("/api/contact", honest), 201)
    answer = ok(public.post("/api/contact", robot), 201)
    assert answer.keys() == expected.keys()
    assert (answer["type"], answer["status"]) == (expected["type"], expected["status"])
    assert database.one("select status from website.submissions where id = %s", answer["id"]) == "spam"
    assert audit(database)["spam with a job"] == 0
    wait_until(lambda: mails_about(server, honest["email"]), 20, "the mail for the honest form")
    assert not mails_about(server, robot["email"])


def test_the_honeypot_does_not_show_by_its_key(public, database):
    """Sent again with its key, a robot's form is answered as anybody's: the same id, and replayed."""
    robot, key = contact(website_url="https://spam.example"), new_key()
    first, second = (public.post("/api/contact", robot, key=key) for _ in range(2))
    assert ok(first, 201) == ok(second, 201)
    assert "Idempotent-Replayed" not in first.headers and second.headers["Idempotent-Replayed"] == "true"
    problem(public.post("/api/contact", contact(website_url="x"), key=key), 422, code="idempotency_mismatch")
    assert count_with_email(database, robot["email"]) == 1


def test_mail_appears_in_the_mailbox(public, server):
    """The follow-up writes to the visitor, and nothing of the form becomes a header."""
    form = contact(name="Grace Höpper", subject="Hi", message="line one\nBcc: victim@example.net")
    ok(public.post("/api/contact", form), 201)
    mails = wait_until(lambda: mails_about(server, form["email"]), 20, "the mail")
    for mail in mails:
        assert mail["Bcc"] is None
        assert mail["From"] and mail["Subject"] and mail["Date"] and mail["Message-ID"]
        assert not mail.defects
    assert any(form["email"] in (mail["To"] or "") for mail in mails)


def test_every_form_that_is_taken_can_be_answered(public, admin, server):
    """A name with line breaks is one line in the mail; what mail can't be sent to is refused beforehand."""
    form = contact(name="Ada\r\nLovelace\tof\x7fLondon")
    made = ok(public.post("/api/contact", form), 201)
    mail = wait_until(lambda: mails_about(server, form["email"]), 20, "the mail")[0]
    assert not mail.defects
    path = f"/api/v1/submissions/{made['id']}"
    wait_until(lambda: ok(admin.get(path))["follow_ups"][0]["status"] == "succeeded", 20, "the follow-up")
    for address in ("x@ä.de", "ä@example.org", 'x"y@example.org', "x@example.org-"):
        problem(public.post("/api/contact", contact(email=address)), 422, pointers=["/email"])


def test_names_from_all_over_the_world_are_kept(public, database):
    """Text comes back as it was sent: combining marks, right-to-left, astral characters."""
    form = contact(name="Zoë Ångström 李 محمد 𝒳", message="café naïve — ‘quotes’ 👩‍🚀")
    answer = ok(public.post("/api/contact", form), 201)
    kept = database.one("select data from website.submissions where id = %s", answer["id"])
    assert (kept["name"], kept["message"]) == (form["name"], form["message"])


def test_one_visitor_for_one_address(public, database):
    """Two forms from one address, in other letters: two submissions, one visitor."""
    form = contact()
    ok(public.post("/api/contact", form), 201)
    ok(public.post("/api/contact", {**form, "email": form["email"].upper()}), 201)
    assert database.one("select count(*) from website.visitors where email = %s", form["email"]) == 1
    assert (
        database.one(
            "select count(*) from website.submissions s join website.visitors v on v.id = s.visitor_id"
            " where v.email = %s",
            form["email"],
        )
        == 2
    )


def test_staff_list_and_read_submissions(public, admin, make_user):
    """An editor and an admin see the fields sent and the follow-ups; the newest comes first."""
    form = contact(company="Engines")
    made = ok(public.post("/api/contact", form), 201)
    editor = make_user(is_editor=True)
    for staff in (admin, editor):
        item = ok(staff.get(f"/api/v1/submissions/{made['id']}"))
        assert item["id"] == made["id"] and item["type"] == "contact" and item["status"] == "received"
        assert {name: item["data"][name] for name in form} == form
        assert item["follow_ups"] and all(
            {"kind", "status", "attempts", "last_error"} <= set(one) for one in item["follow_ups"]
        )
        listed = ok(staff.get("/api/v1/submissions"))
        assert listed["items"][0]["id"] == made["id"]
        assert listed["page"] == 1 and listed["total"] >= 1


def test_the_list_tells_what_has_changed(public, admin, database):
    """What was sent, and whose follow-ups have ended, since an earlier list; page and cursor together are refused."""
    path = "/api/v1/submissions"
    old = ok(public.post("/api/contact", contact()), 201)["id"]
    wait_until(lambda: ok(admin.get(f"{path}/{old}"))["follow_ups"][0]["status"] == "succeeded", 20, "the follow-up")
    listed = ok(admin.get(path, params={"per_page": 1}))
    since = listed["as_of"]

    def told():
        return [item["id"] for item in ok(admin.get(path, params={"updated_since": since}))["items"]]

    assert told() == []
    new = ok(public.post("/api/contact", contact()), 201)["id"]
    assert told() == [new]
    database.sql("update core.jobs set finished_at = now() where subject = %s", f"submission:{old}")
    assert told() == [new, old]
    problem(admin.get(path, params={"page": 1, "after": listed["next"]}), 422, parameters=["after"])


def test_follow_up_ends_as_done(public, admin):
    """Staff see the follow-up succeed after one attempt."""
    made = ok(public.post("/api/contact", contact()), 201)

    def finished():
        follow_ups = ok(admin.get(f"/api/v1/submissions/{made['id']}"))["follow_ups"]
        return all(one["status"] in ("completed", "succeeded", "done") for one in follow_ups) and follow_ups

    for one in wait_until(finished, 20, "the follow-ups"):
        assert one["attempts"] == 1 and one["last_error"] is None


def test_submissions_are_for_staff_only(public, as_role):
    """401 without a token; 403 for campaign roles, the manager's too."""
    problem(public.get("/api/v1/submissions"), 401)
    for role in ("viewer", "canvasser", "organizer", "manager"):
        problem(as_role(role).get("/api/v1/submissions"), 403)
        problem(as_role(role).get(f"/api/v1/submissions/{uuid.uuid4()}"), 403)


def test_unknown_submission(admin):
    """404 for an id that nobody has, 400 for what is no id."""
    problem(admin.get(f"/api/v1/submissions/{uuid.uuid4()}"), 404)
    problem(admin.get("/api/v1/submissions/not-an-id"), 400)


@pytest.mark.promise("P7", "after the forms of this file, each submission has its job and each job its submission")
def test_submissions_and_jobs_agree(public, database):
    """0 orphans on both sides."""
    for _ in range(20):
        ok(public.post("/api/contact", contact()), 201)
    assert count_with_email(database, contact()["email"]) == 0
    assert set(audit(database).values()) == {0}, audit(database)
