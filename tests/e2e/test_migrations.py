"""The schema, up and down, and many starting at once."""

import pytest

from support.server import ROOT, Townhall

FILES = sorted((ROOT / "migrations").glob("[0-9]*.up.sql"))


@pytest.fixture
def empty(cluster):
    database = cluster.new_database()
    yield database
    database.drop()


@pytest.fixture
def townhall(empty):
    townhall = Townhall(empty)
    yield townhall
    townhall.close()


def applied(database):
    return database.sql("select * from core.schema_migrations order by 1")


@pytest.mark.promise(
    "P30", "up, all the way down, and up again: the schema is identical, and down leaves nothing of ours"
)
def test_up_down_up(empty, townhall):
    """Dumps are compared, byte for byte."""
    townhall.run("db", "upgrade")
    first = empty.dump_schema()
    assert len(applied(empty)) == len(FILES) > 0
    for _ in FILES:
        townhall.run("db", "downgrade")
    left = empty.sql(
        "select table_schema || '.' || table_name from information_schema.tables where table_schema in"
        " ('core', 'website', 'campaign') and table_name <> 'schema_migrations'"
    )
    assert left == []
    townhall.run("db", "upgrade")
    assert empty.dump_schema() == first


@pytest.mark.promise("P30", "one step down and up again gives the same schema, for the last migration on its own")
def test_last_one_down_and_up(empty, townhall):
    """The step that is taken most often."""
    townhall.run("db", "upgrade")
    first = empty.dump_schema()
    townhall.run("db", "downgrade")
    assert len(applied(empty)) == len(FILES) - 1
    assert empty.dump_schema() != first
    townhall.run("db", "upgrade")
    assert empty.dump_schema() == first


def test_sources_in_use_are_claimed(empty, townhall):
    """Each by the campaign that first wrote with it; by nobody where that is gone; names that we give by nobody at all."""
    townhall.run("db", "upgrade")
    for file in FILES:
        if file.name >= "0012":
            townhall.run("db", "downgrade")
    one, two = (
        empty.one("insert into campaign.campaigns (name, slug) values (%s, %s) returning id", slug, slug)
        for slug in ("one", "two")
    )
    for minutes, campaign, source, dry_run in (
        (1, two, "donors", True),
        (2, one, "donors", False),
        (3, two, "donors", False),
        (4, two, "club", False),
        (5, two, "us-oh", False),
        (6, two, f"campaign:{two}", False),
    ):
        empty.sql(
            """insert into campaign.imports (id, campaign_id, size, source, on_match, dry_run, created_at, started_at)
               select gen_random_uuid(), %s, 1, %s, 'skip', %s, t, t
                 from (select now() + %s * interval '1 minute' as t) moment""",
            campaign,
            source,
            dry_run,
            minutes,
        )
    for source in ("donors", "donors", "gone", "manual", "us-oh"):
        empty.sql("insert into campaign.voters (source, identity) values (%s, gen_random_uuid()::text)", source)
    townhall.run("db", "upgrade")
    assert empty.sql("select source, campaign_id from campaign.sources order by source") == [
        ("club", two),
        ("donors", one),
        ("gone", None),
    ]


def test_upgrade_twice_changes_nothing(empty, townhall):
    """The second run finds nothing to do; current and history tell the state."""
    townhall.run("db", "upgrade")
    before = applied(empty)
    townhall.run("db", "upgrade")
    assert applied(empty) == before
    last = FILES[-1].name.split("_")[0]
    assert last in townhall.run("db", "current").stdout
    assert all(file.name.split("_")[0] in townhall.run("db", "history").stdout for file in FILES)


@pytest.mark.promise(
    "P30", "eight servers starting at once on an empty database: each migration is applied once, all get ready"
)
def test_eight_starts_at_once(empty):
    """One applies, the others wait."""
    servers = [Townhall(empty) for _ in range(8)]
    try:
        for server in servers:
            server.launch()
        for server in servers:
            server.wait_ready(60)
        assert len(applied(empty)) == len(FILES)
    finally:
        for server in servers:
            server.close()


def test_a_changed_migration_is_noticed(empty, townhall):
    """A checksum that differs from what was applied stops the upgrade."""
    townhall.run("db", "upgrade")
    column = empty.one(
        "select column_name from information_schema.columns where table_schema = 'core' and"
        " table_name = 'schema_migrations' and column_name like '%sum%'"
    )
    empty.sql(
        f"update core.schema_migrations set {column} = (select {column} from core.schema_migrations order by 1 desc limit 1)"
    )
    done = townhall.run("db", "upgrade", check=False)
    assert done.returncode != 0 and "changed after it was applied" in done.stderr
