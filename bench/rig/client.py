"""A small JSON client for setting things up; measured load comes from wrk and curl instead."""
import http.client
import json
import time


class Client:
    def __init__(self, port: int, token: str = ""):
        self.port = port
        self.token = token

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, method: str, path: str, body=None, headers: dict | None = None):
        """(status, body) of any answer; the body parsed when it is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            sent = dict(headers or {})
            if self.token:
                sent.setdefault("Authorization", f"Bearer {self.token}")
            if body is not None:
                sent["Content-Type"] = "application/json"
                body = json.dumps(body)
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, json.loads(text) if "json" in answer.headers.get("Content-Type", "") else text
        finally:
            connection.close()

    def expect(self, status: int, method: str, path: str, body=None, headers: dict | None = None):
        got, answer = self.send(method, path, body, headers)
        if got != status:
            raise RuntimeError(f"{method} {path}: {got} where {status} was expected: {str(answer)[:500]}")
        return answer

    def log_in(self, email: str, password: str) -> "Client":
        answer = self.expect(200, "POST", "/api/v1/auth/login", {"email": email, "password": password})
        return Client(self.port, answer["access_token"])


def await_ok(port: int, path: str, still_alive, patience: float = 60) -> float:
    """Asks every 2 ms until the first 200; hands back the moment it came."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return time.monotonic()
        except OSError:
            pass
        finally:
            connection.close()
        still_alive()
        time.sleep(0.002)
    raise RuntimeError(f"no 200 from {path} on port {port} within {patience:.0f} s")
