"""A small JSON client for setting things up; measured load comes from wrk and curl instead."""
import http.client
import json
import re
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


def histogram(metrics: str, name: str, label: str = "") -> dict[float, float]:
    """Cumulative counts by upper bound of one Prometheus histogram, summed over its other labels."""
    buckets: dict[float, float] = {}
    for labels, count in re.findall(rf"^{name}_bucket\{{(.*)\}} (\S+)$", metrics, re.MULTILINE):
        bound = re.search(r'le="([^"]+)"', labels)
        if bound and label in labels:
            limit = float(bound[1].replace("+Inf", "inf"))
            buckets[limit] = buckets.get(limit, 0) + float(count)
    return buckets


def median_of(before: dict[float, float], after: dict[float, float]) -> float:
    """The median of what a histogram gained, linear within its bucket."""
    gained = [(limit, after[limit] - before.get(limit, 0)) for limit in sorted(after)]
    if not gained or gained[-1][1] == 0:
        raise RuntimeError("the histogram gained nothing")
    half, below, lower = gained[-1][1] / 2, 0.0, 0.0
    for limit, cumulative in gained:
        if cumulative >= half:
            return lower if limit == float("inf") else lower + (limit - lower) * (half - below) / (cumulative - below)
        below, lower = cumulative, limit
    raise AssertionError("cumulative counts reach their own half")
