"""A load whose rate does not depend on the answers: latencies count from when a request was due, so that a server that
stalls can't hide it. tests/load/open_loop.cpp makes it.
"""

import json
import subprocess

from support.server import program


def capacity(url, token):
    """Answers a second that a signed-in reader can have of this address, as wrk finds it."""
    command = ["wrk", "-t1", "-c32", "-d3s", "-H", f"Authorization: Bearer {token}", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    return float(done.stdout.split("Requests/sec:")[1].split()[0])


class OpenLoop:
    """`with OpenLoop(port, request, rate, seconds) as load: …`, then `load.report()`; ends by itself after `seconds`."""

    def __init__(self, port, request, rate, seconds, connections=64):
        self._command = [program().parent / "open_loop", str(port), str(rate), str(seconds), str(connections)]
        self._request, self._patience = request, seconds + 30
        self._process = None

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._process.stdin.write(self._request)
        self._process.stdin.close()
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self._process.kill()
            self._process.wait(10)

    def report(self):
        """{"due", "answered", "statuses", "p50", "p99", "most"}, times in seconds; waits for the end."""
        try:
            output = self._process.stdout.read()
            assert self._process.wait(self._patience) == 0
        finally:
            self._process.stdout.close()
        return json.loads(output)
