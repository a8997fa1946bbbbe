"""The progress of an import as a stream of server-sent events."""

import json
import time
from contextlib import contextmanager

import pytest

from support.client import ok, problem
from support.uploads import Upload
from support.voterfiles import generated
from support.waiting import wait_until


def events_of(response):
    """The events of a stream as they come: (name, id, data)."""
    fields = {}
    for line in response.iter_lines(decode_unicode=True):
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield fields["event"], fields["id"], json.loads(fields["data"])
            fields = {}


def listen(client, upload, campaign, **headers):
    return client.get(f"{upload.path}/events?campaign_id={campaign}", headers=headers, stream=True, timeout=(10, 30))


def test_events_of_an_import(server, admin, make_campaign, make_user):
    """Progress until it is done, then the end; who comes back with the last id is told that there is no more."""
    target = make_campaign()
    manager = make_user("manager", target)
    upload = Upload(manager, target).send(generated(30_000))
    with listen(manager, upload, target) as response:
        assert response.status_code == 200 and response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["X-Accel-Buffering"] == "no" and response.headers["Cache-Control"] == "no-store"
        assert "Content-Encoding" not in response.headers  # asked for by the client, and left out
        events = list(events_of(response))
    names = [name for name, _, _ in events]
    assert names[-1] == "done" and set(names[:-1]) <= {"progress"}, names
    assert events[-1][2]["status"] == "completed" and events[-1][2]["created"] == 30_000
    assert events[-1][2] == upload.report()
    assert [data["rows"] for _, _, data in events] == sorted(data["rows"] for _, _, data in events)
    assert len({event_id for _, event_id, _ in events}) == len(events)  # nothing is told twice
    again = listen(manager, upload, target, **{"Last-Event-ID": events[-1][1]})
    assert again.status_code == 204
    with listen(manager, upload, target, **{"Last-Event-ID": "another"}) as response:
        assert [name for name, _, _ in events_of(response)] == ["done"]


def test_events_are_for_managers(admin, make_campaign, make_user):
    """By role, by campaign, and only of imports that are there."""
    target = make_campaign()
    upload = Upload(admin, target).send(generated(3), prefer="wait=30")
    problem(admin.anonymous().get(f"{upload.path}/events"), 401)
    problem(listen(make_user("organizer", target), upload, target), 403)
    elsewhere = make_campaign()
    problem(listen(make_user("manager", elsewhere), upload, elsewhere), 404)


@contextmanager
def held(database):
    """Keeps imports from going on."""
    with database.session() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table campaign.voters in access exclusive mode")
        yield


@pytest.mark.promise("P48", "a stream of events ends within 5 s of the loss of its reader's role")
def test_events_end_with_the_right_to_hear_them(own_server, own_database):
    """Who is taken out of the campaign hears no more of it."""
    admin = own_server.admin()
    target = ok(admin.post("/api/v1/campaigns", {"name": "Watched"}), 201)["id"]
    roles = [{"campaign_id": target, "role": "manager"}]
    account = ok(
        admin.post("/api/v1/users", {"email": "m@example.org", "password": "a long enough one", "roles": roles}), 201
    )
    manager = own_server.client().login("m@example.org", "a long enough one")
    with held(own_database):
        upload = Upload(manager, target).send(generated(50))
        with listen(manager, upload, target) as response:
            events = events_of(response)
            assert next(events)[0] == "progress"
            ok(admin.patch(f"/api/v1/users/{account['id']}", {"roles": []}))
            began = time.monotonic()
            assert "done" not in [name for name, _, _ in events]
            assert time.monotonic() - began < 5


def test_one_user_does_not_take_all_streams(own_server, own_database):
    """The twenty-first at once is 429 with Retry-After, until some end; other users are not affected."""
    admin = own_server.admin()
    target = ok(admin.post("/api/v1/campaigns", {"name": "Watched"}), 201)["id"]
    roles = [{"campaign_id": target, "role": "manager"}]
    body = {"email": "other@example.org", "password": "a long enough one", "roles": roles}
    ok(admin.post("/api/v1/users", body), 201)
    other = own_server.client().login(body["email"], body["password"])
    with held(own_database):
        upload = Upload(admin, target).send(generated(50))
        streams = [listen(admin, upload, target) for _ in range(20)]
        assert {stream.status_code for stream in streams} == {200}
        refused = listen(admin, upload, target)
        problem(refused, 429)
        assert int(refused.headers["Retry-After"]) > 0
        with listen(other, upload, target) as response:
            assert response.status_code == 200
    for stream in streams:
        assert [name for name, _, _ in events_of(stream)][-1] == "done"
    wait_until(lambda: listen(admin, upload, target).status_code == 200, 5, "a place")


@pytest.mark.promise("P29", "streams of events end within a second of SIGTERM, and hold nothing up")
def test_events_end_when_the_server_stops(own_server, own_database):
    """The stream ends whole: its last chunk comes."""
    admin = own_server.admin()
    target = ok(admin.post("/api/v1/campaigns", {"name": "Watched"}), 201)["id"]
    with held(own_database):
        upload = Upload(admin, target).send(generated(50))
        with listen(admin, upload, target) as response:
            events = events_of(response)
            assert next(events)[0] == "progress"
            began = time.monotonic()
            own_server.process.terminate()
            assert "done" not in [name for name, _, _ in events]
            assert time.monotonic() - began < 1.5
    assert own_server.process.wait(30) == 0
