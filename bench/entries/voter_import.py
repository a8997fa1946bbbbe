"""`townhall import` of 1,000,000 voters, exec to exit, against \\copy of every row that it leaves, and Flask."""
from pathlib import Path

from rig import voter_files
from rig.bench import Bench
from rig.figures import Figure, faster
from rig.flask_peer import FlaskPeer
from rig.process import timed
from rig.settings import POSTGRESQL_BIN
from rig.townhall import create_campaign

VOTERS = 1_000_000
MANY = 100  # rows from which a table counts as filled by the import; fewer are its own records of the run


def measure(bench: Bench) -> list[Figure]:
    work = f"import of {bench.settings.rows(VOTERS):,} voters"
    file = voter_files.plain(bench.settings.rows(VOTERS))
    database = bench.cluster.create("import")
    townhall = bench.install(database)
    with townhall.serve_as_admin() as (_, admin):
        campaign = create_campaign(admin, "Measured")
    flask = FlaskPeer(bench.cluster, "flask_import", bench.folder)
    ours = townhall.command("import", file, "--campaign", campaign)

    bench.say("exporting what an import leaves, for \\copy")
    timed(**ours)
    tables = _export(bench, database)
    bench.say(f"filled: {', '.join(tables)}")
    runs = {
        "townhall": lambda _: _first(bench, database, ours),
        "townhall, again": lambda _: 1 / timed(**ours),
        "copy": lambda _: _copy(bench, database, tables),
        "flask": lambda _: _flask(bench, flask, file),
    }
    result = bench.in_turn(work, **runs)
    return [
        faster(work, "\\copy of every row it leaves", result["townhall"], result["copy"], 0.7, 1.0),
        faster(work, "Flask", result["townhall"], result["flask"], 6),
        faster("the same file again", "our first run", result["townhall, again"], result["townhall"], 2),
    ]


def _first(bench: Bench, database: str, ours: dict) -> float:
    _empty(bench, database)
    rate = 1 / timed(**ours)
    kept = bench.cluster.sql(database, "select count(*) from campaign.voters")[0][0]
    if kept != bench.settings.rows(VOTERS):
        raise RuntimeError(f"the import left {kept} voters")
    return rate


def _copy(bench: Bench, database: str, tables: dict[str, tuple[str, Path]]) -> float:
    _empty(bench, database)
    commands = [
        part
        for table, (columns, file) in tables.items()
        for part in ("-c", f"\\copy {table} ({columns}) from '{file}'")
    ]
    return 1 / timed(
        [POSTGRESQL_BIN / "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", database, *commands],
        env=bench.cluster.environment,
    )


def _flask(bench: Bench, flask: FlaskPeer, file: Path) -> float:
    bench.cluster.sql(flask.database, "truncate voters cascade")
    bench.cluster.settle(flask.database)
    with flask.serve() as client:
        return 1 / timed(["curl", "-sS", "--fail", "-F", f"file=@{file}", f"{client.base}/api/v1/voters/upload"])


def _empty(bench: Bench, database: str) -> None:
    """Everything but the campaign: the import's own records too, or it would know the file."""
    tables = bench.cluster.sql(
        database,
        "select format('campaign.%I', relname) from pg_class where relkind = 'r' and "
        "relnamespace = 'campaign'::regnamespace and relname <> 'campaigns'",
    )
    bench.cluster.sql(database, f"truncate {', '.join(name for name, in tables)} cascade")
    bench.cluster.settle(database)


def _export(bench: Bench, database: str) -> dict[str, tuple[str, Path]]:
    """Each filled table with the columns that one may write and the file of its rows; voters first, for the links
    refer to them."""
    found = bench.cluster.sql(
        database,
        """
        select format('campaign.%I', relname), (
            select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
            where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '')
        from pg_class c where relkind = 'r' and relnamespace = 'campaign'::regnamespace
        order by relname <> 'voters', relname""",
    )
    tables = {}
    for table, columns in found:
        if bench.cluster.sql(database, f"select count(*) from {table}")[0][0] >= MANY:
            file = bench.folder / f"{table}.copy"
            with bench.cluster.connection(database) as connection, open(file, "wb") as out:
                connection.cursor().copy_expert(f"copy {table} ({columns}) to stdout", out)
            tables[table] = (columns, file)
    return tables
