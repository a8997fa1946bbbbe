"""nginx with one file, as it would serve an API's answer: two workers, access log on, connections kept."""
import shutil
from contextlib import contextmanager
from pathlib import Path

from .client import Client, await_ok
from .process import Child, free_port

_CONFIGURATION = """
daemon off;
user root;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log combined buffer=64k flush=1s;
    sendfile on;
    tcp_nopush on;
    open_file_cache max=100 inactive=60s;
    keepalive_requests 1000000000;
    gzip_static on;
    server {{
        listen 127.0.0.1:{port} reuseport;
        location = {path} {{ default_type application/json; alias {folder}/body; }}
    }}
}}
"""


class Nginx:
    """Serves `body` under `path`, and `zipped` to those who take gzip. It knows the file's place by heart and writes its
    log in blocks, as Townhall does."""

    def __init__(self, folder: Path, path: str, body: bytes, zipped: bytes | None = None):
        self._folder = folder
        self._path = path
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o755)
        (folder / "body").write_bytes(body)
        if zipped:
            (folder / "body.gz").write_bytes(zipped)

    @contextmanager
    def serve(self):
        port = free_port()
        file = self._folder / "nginx.conf"
        file.write_text(_CONFIGURATION.format(folder=self._folder, port=port, path=self._path), encoding="utf-8")
        with Child(["/usr/sbin/nginx", "-c", file, "-p", self._folder], self._folder / "output.log") as server:
            await_ok(port, self._path, server.check_alive)
            yield Client(port)
