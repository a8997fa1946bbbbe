"""What every test can ask for. See README.md."""

import secrets
from pathlib import Path

import pytest

from support.postgres import Cluster
from support.server import LIVE, Townhall, is_sanitized, short_folder
from support.client import ok

HERE = Path(__file__).parent


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="also what takes long: 50 kills, a 10 GB upload")


def pytest_collection_modifyitems(config, items):
    for item in items:
        folder = Path(item.path).relative_to(HERE).parts[0]
        if folder in ("unit", "integration", "e2e"):
            item.add_marker(getattr(pytest.mark, folder))
        if item.get_closest_marker("full") and not config.getoption("--full"):
            item.add_marker(pytest.mark.skip(reason="takes long: --full"))
        unsanitized = item.get_closest_marker("unsanitized")
        if unsanitized and is_sanitized():
            item.add_marker(pytest.mark.skip(reason=unsanitized.args[0]))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for server in LIVE:
            report.sections.append((f"log of the server on port {server.port}", server.tail()))


@pytest.fixture(scope="session")
def full(request):
    """Whether this is the long run."""
    return request.config.getoption("--full")


# ---- A PostgreSQL shared by the session, a database for each module ----


@pytest.fixture(scope="session")
def cluster():
    folder = short_folder()
    cluster = Cluster(folder)
    try:
        yield cluster.create()
    finally:
        cluster.remove()


@pytest.fixture(scope="session")
def template(cluster):
    """The name of a migrated database with the admin in it: what each module's database is a copy of."""
    database = cluster.new_database()
    townhall = Townhall(database)
    try:
        townhall.run("db", "upgrade")
        townhall.create_admin()
    finally:
        townhall.close()
    return database.name


@pytest.fixture(scope="module")
def database(cluster, template):
    database = cluster.new_database(template)
    yield database
    database.drop()


@pytest.fixture(scope="module")
def environment():
    """What the module's server is configured with, besides its database. Overridden where a folder's tests want more."""
    return {}


@pytest.fixture(scope="module")
def server(database, environment):
    """A running server on the module's database."""
    server = Townhall(database, environment)
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def admin(server):
    return server.admin()


@pytest.fixture
def public(server):
    """A caller without a token."""
    return server.client()


@pytest.fixture(scope="module")
def make_campaign(admin):
    """make_campaign() → the id of a new campaign."""

    def make(name=None, **fields):
        name = name or f"Campaign {secrets.token_hex(4)}"
        return ok(admin.post("/api/v1/campaigns", {"name": name, **fields}), 201)["id"]

    return make


@pytest.fixture(scope="module")
def campaign(make_campaign):
    """The module's campaign."""
    return make_campaign()


@pytest.fixture(scope="module")
def make_user(server, admin):
    """make_user("canvasser", campaign) → a signed-in client; its `.account` is the user, its `.password` the password."""

    def make(role=None, campaign=None, **fields):
        email, password = f"{role or 'user'}-{secrets.token_hex(6)}@example.org", f"pass-{secrets.token_hex(8)}"
        roles = [{"campaign_id": campaign, "role": role}] if role else []
        account = ok(
            admin.post(
                "/api/v1/users",
                {"email": email, "name": f"A {role or 'user'}", "password": password, "roles": roles, **fields},
            ),
            201,
        )
        client = server.client().login(email, password)
        client.account, client.password = account, password
        return client

    return make


@pytest.fixture(scope="module")
def as_role(make_user, campaign):
    """as_role("viewer") → the module's client with this role in the module's campaign."""
    made = {}

    def get(role):
        if role not in made:
            made[role] = make_user(role, campaign)
        return made[role]

    return get


@pytest.fixture(scope="module")
def make_voter(admin, campaign):
    """make_voter(last_name="…") → the new voter of the module's campaign."""

    def make(**fields):
        body = {"first_name": "Vera", "last_name": f"Voter{secrets.token_hex(4)}", **fields}
        target = body.pop("campaign_id", campaign)
        return ok(admin.post(f"/api/v1/voters?campaign_id={target}", body), 201)

    return make


# ---- The program as users get it: with its embedded PostgreSQL ----


@pytest.fixture(scope="module")
def embedded():
    """A running server with its embedded PostgreSQL and an admin."""
    server = Townhall()
    try:
        yield server.start(ready=120).create_admin()
    finally:
        server.close()


@pytest.fixture
def own_database(cluster, template):
    """A database for one test alone, with the admin in it."""
    database = cluster.new_database(template)
    yield database
    database.drop()


@pytest.fixture
def own_server(own_database):
    """A server for one test alone, that it may kill."""
    server = Townhall(own_database)
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def own_cluster():
    """A PostgreSQL for one test alone, that it may kill."""
    cluster = Cluster(short_folder())
    try:
        yield cluster.create()
    finally:
        cluster.remove()
