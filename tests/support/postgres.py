"""A private PostgreSQL for one test session: its own folder, its own Unix socket, no TCP."""

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from support.processes import alive, descendants, kill_all, send
from support.waiting import wait_until

OWNER = "townhall_owner"


def binaries():
    """The folder of PostgreSQL's programs: $TOWNHALL_PG_BIN, else the newest that Debian installed."""
    if "TOWNHALL_PG_BIN" in os.environ:
        return Path(os.environ["TOWNHALL_PG_BIN"])
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    assert found, "no PostgreSQL in /usr/lib/postgresql: apt install postgresql-15"
    return found[-1]


def _as_postgres():
    """PostgreSQL refuses to run as root: then it runs as the `postgres` user."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


class Cluster:
    """One PostgreSQL server process with its data. `folder` must be short: a socket's path has at most 107 bytes."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        self.process = None
        self._databases = 0

    def create(self):
        self.folder.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.folder.chmod(0o755)
        subprocess.run(
            [
                binaries() / "initdb",
                "-D",
                self.data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            cwd="/",
            **_as_postgres(),
        )
        self.start()
        # Neither a superuser nor the owner of anything else: what a hosted PostgreSQL gives its customers.
        self.execute("postgres", f"create role {OWNER} login createrole createdb")
        return self

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [
                    binaries() / "postgres",
                    "-D",
                    self.data,
                    "-k",
                    self.folder,
                    "-c",
                    "listen_addresses=",
                    "-c",
                    "max_connections=400",
                    "-c",
                    "shared_buffers=64MB",
                    "-c",
                    "log_min_messages=error",
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                **_as_postgres(),
            )
        wait_until(self.answers, 30, "the private PostgreSQL")

    def answers(self):
        assert self.process.poll() is None, f"PostgreSQL ended:\n{self.log.read_text(errors='replace')[-4000:]}"
        try:
            self.connect("postgres").close()
            return True
        except psycopg2.OperationalError:
            return False

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # fast: ends sessions, no waiting for clients
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def kill(self):
        """SIGKILL to every process of this PostgreSQL."""
        pids = [self.process.pid, *descendants(self.process.pid)]
        self.process.send_signal(signal.SIGSTOP)  # so that it starts no more children meanwhile
        pids = list({*pids, *descendants(self.process.pid)})
        for pid in pids:
            send(pid, signal.SIGKILL)
        self.process.wait(10)
        kill_all([pid for pid in pids if alive(pid)])

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, database, user="postgres"):
        connection = psycopg2.connect(host=str(self.folder), dbname=database, user=user, connect_timeout=10)
        connection.autocommit = True
        return connection

    def execute(self, database, statement, *values):
        return Database(self, database).sql(statement, *values)

    def new_database(self, template="template0"):
        """A fresh database that belongs to OWNER."""
        self._databases += 1
        database = Database(self, f"t{os.getpid()}_{self._databases}")
        self.execute("postgres", f"create database {database.name} owner {OWNER} template {template} encoding 'UTF8'")
        return database


class Database:
    """One database of a cluster, as the harness sees it (superuser: audits see everything)."""

    def __init__(self, cluster, name):
        self.cluster = cluster
        self.name = name

    @property
    def url(self):
        return f"postgresql://{OWNER}@/{self.name}?host={self.cluster.folder}"

    def connect(self):
        return self.cluster.connect(self.name)

    def sql(self, statement, *values):
        """Runs one statement; its rows, or nothing."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def one(self, statement, *values):
        """The single value of the single row."""
        rows = self.sql(statement, *values)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return rows[0][0]

    @contextmanager
    def session(self):
        connection = self.connect()
        try:
            yield connection.cursor()
        finally:
            connection.close()

    def dump_schema(self):
        """The schema as pg_dump tells it, without what differs from one dump to the next."""
        dump = subprocess.run(
            [binaries() / "pg_dump", "--schema-only", "-h", self.cluster.folder, "-U", "postgres", self.name],
            check=True,
            capture_output=True,
            text=True,
            cwd="/",
        ).stdout
        return "\n".join(
            line for line in dump.splitlines() if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))
        )

    def drop(self):
        self.cluster.execute("postgres", f"drop database if exists {self.name} with (force)")
