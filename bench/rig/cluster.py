"""One private PostgreSQL server for Townhall and all of its peers: same settings, same disk, Unix socket only."""
import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from .process import Child, run, tail
from .settings import POSTGRESQL_BIN

OWNER = "townhall"  # owns every database here; no superuser, as with any hosted PostgreSQL


def _server_settings(folder: Path) -> dict:
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return {
        "listen_addresses": "''",
        "unix_socket_directories": f"'{folder}'",
        "max_connections": 200,
        "shared_buffers": f"{max(1, min(4, memory_gib // 4))}GB",
        "effective_cache_size": f"{max(1, memory_gib // 2)}GB",
        "maintenance_work_mem": "256MB",
        "max_wal_size": "16GB",
        "min_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "jit": "off",
        "logging_collector": "on",
        "log_destination": "jsonlog",
        "log_directory": f"'{folder}/log'",
        "log_filename": "'server'",
        "log_rotation_age": 0,
        "log_rotation_size": 0,
        "timezone": "UTC",
        "log_timezone": "UTC",
    }


class Cluster:
    def __init__(self, folder: Path):
        self.folder = folder
        self.statement_log = folder / "log" / "server.json"
        self._user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        self._server: Child | None = None

    def start(self) -> None:
        self.folder.mkdir(mode=0o755)
        if self._user:
            run(["chown", self._user, self.folder])
        data = self.folder / "data"
        run(
            [POSTGRESQL_BIN / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"],
            user=self._user,
            group=self._user,
            cwd="/",
            extra_groups=[] if self._user else None,
        )
        with open(data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in _server_settings(self.folder).items())
        said = self.folder / "postmaster.log"
        self._server = Child(
            [POSTGRESQL_BIN / "postgres", "-D", data], said, user=self._user, stop_signal=signal.SIGINT
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                self.sql("postgres", "select 1")
                break
            except psycopg2.OperationalError:
                self._server.check_alive()
                if time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start:\n{tail(said)}") from None
                time.sleep(0.05)
        self.sql("postgres", f"create role {OWNER} login createrole")

    def stop(self) -> None:
        if self._server:
            self._server.stop()

    @contextmanager
    def connection(self, database: str):
        """As superuser, every statement its own transaction."""
        connection = psycopg2.connect(host=str(self.folder), user="postgres", dbname=database)
        connection.autocommit = True
        try:
            yield connection
        finally:
            connection.close()

    def sql(self, database: str, text: str, *arguments) -> list[tuple]:
        with self.connection(database) as connection, connection.cursor() as cursor:
            cursor.execute(text, arguments or None)
            return cursor.fetchall() if cursor.description else []

    def create(self, database: str) -> str:
        self.sql("postgres", f'create database "{database}" owner {OWNER}')
        return database

    def drop(self, database: str) -> None:
        self.sql("postgres", f'drop database if exists "{database}" with (force)')

    def settle(self, database: str) -> None:
        """Statistics fresh and nothing left to write: a run doesn't pay for the one before it."""
        self.sql(database, "vacuum (analyze)")
        self.sql(database, "checkpoint")

    def url(self, database: str, scheme: str = "postgresql") -> str:
        return f"{scheme}://{OWNER}@/{database}?host={self.folder}"

    @property
    def environment(self) -> dict:
        """For psql and pgbench, as the owner."""
        return {**os.environ, "PGHOST": str(self.folder), "PGUSER": OWNER}
