"""Processes that a run starts: each in a session of its own, its output in a file, ended by its id."""
import os
import signal
import socket
import subprocess
import time
from pathlib import Path


class Child:
    def __init__(
        self,
        command: list,
        log: Path,
        *,
        env: dict | None = None,
        user: str | None = None,
        stop_signal: int = signal.SIGTERM,
    ):
        self._stop_signal = stop_signal
        self.log = log
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=env,
                user=user,
                group=user,
                start_new_session=True,
                extra_groups=[] if user else None,
                cwd="/",
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def check_alive(self) -> None:
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.process.args[0]} ended with {self.process.returncode}:\n{tail(self.log)}")

    def stop(self, patience: float = 40) -> None:
        if self.process.poll() is None:
            self.process.send_signal(self._stop_signal)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def run(command: list, **options) -> subprocess.CompletedProcess:
    """Runs to the end and hands back what it said; its complaint is the exception's text."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(
            f"{Path(str(command[0])).name} failed with {done.returncode}:\n" f"{(done.stderr or done.stdout)[-2000:]}"
        )
    return done


def timed(command: list, **options) -> float:
    """Seconds from exec to exit."""
    started = time.monotonic()
    run(command, **options)
    return time.monotonic() - started


def memory_mb(pid: int, field: str) -> float:
    """VmRSS (now) or VmHWM (the most so far) of one process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"no {field} for process {pid}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tail(path: Path, size: int = 2000) -> str:
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read().decode(errors="replace")
