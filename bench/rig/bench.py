"""What the entries share during one run: the settings, one PostgreSQL, and voters that are imported only once."""
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import voter_files
from .cluster import Cluster
from .flask_peer import FlaskPeer
from .settings import TOWNHALL, Settings
from .townhall import Townhall, create_campaign


class Imported:
    """A Townhall database that holds the generated voters in one campaign."""

    def __init__(self, bench: "Bench", rows: int):
        self.database = bench.cluster.create(f"townhall_{rows}")
        self.townhall = bench.install(self.database)
        with self.townhall.serve_as_admin() as (_, admin):
            self.campaign = create_campaign(admin, "Measured")
        self.townhall.run("import", voter_files.plain(rows), "--campaign", self.campaign)
        bench.cluster.settle(self.database)
        self.low, self.high, count = bench.cluster.sql(
            self.database, "select min(id), max(id), count(*) from campaign.voters"
        )[0]
        if count != rows or self.high - self.low + 1 != rows:
            raise RuntimeError(f"{rows} voters were imported, {count} are there, ids {self.low} to {self.high}")


class Bench:
    def __init__(self, settings: Settings):
        self.settings = settings
        self.raw: dict[str, list[float]] = {}  # every single measurement, by name
        self._imported: dict[int, Imported] = {}
        self._flask: dict[int, FlaskPeer] = {}

    def __enter__(self) -> "Bench":
        # Not /tmp: it may live in memory, and then nothing is ever durable there.
        self.folder = Path(tempfile.mkdtemp(prefix="townhall-bench-", dir="/var/tmp"))
        self.folder.chmod(0o755)
        self.cluster = Cluster(self.folder / "pg")
        try:
            self.cluster.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.cluster.stop()
        shutil.rmtree(self.folder)

    def say(self, what: str) -> None:
        print(what, file=sys.stderr, flush=True)

    def install(self, database: str | None, program: Path | None = None) -> Townhall:
        """Townhall (of another build, if one is named) on a fresh database of the shared server, or (None) with its
        embedded one."""
        name = database or "embedded"
        url = self.cluster.url(database) if database else None
        townhall = Townhall(self.folder / f"home-{name}", url, program or TOWNHALL)
        townhall.set_up()
        return townhall

    def imported(self, rows: int) -> Imported:
        if rows not in self._imported:
            self.say(f"preparing Townhall with {rows} voters")
            self._imported[rows] = Imported(self, rows)
        return self._imported[rows]

    def flask_with_voters(self, rows: int) -> FlaskPeer:
        if rows not in self._flask:
            self.say(f"preparing the Flask peer with {rows} voters")
            self._flask[rows] = FlaskPeer(self.cluster, f"flask_{rows}", self.folder)
            self._flask[rows].load(voter_files.plain(rows))
        return self._flask[rows]

    def in_turn(
        self, work: str, *, rounds: int | None = None, **runs: Callable[[int], float]
    ) -> dict[str, list[float]]:
        """A B A B …: each run once a round, so that what slows the machine slows all of them."""
        rounds = rounds or self.settings.rounds
        results: dict[str, list[float]] = {name: [] for name in runs}
        for turn in range(rounds):
            for name, run in runs.items():
                self.say(f"{work}: round {turn + 1} of {rounds}, {name}")
                results[name].append(run(turn))
        self.raw |= {f"{work}/{name}": values for name, values in results.items()}
        return results
