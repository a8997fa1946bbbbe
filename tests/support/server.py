"""The built program, started on a free port with a home of its own."""

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg2
import requests

from support.client import Client
from support.processes import alive, descendants, kill_all, name_of
from support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
ADMIN = ("admin@example.org", "correct horse battery staple")
LIVE = []  # servers of this test session, so that a failure can show their logs
# How a report of a sanitizer begins; UBSan's has a place in the source before it.
_FINDING = re.compile(r"^(?:==\d+==\s*ERROR: |WARNING: Thread|\S+:\d+:\d+: runtime error: ).*", re.MULTILINE)


def program():
    """The built program."""
    path = Path(os.environ.get("TOWNHALL_BIN", ROOT / "build/release/townhall"))
    assert path.exists(), f"{path} is not built: ./dev build release townhall"
    return path


@functools.cache
def is_sanitized():
    """Whether the program is built with a sanitizer."""
    return any(mark in program().read_bytes() for mark in (b"__asan_init", b"__tsan_init"))


def sanitizer_findings(log):
    """The first lines of what a sanitizer found while the program wrote this log: nothing, with a release build."""
    return _FINDING.findall(log)


def short_folder():
    """A folder that `postgres` can reach and whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="th-", dir="/tmp"))
    folder.chmod(0o755)
    return folder


def log_entries_of(path, offset=0):
    """The JSON lines of a log (a line still being written is left out)."""
    with open(path, "rb") as log:
        log.seek(offset)
        lines = log.read().split(b"\n")[:-1]
    return [json.loads(line) for line in lines if line.startswith(b"{")]


class Townhall:
    """`townhall serve`, and the command line beside it, with one environment. No `database`: the embedded PostgreSQL."""

    def __init__(self, database=None, env=None, executable=None):
        self.executable = executable or program()
        self.folder = short_folder()
        self.home = self.folder / "home"
        self.log = self.folder / "server.log"
        self.database = database
        self.process = None
        self.port = 0
        self._seen = 0  # bytes of the log that earlier runs wrote
        self.env = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.folder),
            "TOWNHALL_HOME": str(self.home),
            "TOWNHALL_ENV": "development",
            "RATE_LIMIT": "off",
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        if database:
            self.env["DATABASE_URL"] = database.url
        self.env.update(env or {})
        LIVE.append(self)

    # ---- its life ----

    def start(self, *flags, ready=60):
        """Starts, and waits until /readyz says 200."""
        return self.launch(*flags).wait_ready(ready)

    def launch(self, *flags):
        """Starts the process and waits for nothing. The port stays the same over restarts."""
        assert self.process is None or self.process.poll() is not None, "already running"
        self._seen = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.executable, "serve", "--listen", f"127.0.0.1:{self.port}", *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.env,
                cwd=self.folder,
                start_new_session=True,
            )
        return self

    def wait_ready(self, timeout):
        self.port = self.port or wait_until(self._announced_port, timeout, "the log line `listening`")
        wait_until(self.is_ready, timeout, "200 of /readyz", every=0.01)
        return self

    def _announced_port(self):
        assert self.process.poll() is None, f"townhall ended with {self.process.returncode}:\n{self.tail()}"
        for entry in self.log_entries(self._seen):
            if entry.get("message") == "listening" and entry.get("port"):
                return entry["port"]
        return None

    def is_ready(self):
        assert self.process.poll() is None, f"townhall ended with {self.process.returncode}:\n{self.tail()}"
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop(self, timeout=40):
        """SIGTERM; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def kill(self):
        """SIGKILL to the server alone."""
        self.process.kill()
        self.process.wait(10)

    def close(self):
        """Ends everything that this server started, and removes what it left. Fails where a sanitizer found something."""
        LIVE.remove(self)
        if self.process and self.process.poll() is None:
            below = descendants(self.process.pid)
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
            kill_all([pid for pid in below if alive(pid)])
        file, left = self.postmaster_file(), self.postmaster()
        sockets = Path(file.read_text().splitlines()[4]) if file else None
        if left:
            kill_all([left, *descendants(left)])
        if sockets and sockets.name.startswith("townhall-"):  # what a killed server could not remove itself
            shutil.rmtree(sockets, ignore_errors=True)
        log = self.log.read_text(errors="replace") if self.log.exists() else ""
        shutil.rmtree(self.folder, ignore_errors=True)
        found = sanitizer_findings(log)
        assert not found, log[log.index(found[0]) :][:20_000]

    # ---- its processes ----

    def postmaster_file(self):
        found = list(self.home.glob("**/postmaster.pid")) if self.home.exists() else []
        return found[0] if found else None

    def postmaster(self):
        """The pid of the embedded PostgreSQL's first process, or nothing."""
        file = self.postmaster_file()
        try:
            pid = int(file.read_text().split()[0]) if file else None
        except (FileNotFoundError, IndexError, ValueError):
            return None
        return pid if pid and alive(pid) and name_of(pid) == "postgres" else None

    def kill_postgres(self):
        """SIGKILL to every process of the embedded PostgreSQL, its first one first."""
        first = self.postmaster()
        assert first, "no embedded PostgreSQL runs"
        kill_all([first, *descendants(first)])

    def audit(self):
        """A superuser's connection to the embedded database, through its own socket."""
        lines = self.postmaster_file().read_text().splitlines()
        folder, port = lines[4], lines[3]
        return _EmbeddedDatabase(folder, port)

    # ---- what it says and does ----

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def client(self, token=None):
        return Client(self, token)

    def admin(self):
        return self.client().login(*ADMIN)

    def run(self, *arguments, stdin="", timeout=120, check=True):
        """Runs `townhall ARGUMENTS…` in this server's environment, to its end."""
        done = subprocess.run(
            [self.executable, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.env,
            cwd=self.folder,
            timeout=timeout,
            check=False,
        )
        assert not sanitizer_findings(done.stderr), done.stderr[-20_000:]
        if check:
            assert (
                done.returncode == 0
            ), f"townhall {' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def create_admin(self, email=ADMIN[0], password=ADMIN[1]):
        self.run("users", "create", "--email", email, "--admin", stdin=password)
        return self

    def log_entries(self, offset=0):
        """The JSON lines of its log."""
        return log_entries_of(self.log, offset)

    def tail(self, count=12):
        """The end of its log, and before it what was worse than information."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else ["(no log)"]
        worse = [line for line in lines[-1000:-count] if '"level":"info"' not in line and '"level":"debug"' not in line]
        return "\n".join(line[:400] for line in worse[-20:] + lines[-count:])

    def mails(self):
        """The files of the development mailbox."""
        return sorted((self.home / "mailbox").glob("*.eml"))


class _EmbeddedDatabase:
    """Queries on the embedded PostgreSQL, for audits."""

    def __init__(self, folder, port):
        self._where = {"host": folder, "port": port, "connect_timeout": 10}

    def _connect(self):
        return psycopg2.connect(dbname="townhall", user="postgres", **self._where)

    def sql(self, statement, *values):
        connection = self._connect()
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def one(self, statement, *values):
        return self.sql(statement, *values)[0][0]
