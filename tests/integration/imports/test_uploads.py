"""The upload itself: its options, who may, what is no voter file, progress and cancel."""

import json
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.client import new_key, ok, problem
from support.uploads import UPLOAD, Upload, count, counts
from support.voterfiles import generated
from support.waiting import wait_until


def voters(admin, target):
    return ok(admin.get(f"/api/v1/voters?campaign_id={target}"))["items"]


def test_prefer_wait(admin, target):
    """With `Prefer: wait` a small file is answered with its finished report."""
    upload = Upload(admin, target).send(generated(50), prefer="wait=30")
    assert upload.response.status_code == 201
    assert upload.response.json()["status"] == "completed" and counts(upload.response.json()) == count(50, created=50)


def test_preview_shows_and_keeps_nothing(admin, target):
    """Dialect, columns, proposed mapping, first rows; no voter, no import."""
    response = admin.request(
        "POST",
        f"{UPLOAD}/preview",
        params={"campaign_id": target},
        files={"file": ("v.txt", b"voter_id|first_name|last_name\n1|Ada|L\xf6velace\n")},
    )
    answer = json.dumps(ok(response), ensure_ascii=False)
    for expected in ('"|"', "first_name", "Ada", "Lövelace"):
        assert expected in answer, answer
    assert voters(admin, target) == []
    assert ok(admin.get(f"/api/v1/voters/imports?campaign_id={target}"))["items"] == []


@pytest.mark.parametrize(
    "name, value",
    [
        ("on_match", "replace"),
        ("dry_run", "perhaps"),
        ("mapping", "{not json"),
        ("mapping", '{"shoe_size": "a"}'),
        ("source", "us-fl"),
        ("source", "us-nc"),
        ("source", "manual"),
        ("source", "demo"),
        ("source", "campaign:1"),
        ("typo", "1"),
        ("campaign_id", "x"),
    ],
)
def test_bad_options_are_told_before_the_body(server, admin, target, name, value):
    """422 for the option while not one byte of the body was sent."""
    query = f"campaign_id={target}&{name}={value}" if name != "campaign_id" else f"campaign_id={value}"
    query = query.replace(" ", "%20").replace('"', "%22").replace("{", "%7B").replace("}", "%7D")
    head = (
        f"POST {UPLOAD}?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode())
        answer, expected = b"", f'"parameter":"{name}"'.encode()
        while expected not in answer.replace(b": ", b":"):
            more = connection.recv(65536)
            assert more, answer
            answer += more
    assert answer.startswith(b"HTTP/1.1 422"), answer


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n\n", b"\x00" * 1000, b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, b"just one line"],
    ids=["empty", "blank", "zeros", "picture", "no table"],
)
def test_what_is_no_table(admin, target, content):
    """Refused at once, or an import that failed with a reason; never 500, never a voter."""
    upload = Upload(admin, target)
    response = upload.attempt(content)
    if response.status_code not in (201, 202):
        problem(response, 422)
    else:
        upload.id, upload.path = response.json()["id"], f"/api/v1/voters/imports/{response.json()['id']}"
        result = upload.finished().result
        assert result["status"] == "failed" or result["created"] == 0
    assert voters(admin, target) == []


def stored_files(server):
    return [path for path in (server.home / "objects").rglob("*") if path.is_file()]


def test_an_unknown_campaign(own_server):
    """404 before the body is read, and nothing of the file is kept."""
    admin = own_server.admin()
    problem(Upload(admin, 999_999).attempt(generated(5)), 404)
    assert stored_files(own_server) == []


def test_a_request_that_ends_behind_the_file(own_server):
    """A whole file and no last boundary: no import, and nothing of the file is kept."""
    admin = own_server.admin()
    campaign = ok(admin.post("/api/v1/campaigns", {"name": "Cut"}), 201)["id"]
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="v.csv"\r\n\r\n' + generated(5) + b"\r\n--b"
    head = (
        f"POST {UPLOAD}?campaign_id={campaign} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.token}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body) + 100}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", own_server.port), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    assert ok(admin.get(f"/api/v1/voters/imports?campaign_id={campaign}"))["items"] == []
    assert stored_files(own_server) == []


def imports(admin, target):
    return ok(admin.get(f"/api/v1/voters/imports?campaign_id={target}"))["items"]


def test_a_file_sent_again_with_its_key(own_server):
    """One import; the first answer again, also to who would wait; nothing is kept of the second file."""
    admin = own_server.admin()
    campaign = ok(admin.post("/api/v1/campaigns", {"name": "Again"}), 201)["id"]
    key, upload = new_key(), Upload(admin, campaign)
    first = upload.attempt(generated(20), key=key)
    made = ok(first, 202)
    upload.path = first.headers["Location"]
    upload.id = made["id"]
    upload.finished()
    for prefer in (None, "wait=30"):
        again = upload.attempt(generated(20), name="other-name.csv", key=key, prefer=prefer)
        assert ok(again, 202) == made and again.headers["Idempotent-Replayed"] == "true"
        assert again.headers["Location"] == first.headers["Location"]
    assert [item["id"] for item in imports(admin, campaign)] == [made["id"]]
    wait_until(lambda: stored_files(own_server) == [], 10, "the files to be gone")


