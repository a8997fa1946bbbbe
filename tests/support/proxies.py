"""nginx and haproxy in front of the built program.

Each gives every request that it forwards an X-Request-Id of its own, and writes the same into the answer as X-Proxy-Id:
an answer that has two is another request's, and a request that the server saw without one was smuggled past the proxy.
"""

import shutil
import subprocess
import sys

from support.server import short_folder
from support.wire import free_port, wait_listening

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  ignore_invalid_headers off;
  upstream townhall {{ server 127.0.0.1:{backend}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://townhall;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_next_upstream off;
      proxy_set_header Connection "";
      proxy_set_header X-Request-Id via-$request_id;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto {scheme};
      add_header X-Proxy-Id via-$request_id always;
    }}
  }}
}}
"""

HAPROXY = """
global
  maxconn 256
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 10s
  http-reuse always
frontend in
  bind 127.0.0.1:{port}
  option accept-invalid-http-request
  option forwardfor
  http-request set-var(txn.id) uuid()
  http-request set-header X-Request-Id via-%[var(txn.id)]
  http-request set-header X-Forwarded-Proto {scheme}
  http-after-response set-header X-Proxy-Id via-%[var(txn.id)]
  default_backend townhall
backend townhall
  option accept-invalid-http-response
  server townhall 127.0.0.1:{backend}
"""


class Proxy:
    """One of them, as lenient as it can be set, running until `close`."""

    def __init__(self, name, backend, scheme="https"):
        self.name = name
        self.folder = short_folder()
        self.port = free_port()
        config = self.folder / "config"
        template = {"nginx": NGINX, "haproxy": HAPROXY}[name]
        config.write_text(template.format(folder=self.folder, port=self.port, backend=backend, scheme=scheme))
        command = {
            "nginx": ["nginx", "-e", self.folder / "error.log", "-c", config],
            "haproxy": ["haproxy", "-q", "-db", "-f", config],
        }[name]
        with open(self.folder / "output", "wb") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={"PATH": "/usr/sbin:/usr/bin:/bin"}
            )
        try:
            wait_listening(self.port)
        except AssertionError:
            print((self.folder / "output").read_text(), file=sys.stderr)
            self.close()
            raise

    def close(self):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
