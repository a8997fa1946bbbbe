"""The program as it was at an earlier commit, built in a work tree of its own, to see what came since then costs."""
import subprocess
from collections.abc import Callable
from pathlib import Path

from .settings import CACHE, ROOT


def build(commit: str, say: Callable[[str], None]) -> Path:
    """The release build of that commit; made once, kept in build/bench."""
    tree = CACHE / f"tree-{commit}"
    program = tree / "build" / "release" / "townhall"
    if not program.exists():
        say(f"building commit {commit}, which this is measured against")
        if not tree.exists():
            _run("git", "-C", ROOT, "worktree", "prune")
            _run("git", "-C", ROOT, "worktree", "add", "--detach", tree, commit)
        _run(tree / "dev", "build", "release", "townhall")
    return program


def _run(*command) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} {command[-1]}: {done.stderr.strip()[-400:]}")
