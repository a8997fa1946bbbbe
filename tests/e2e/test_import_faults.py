"""Imports killed anywhere, and files that are large."""

import gzip
import io
import json
import random
import socket
import subprocess

import pytest

from support.client import ok, problem
from support.processes import peak_rss, reset_peak_rss
from support.server import Townhall
from support.uploads import FINAL, UPLOAD, Upload, count, counts
from support.voterfiles import generated
from support.waiting import wait_until

# Everything that a voter's row says, without what a run of its own decides (ids, times).
ROWS = """select source, identity, first_name, middle_name, last_name, suffix, date_of_birth, birth_year, gender, party,
    status, registered_at, phone, email, other_phones, other_emails, address, address2, city, state, zip, zip4, county,
    country, mailing::text, precinct, districts::text, extra::text, content_hash from campaign.voters order by source, identity"""
LINKS = """select v.identity, m.first_folded, m.last_folded, m.support, m.tags, m.removed_at is null
    from campaign.campaign_voters m join campaign.voters v on v.id = m.voter_id order by 1"""
NAMES = "select kind, value from campaign.names order by 1, 2"


def state(database):
    return [database.sql(query) for query in (ROWS, LINKS, NAMES)]


def file_with_everything(size):
    """Voters, some of them twice, some lines faulty."""
    body = generated(size) + generated(size // 100, seed=8).split(b"\n", 1)[1]
    return body + b",,,\n" + b"NC1,too,many,fields" + b",x" * 40 + b"\n"


@pytest.fixture
def clean_run(cluster, template):
    """clean_run(file) → the tables and counts that an undisturbed import of it leaves."""
    used = []

    def run(content):
        database = cluster.new_database(template)
        server = Townhall(database)
        used.append((database, server))
        admin = server.start().admin()
        campaign = ok(admin.post("/api/v1/campaigns", {"name": "Same"}), 201)["id"]
        result = Upload(admin, campaign).send(content).finished().result
        return state(database), counts(result), result["status"]

    yield run
    for database, server in used:
        server.close()
        database.drop()


@pytest.mark.promise(
    "P28",
    "the server is killed 5 times (50 in the long run) within one import: the tables equal a clean run's, the counts too",
)
def test_import_killed_and_resumed(own_server, own_database, clean_run, full):
    """Resumed or started over, what is left is the same, with no duplicate."""
    server, dice, kills = own_server, random.Random(28), 50 if full else 5
    size = 2_000_000 if full else 150_000
    content = file_with_everything(size)
    expected, expected_counts, expected_status = clean_run(content)
    admin = server.admin()
    campaign = ok(admin.post("/api/v1/campaigns", {"name": "Same"}), 201)["id"]
    upload = Upload(admin, campaign).send(content)
    interrupted = 0
    for kill in range(kills):
        goal = dice.randrange(kill * size // kills, (kill + 1) * size // kills)
        wait_until(lambda: upload.report()["status"] in FINAL or upload.report()["rows"] >= goal, 120, f"{goal} rows")
        interrupted += upload.report()["status"] not in FINAL
        server.kill()
        server.start()
    result = upload.finished(300).result
    assert interrupted >= 1, "the import was over before the first kill"
    assert (result["status"], counts(result)) == (expected_status, expected_counts)
    assert state(own_database) == expected
    assert own_database.one("select count(*) - count(distinct (source, identity)) from campaign.voters") == 0


@pytest.mark.promise(
    "P28", "the server is killed between writing changed voters and counting them: the counts are those of a clean run"
)
def test_counts_of_an_update_killed_and_resumed(own_server, own_database):
    """What a killed run changed without counting it is counted by the next one, as changed."""
    size = 200_000

    def file(city):
        rows = (f"U{i},First{i % 89},Last{i % 997},{city if i % 3 == 0 else 'Cary'}\n" for i in range(size))
        return ("voter_id,first_name,last_name,city\n" + "".join(rows)).encode()

    def changed():
        return own_database.one("select count(*) from campaign.voters where city = 'Boone'")

    admin = own_server.admin()
    campaign = ok(admin.post("/api/v1/campaigns", {"name": "Changed"}), 201)["id"]
    assert counts(Upload(admin, campaign).send(file("Cary")).finished().result) == count(size, created=size)
    upload = Upload(admin, campaign).send(file("Boone"))
    wait_until(lambda: upload.report()["rows"] > 0, 60, "the first rows", every=0.01)
    with own_database.session() as session:
        session.execute("begin")
        session.execute("select rows from campaign.imports where id = %s for update", (upload.id,))
        counted = session.fetchone()[0]
        wait_until(lambda: changed() > counted / 3 + 5_000, 60, "voters that are changed and not counted")
        own_server.kill()
    own_server.start()
    assert counts(upload.finished(300).result) == count(size, updated=(size + 2) // 3, unchanged=size - (size + 2) // 3)


@pytest.mark.promise("P28", "every process of PostgreSQL is killed within an import: the tables equal a clean run's")
def test_import_survives_its_database(clean_run):
    """The embedded PostgreSQL dies under it and comes back; the import goes on."""
    content = file_with_everything(150_000)
    expected, expected_counts, _ = clean_run(content)
    server = Townhall()
    try:
        admin = server.start(ready=120).create_admin().admin()
        campaign = ok(admin.post("/api/v1/campaigns", {"name": "Same"}), 201)["id"]
        upload = Upload(admin, campaign).send(content)
        wait_until(lambda: upload.report()["rows"] >= 20_000, 60, "20,000 rows")
        server.kill_postgres()
        wait_until(server.is_ready, 20, "the database to be back")
        assert counts(upload.finished(300).result) == expected_counts
        assert state(server.audit()) == expected
    finally:
        server.close()


def test_upload_cut_in_the_middle(own_server, own_database):
    """A client that goes away while sending leaves no import and no voter; the next upload is whole."""
    admin = own_server.admin()
    campaign = ok(admin.post("/api/v1/campaigns", {"name": "Cut"}), 201)["id"]
    content = generated(20_000)
    head = (
        f"POST {UPLOAD}?campaign_id={campaign} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.token}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(content) + 500}\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="v.csv"\r\n\r\n'
    ).encode()
    with socket.create_connection(("127.0.0.1", own_server.port), timeout=20) as connection:
        connection.sendall(head + content[: len(content) // 2])
    upload = Upload(admin, campaign).send(content).finished()
    assert counts(upload.result) == count(20_000, created=20_000)
    assert [item["id"] for item in ok(admin.get(f"/api/v1/voters/imports?campaign_id={campaign}"))["items"]] == [
        upload.id
    ]


@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
def test_over_max_import_bytes(own_database, tmp_path, chunked):
    """413 that the client really receives, by declared length and by counting."""
    server = Townhall(own_database, {"MAX_IMPORT_BYTES": "1000000"})
    try:
        admin = server.start().admin()
        campaign = ok(admin.post("/api/v1/campaigns", {"name": "Large"}), 201)["id"]
        large = tmp_path / "large.csv"
        large.write_bytes(generated(60_000))
        status, body = curl_upload(admin, campaign, large, *(["-H", "Transfer-Encoding: chunked"] if chunked else []))
        assert status == 413 and b"request_id" in body
        small = Upload(admin, campaign).send(generated(1000)).finished()
        assert counts(small.result) == count(1000, created=1000)
    finally:
        server.close()


def curl_upload(admin, campaign, file, *options):
    """Uploads a file by curl, which streams it: (status, body)."""
    done = subprocess.run(
        [
            "curl",
            "-sS",
            "-w",
            "\n%{http_code}",
            "-H",
            f"Authorization: Bearer {admin.token}",
            *options,
            "-F",
            f"file=@{file};type=text/csv",
            f"{admin.server.url}{UPLOAD}?campaign_id={campaign}",
        ],
        check=True,
        capture_output=True,
        timeout=3600,
    )
    body, status = done.stdout.rsplit(b"\n", 1)
    return int(status), body


def wide_file(path, size):
    """A CSV of at least `size` bytes with rows of about a kilobyte; how many rows it has."""
    rows, written, filler = 0, 0, "lorem ipsum dolor " * 50
    with open(path, "w", encoding="utf-8") as out:
        out.write("voter_id,first_name,last_name,city,notes\n")
        while written < size:
            written += out.write(f"W{rows:010d},First{rows % 97},Last{rows % 9973},Cary,{filler}\n")
            rows += 1
    return rows


def peak_of_an_import(server, admin, path, size, patience):
    """Uploads a file of this size and waits for its import: the server's peak of resident memory meanwhile, in bytes."""
    rows = wide_file(path, size)
    campaign = ok(admin.post("/api/v1/campaigns", {"name": f"Wide {size}"}), 201)["id"]
    reset_peak_rss(server.process.pid)
    status, body = curl_upload(admin, campaign, path)
    path.unlink()
    assert status == 202, body
    upload = Upload(admin, campaign)
    upload.id = json.loads(body)["id"]
    upload.path = f"/api/v1/voters/imports/{upload.id}"
    assert counts(upload.finished(patience).result) == count(rows, created=rows)
    return peak_rss(server.process.pid)


@pytest.mark.unsanitized("a sanitizer needs memory of its own")
@pytest.mark.promise(
    "P27", "memory does not grow with the file: 80 MB and 240 MB are uploaded and imported in the same room"
)
def test_memory_of_large_uploads(own_server, tmp_path):
    """The peak of the larger one is at most 60 MB above the smaller one's, and both are below 400 MB."""
    admin = own_server.admin()
    small, large = (
        peak_of_an_import(own_server, admin, tmp_path / "wide.csv", size, 300) for size in (80_000_000, 240_000_000)
    )
    told = f"{small / 1e6:.0f} MB for the smaller file, {large / 1e6:.0f} MB for the larger one"
    assert large <= small + 60_000_000 and large <= 400_000_000, told


@pytest.mark.unsanitized("a sanitizer needs memory of its own")
def test_memory_of_long_rows_that_are_refused(own_server, tmp_path):
    """A packed file of rows of 60 KB with the wrong number of values: what is kept of them is bounded by its size."""
    path, row = tmp_path / "long.csv.gz", "abcdefgh" * 7_500
    with gzip.open(path, "wt", compresslevel=1) as out:
        out.write("voter_id,last_name\n")
        for number in range(8_000):
            out.write(f"{number},{number},{row}\n")
    admin = own_server.admin()
    campaign = ok(admin.post("/api/v1/campaigns", {"name": "Long"}), 201)["id"]
    reset_peak_rss(own_server.process.pid)
    status, body = curl_upload(admin, campaign, path)
    assert status == 202, body
    upload = Upload(admin, campaign)
    upload.path = f"/api/v1/voters/imports/{json.loads(body)['id']}"
    assert counts(upload.finished(300).result) == count(8_000, rejected=8_000)
    peak = peak_rss(own_server.process.pid)
    assert peak <= 400_000_000, f"{peak / 1e6:.0f} MB"


@pytest.mark.full
@pytest.mark.promise("P27", "an upload and import of 10 GB peaks at most at 400 MB of resident memory (long run)")
def test_memory_of_an_upload_of_10_gb(own_server, tmp_path):
    """The figure itself."""
    peak = peak_of_an_import(own_server, own_server.admin(), tmp_path / "wide.csv", 10_000_000_000, 7200)
    assert peak <= 400_000_000, f"{peak / 1e6:.0f} MB"


def test_large_archives_that_expand_too_far(own_server):
    """A small gzip of an enormous file is refused, not expanded."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as out:
        out.write(b"voter_id,last_name\n")
        for _ in range(400):
            out.write(b"1," + b"a" * 1_000_000 + b"\n")
    admin = own_server.admin()
    campaign = ok(admin.post("/api/v1/campaigns", {"name": "Bomb"}), 201)["id"]
    upload = Upload(admin, campaign)
    response = upload.attempt(packed.getvalue(), name="bomb.csv.gz")
    if response.status_code != 202:
        problem(response, 422)
        return
    upload.id, upload.path = response.json()["id"], f"/api/v1/voters/imports/{response.json()['id']}"
    result = upload.finished().result
    assert result["created"] == 0 and result["status"] in ("failed", "completed_with_errors")
