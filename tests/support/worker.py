"""`townhall worker` beside a server, and resources that hold its jobs up."""

import os
import signal
import subprocess
from contextlib import contextmanager

from support.postgres import OWNER
from support.processes import pause
from support.server import log_entries_of, program, sanitizer_findings
from support.waiting import wait_until


class Worker:
    """`townhall worker` in a server's environment: its database, its home, its keys."""

    def __init__(self, server, name="worker", env=None):
        self._server = server
        self._env = {**server.env, **(env or {})}
        self.log = server.folder / f"{name}.log"
        self.process = None

    def start(self, timeout=60):
        seen = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [program(), "worker"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                cwd=self._server.folder,
                start_new_session=True,
            )

        def working():
            assert (
                self.process.poll() is None
            ), f"townhall worker ended:\n{self.log.read_text(errors='replace')[-3000:]}"
            return any(entry.get("message") == "working" for entry in log_entries_of(self.log, seen))

        wait_until(working, timeout, "the log line `working`")
        return self

    def logged(self, message):
        """The log's entries with this message."""
        return [entry for entry in log_entries_of(self.log) if entry.get("message") == message]

    def pause(self):
        pause(self.process.pid)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self, timeout=40):
        """SIGTERM; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def close(self):
        if self.process and self.process.poll() is None:
            self.go_on()
            self.kill()
        log = self.log.read_text(errors="replace") if self.log.exists() else ""
        found = sanitizer_findings(log)
        assert not found, log[log.index(found[0]) :][:20_000]


@contextmanager
def locked(database, table):
    """Nobody reads or writes the table meanwhile."""
    connection = database.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute(f"lock table {table} in access exclusive mode")
            yield
            cursor.execute("rollback")
    finally:
        connection.close()


@contextmanager
def held_open(database):
    """A transaction of the server's own role that goes on: nothing that dies meanwhile can be cleared away."""
    connection = database.cluster.connect(database.name, user=OWNER)
    try:
        with connection.cursor() as cursor:
            cursor.execute("begin isolation level repeatable read")
            cursor.execute("select count(*) from core.jobs")
            yield
            cursor.execute("rollback")
    finally:
        connection.close()


@contextmanager
def without_bottom(path):
    """The file is a pipe meanwhile that nobody writes to: whoever opens it waits."""
    kept = path.with_suffix(".kept")
    path.rename(kept)
    os.mkfifo(path, 0o644)
    try:
        yield
    finally:
        path.unlink()
        kept.rename(path)
