"""Files of uploads and previews that a crash left behind, and those that are still needed."""

import os
import time
import uuid

from support.client import ok
from support.uploads import Upload, count, counts
from support.voterfiles import generated
from support.waiting import wait_until

DAY = 24 * 3600


def put(path, age):
    """A file of that age in seconds."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"voter_id\n1\n")
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_files_that_nobody_needs_are_removed(own_server, own_database):
    """Old ones without an import, or of one that has ended; not young ones, and not that of an import that waits."""
    admin, objects = own_server.admin(), own_server.home / "objects"
    campaign = ok(admin.post("/api/v1/campaigns", {"name": "Files"}), 201)["id"]
    ended = Upload(admin, campaign).send(generated(3)).finished()
    wait_until(lambda: not (objects / "imports" / ended.id).exists(), 10, "the file of an import that ended")
    gone = [put(objects / "imports" / str(uuid.uuid4()), 2 * DAY) for _ in range(3)]
    gone += [put(objects / "imports" / ended.id, 2 * DAY), put(objects / "previews" / str(uuid.uuid4()), 2 * DAY)]
    young = [put(objects / folder / str(uuid.uuid4()), DAY // 2) for folder in ("imports", "previews")]
    other = put(objects / "others" / str(uuid.uuid4()), 2 * DAY)
    with own_database.session() as cursor:
        cursor.execute("begin")
        cursor.execute("lock table campaign.voters in access exclusive mode")
        waiting = Upload(admin, campaign).send(generated(7, start=100))
        file = objects / "imports" / waiting.id
        os.utime(file, (time.time() - 2 * DAY, time.time() - 2 * DAY))
        job = own_database.one("insert into core.jobs (kind) values ('purge.import_files') returning id")
        done = "select count(*) from core.jobs where id = %s and state = 'succeeded'"
        wait_until(lambda: own_database.one(done, job), 30, "the purge of files")
        assert [path for path in gone if path.exists()] == []
        assert all(path.exists() for path in [*young, other, file])
        cursor.execute("commit")
    assert counts(waiting.finished().result) == count(7, created=7)


def test_the_purge_of_files_is_scheduled(own_database, own_server):
    """By itself, as every recurring job."""
    scheduled = "select count(*) from core.job_schedules where kind = 'purge.import_files'"
    wait_until(lambda: own_database.one(scheduled), 30, "the schedule")
