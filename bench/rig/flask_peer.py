"""The Flask peer: gunicorn with 2 workers of 8 threads, access log on, its own database in the same server."""
import os
import sys
from contextlib import contextmanager
from pathlib import Path

from .client import Client, await_ok
from .cluster import Cluster
from .process import Child, free_port, run
from .settings import BENCH, POSTGRESQL_BIN

_COLUMNS = (
    "voter_id",
    "first_name",
    "last_name",
    "date_of_birth",
    "email",
    "phone",
    "address",
    "city",
    "state",
    "zip",
    "party",
    "registered_at",
    "precinct",
)
_DATES = ("date_of_birth", "registered_at")


class FlaskPeer:
    def __init__(self, cluster: Cluster, database: str, folder: Path):
        self.cluster = cluster
        self.database = cluster.create(database)
        self._folder = folder
        self._environment = {**os.environ, "DATABASE_URL": cluster.url(database, "postgresql+psycopg2")}
        run([sys.executable, BENCH / "peers" / "flask_app.py"], env=self._environment)

    def load(self, file: Path) -> None:
        """The voters of a generated file, without measuring anything."""
        raw = ", ".join(f"{name} text" for name in (*_COLUMNS, "score"))
        names = ", ".join(_COLUMNS)
        values = ", ".join(f"{name}::date" if name in _DATES else name for name in _COLUMNS)
        run(
            [
                POSTGRESQL_BIN / "psql",
                "-qX",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                self.database,
                "-c",
                f"create temp table raw ({raw})",
                "-c",
                f"\\copy raw from '{file}' with (format csv, header)",
                "-c",
                f"insert into voters ({names}) select {values} from raw",
            ],
            env=self.cluster.environment,
        )
        self.cluster.settle(self.database)

    @contextmanager
    def serve(self):
        port = free_port()
        log = self._folder / f"{self.database}.log"
        command = [
            sys.executable,
            "/usr/bin/gunicorn",
            "--workers",
            2,
            "--worker-class",
            "gthread",
            "--threads",
            8,
            "--timeout",
            3600,
            "--bind",
            f"127.0.0.1:{port}",
            "--access-logfile",
            "-",
            "--chdir",
            BENCH / "peers",
            "flask_app:create_app()",
        ]
        with Child(command, log, env=self._environment) as server:
            await_ok(port, "/api/services", server.check_alive)
            yield Client(port)
