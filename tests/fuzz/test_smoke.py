"""A short run of every fuzz target: its seeds, what earlier runs kept, then ten seconds of new input.

The new input follows from a fixed seed: what fails here fails again, and a change that is not at fault does not fail.
`./dev fuzz` looks further, each time elsewhere.
"""

import base64
import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TARGETS = sorted(path.stem for path in HERE.glob("*_fuzz.cpp"))


@pytest.mark.promise("P61", "each fuzz target, under ASan and UBSan: seeds, kept corpus and ten seconds of new input")
@pytest.mark.parametrize("target", TARGETS)
def test_a_short_run_finds_nothing(target, tmp_path):
    """No input that the target tries ends it."""
    program = ROOT / "build/fuzz" / target
    if not program.exists():
        assert not os.environ.get("CI"), "the check builds every target before it tests"
        pytest.skip("not built: ./dev fuzz --build")
    new = tmp_path / "new"
    new.mkdir()
    kept = [folder for folder in (HERE / "seeds" / target, ROOT / "build/corpus" / target) if folder.is_dir()]
    limits = ["-seed=1", "-max_total_time=10", "-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={tmp_path}/"]
    words = [f"-dict={path}" for path in [HERE / f"{target}.dict"] if path.exists()]
    done = subprocess.run(
        [program, *limits, *words, new, *kept],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
        check=False,
        preexec_fn=lambda: os.nice(10),  # beside tests that measure time
    )
    found = [base64.b64encode(path.read_bytes()).decode() for path in tmp_path.iterdir() if path.is_file()]
    assert done.returncode == 0, f"{found}\n{done.stderr[-8000:]}"
