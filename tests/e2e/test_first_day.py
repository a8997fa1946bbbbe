"""The first day with it: the program alone, its embedded PostgreSQL, the command line."""

import re

import pytest

from support.client import new_key, ok, problem
from support.forms import contact, mails_about
from support.server import ADMIN, Townhall
from support.uploads import Upload, count, counts
from support.voterfiles import florida, generated
from support.waiting import wait_until


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "voters.csv"
    path.write_bytes(generated(2000))
    return path


def campaign_of(admin, name):
    return ok(admin.post("/api/v1/campaigns", {"name": name}), 201)["id"]


def total(admin, campaign):
    return ok(admin.get(f"/api/v1/voters?campaign_id={campaign}"))["total"]


def test_everything_is_there_after_sigkill():
    """Import, search, a form; SIGKILL; start again: all of it is found."""
    server = Townhall()
    try:
        admin = server.start(ready=120).create_admin().admin()
        campaign = campaign_of(admin, "First Day")
        assert counts(Upload(admin, campaign).send(generated(5000)).finished().result) == count(5000, created=5000)
        form = contact()
        made = ok(server.client().post("/api/contact", form, key=new_key()), 201)
        found = ok(admin.get(f"/api/v1/voters?campaign_id={campaign}&q=Linda ONeil"))["items"]
        assert (found[0]["first_name"], found[0]["last_name"]) == ("Linda", "O'Neil")
        server.kill()
        admin = server.start().admin()
        assert total(admin, campaign) == 5000
        assert ok(admin.get(f"/api/v1/voters/{found[0]['id']}"))["last_name"] == "O'Neil"
        assert ok(admin.get(f"/api/v1/submissions/{made['id']}"))["data"]["email"] == form["email"]
        wait_until(lambda: mails_about(server, form["email"]), 60, "the mail, by this process or the one before")
    finally:
        server.close()


def test_command_line_import_beside_the_running_server(embedded, file):
    """The running embedded database is used; the last lines tell the counts; again changes nothing."""
    admin = embedded.admin()
    campaign = campaign_of(admin, "Command Line")
    first = embedded.run("import", file, "--campaign", campaign)
    assert re.search(r"2,?000", first.stdout + first.stderr)
    assert total(admin, campaign) == 2000
    embedded.run("import", file, "--campaign", campaign)
    assert total(admin, campaign) == 2000
    assert len(ok(admin.get(f"/api/v1/voters/imports?campaign_id={campaign}"))["items"]) == 2


def test_command_line_import_by_id_before_slug(embedded, file):
    """A number that is one campaign's slug and another's id means the id."""
    admin = embedded.admin()
    named = campaign_of(admin, "Named Like A Number")
    by_id = named + 1
    assert ok(admin.patch(f"/api/v1/campaigns/{named}", {"slug": str(by_id)}))["slug"] == str(by_id)
    assert campaign_of(admin, "The Next") == by_id
    embedded.run("import", file, "--campaign", str(by_id))
    assert (total(admin, by_id), total(admin, named)) == (2000, 0)


def test_command_line_import_without_a_server(file):
    """It starts the database, imports, stops it again; a server started later finds the voters."""
    server = Townhall()
    try:
        admin = server.start(ready=120).create_admin().admin()
        campaign = campaign_of(admin, "Alone")
        assert server.stop() == 0
        server.run("import", file, "--campaign", campaign)
        assert not server.postmaster(), "the database was left running"
        assert total(server.start().admin(), campaign) == 2000
    finally:
        server.close()


def test_command_line_import_of_a_state_file(embedded, tmp_path):
    """A headerless Florida zip by its content, whatever its name."""
    admin = embedded.admin()
    campaign = campaign_of(admin, "Sunshine")
    path = tmp_path / "download"
    path.write_bytes(florida())
    embedded.run("import", path, "--campaign", campaign)
    assert total(admin, campaign) == 3


@pytest.mark.parametrize(
    "arguments, told",
    [
        (["import", "/nowhere/voters.csv", "--campaign", "1"], "/nowhere/voters.csv"),
        (["import", __file__], "--campaign"),
        (["import", __file__, "--campaign", "999999"], "campaign"),
        (["serve", "--listen", "nonsense"], "LISTEN"),
        (["users", "create", "--admin"], "--email"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_command_line_mistakes_are_told(embedded, arguments, told):
    """A nonzero status and a sentence that names what is wrong."""
    done = embedded.run(*arguments, check=False)
    assert done.returncode != 0
    assert told in done.stdout + done.stderr


@pytest.mark.parametrize("password", ["", "short"])
def test_weak_passwords_are_refused(embedded, password):
    """No account is made."""
    done = embedded.run("users", "create", "--email", "weak@example.org", "--admin", stdin=password, check=False)
    assert done.returncode != 0
    problem(
        embedded.client().post("/api/v1/auth/login", {"email": "weak@example.org", "password": password or "x"}), 401
    )


def test_two_servers_do_not_share_a_home(embedded):
    """The second one says so and ends, and the first goes on."""
    done = embedded.run("serve", "--listen", "127.0.0.1:0", check=False, timeout=30)
    assert done.returncode != 0 and str(embedded.home) in done.stdout + done.stderr
    embedded.client().login(*ADMIN)


def test_two_servers_do_not_share_a_port(embedded):
    """A taken port is told at start, never shared in silence."""
    other = Townhall()
    try:
        done = other.run("serve", "--listen", f"127.0.0.1:{embedded.port}", check=False, timeout=60)
        assert done.returncode != 0 and str(embedded.port) in done.stdout + done.stderr
    finally:
        other.close()


@pytest.mark.parametrize("environment", ["production", "staging"])
@pytest.mark.parametrize(
    "settings, named",
    [
        ({}, "SECRET_KEY"),
        ({"SECRET_KEY": "your-secret-key", "JWT_SECRET_KEY": "j" * 48}, "SECRET_KEY"),
        ({"SECRET_KEY": "short", "JWT_SECRET_KEY": "0f" * 32}, "SECRET_KEY"),
        ({"RATE_LIMIT": "off"}, "RATE_LIMIT"),
    ],
)
def test_weak_settings_are_refused_in_production(environment, settings, named):
    """Told by name, all of them at once, and nothing is started."""
    server = Townhall(
        env={"RATE_LIMIT": "on", "PUBLIC_URL": "https://townhall.example", **settings, "TOWNHALL_ENV": environment}
    )
    try:
        done = server.run("serve", "--listen", "127.0.0.1:0", check=False, timeout=30)
        assert done.returncode != 0 and named in done.stdout + done.stderr
        assert "your-secret-key" not in done.stdout + done.stderr
        assert not server.postmaster()
    finally:
        server.close()


def test_bad_settings_are_told_at_once():
    """Three bad values, three names, one start."""
    server = Townhall(env={"LOG_LEVEL": "LOUD", "JWT_ACCESS_TOKEN_EXPIRES": "soon", "MAX_IMPORT_BYTES": "-1"})
    try:
        done = server.run("serve", "--listen", "127.0.0.1:0", check=False, timeout=30)
        assert done.returncode != 0
        for name in ("LOG_LEVEL", "JWT_ACCESS_TOKEN_EXPIRES", "MAX_IMPORT_BYTES"):
            assert name in done.stdout + done.stderr
    finally:
        server.close()