@pytest.mark.parametrize("options, rows", [({}, 21), ({"dry_run": "true"}, 20)], ids=["another file", "other options"])
def test_a_key_stands_for_one_upload(admin, target, options, rows):
    """422 for the key of another file, or of the same with other options; no second import."""
    key, upload = new_key(), Upload(admin, target)
    ok(upload.attempt(generated(20), key=key), 202)
    problem(upload.attempt(generated(rows), key=key, **options), 422, code="idempotency_mismatch")
    assert len(imports(admin, target)) == 1


def test_a_refused_upload_uses_no_key_up(admin, target):
    """A file that was refused, mended, goes through with the same key."""
    key, upload = new_key(), Upload(admin, target)
    problem(upload.attempt(b"", key=key), 422)
    ok(upload.attempt(generated(5), key=key), 202)


def test_a_key_sent_at_once(admin, target):
    """Of several uploads at the same moment one makes the import, and the others are answered with it, or 409."""
    key = new_key()
    content = generated(5_000)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: Upload(admin, target).attempt(content, key=key), range(4)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    ids = {answer.json()["id"] for answer in answers if answer.status_code == 202}
    assert {item["id"] for item in imports(admin, target)} == ids and len(ids) == 1


def test_a_bad_key_is_told_before_the_body(admin, target):
    """400, as everywhere."""
    problem(Upload(admin, target).attempt(generated(1), key="x" * 256), 400)


def test_a_request_without_a_file(admin, target):
    """422 for the missing part, 415 for what is no multipart."""
    problem(admin.request("POST", UPLOAD, params={"campaign_id": target}, files={"other": ("a", b"b")}), 422)
    problem(admin.request("POST", UPLOAD, params={"campaign_id": target}, data=b"{}"), 415)


FORM_FILE = ("file", ("v.csv", generated(5)))
OPTION = ("dry_run", (None, "true"))
ODD_FORMS = [
    ([FORM_FILE, OPTION], "/dry_run", "unknown"),
    ([OPTION, FORM_FILE], "/dry_run", "unknown"),
    ([("files", ("v.csv", b"voter_id\n1\n"))], "/files", "unknown"),
    ([("a/b~", (None, "x")), FORM_FILE], "", "unknown"),
    ([FORM_FILE, FORM_FILE], "/file", "repeated"),
    ([FORM_FILE, ("file", (None, "x"))], "/file", "repeated"),
]


def test_parts_that_would_be_ignored(own_server):
    """422 for a part that is no `file`, or a second one: no import, and nothing of the file is kept."""
    admin = own_server.admin()
    campaign = ok(admin.post("/api/v1/campaigns", {"name": "Parts"}), 201)["id"]
    for path in (UPLOAD, f"{UPLOAD}/preview"):
        for parts, pointer, code in ODD_FORMS:
            answer = admin.request("POST", path, params={"campaign_id": campaign}, files=parts)
            faults = [(fault["pointer"], fault["code"]) for fault in problem(answer, 422, code="invalid")["errors"]]
            assert faults == [(pointer, code)]
    assert imports(admin, campaign) == []
    wait_until(lambda: stored_files(own_server) == [], 10, "the files to be gone")


def test_a_large_file_behind_an_option(admin, target):
    """The refusal arrives though the file is still on its way."""
    parts = [OPTION, ("file", ("v.csv", b"x" * 8_000_000))]
    problem(admin.request("POST", UPLOAD, params={"campaign_id": target}, files=parts), 422, code="invalid")


@pytest.mark.parametrize("role", ["viewer", "canvasser", "organizer"])
def test_who_may_not_import(as_role, campaign, role):
    """403."""
    problem(Upload(as_role(role), campaign).attempt(generated(1)), 403)


def test_a_manager_may_import(as_role, campaign):
    """The own campaign needs no naming."""
    response = as_role("manager").request("POST", UPLOAD, files={"file": ("v.csv", generated(3, start=900))})
    assert response.status_code == 202


def test_cancel_keeps_what_is_committed(admin, target):
    """DELETE stops it soon; what was committed stays and the counts tell it."""
    upload = Upload(admin, target).send(generated(400_000))
    assert admin.delete(upload.path).status_code in (200, 202, 204)
    result = upload.finished().result
    assert result["status"] == "canceled" and result["created"] < 400_000
    voters_now = ok(admin.get(f"/api/v1/voters?campaign_id={target}&count=exact"))
    assert voters_now["total"] == result["created"] and not voters_now.get("total_is_estimate")


def test_progress_is_told(admin, target):
    """While it runs the report counts up."""
    upload = Upload(admin, target).send(generated(200_000))
    seen = set()

    def final():
        report = upload.report()
        seen.add((report["status"], report["rows"]))
        return report["status"] == "completed"

    wait_until(final, 120, "the end of the import", every=0.02)
    assert {status for status, _ in seen} <= {"queued", "running", "completed"}
    assert len({rows for _, rows in seen}) >= 2


def test_unknown_imports(admin):
    """404 for nobody's id, 400 for what is no id."""
    problem(admin.get(f"/api/v1/voters/imports/{uuid.uuid4()}"), 404)
    problem(admin.get("/api/v1/voters/imports/7"), 400)
