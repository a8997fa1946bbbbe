"""Townhall as it is measured: the release build, request log on, rates unlimited."""
import os
import secrets
from contextlib import contextmanager
from pathlib import Path

from .client import Client, await_ok
from .process import Child, free_port, run
from .settings import TOWNHALL

ADMIN = "admin@bench.example.org"
METRICS_TOKEN = "bench-metrics-token-of-this-run-only"


class Townhall:
    """One installation: a home folder and a database (the embedded one when no URL is given)."""

    def __init__(self, home: Path, database_url: str | None, program: Path = TOWNHALL):
        self.program = program
        home.mkdir(mode=0o755, exist_ok=True)
        self.log = home.parent / f"{home.name}.log"
        self.password = secrets.token_urlsafe(18)
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = {
            **kept,
            "TOWNHALL_HOME": str(home),
            "SECRET_KEY": secrets.token_hex(32),
            "JWT_SECRET_KEY": secrets.token_hex(32),
            "RATE_LIMIT": "off",
            "METRICS_TOKEN": METRICS_TOKEN,
        }
        if database_url:
            self.environment["DATABASE_URL"] = database_url

    def run(self, *arguments, input: str | None = None) -> None:
        run([self.program, *arguments], env=self.environment, input=input, cwd="/")

    def command(self, *arguments) -> dict:
        """For process.timed()."""
        return {"command": [self.program, *arguments], "env": self.environment, "cwd": "/"}

    def set_up(self) -> None:
        self.run("db", "upgrade")
        self.run("users", "create", "--email", ADMIN, "--admin", input=self.password)

    @contextmanager
    def serve(self):
        """(the process, a client) once it is ready."""
        port = free_port()
        with Child([self.program, "serve", "--listen", f"127.0.0.1:{port}"], self.log, env=self.environment) as server:
            await_ok(port, "/readyz", server.check_alive)
            yield server, Client(port)

    @contextmanager
    def serve_as_admin(self):
        with self.serve() as (server, client):
            yield server, client.log_in(ADMIN, self.password)

    def metrics(self, client: Client) -> str:
        return client.expect(200, "GET", "/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})


def create_campaign(admin: Client, name: str) -> int:
    return admin.expect(201, "POST", "/api/v1/campaigns", {"name": name})["id"]


def create_member(admin: Client, campaign: int, role: str) -> Client:
    """A new user with that role in that campaign, logged in."""
    email, password = f"{role}-{secrets.token_hex(4)}@bench.example.org", secrets.token_urlsafe(18)
    admin.expect(
        201,
        "POST",
        "/api/v1/users",
        {"email": email, "password": password, "name": f"A {role}", "roles": [{"campaign_id": campaign, "role": role}]},
    )
    return Client(admin.port).log_in(email, password)
