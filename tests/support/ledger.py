"""The client's own book: what the server acknowledged, on disk before anything else happens."""

import json
import os
import threading


class Ledger:
    """Append-only lines of JSON, each fsynced before `record` returns. Thread-safe."""

    def __init__(self, path):
        self._file = open(path, "a+b", buffering=0)
        self._lock = threading.Lock()

    def record(self, **entry):
        line = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            self._file.write(line)
        os.fsync(self._file.fileno())

    def entries(self):
        """What is on disk. A last line that was cut short does not count."""
        with self._lock:
            self._file.seek(0)
            lines = self._file.read().split(b"\n")
        return [json.loads(line) for line in lines[:-1]]

    def close(self):
        self._file.close()
