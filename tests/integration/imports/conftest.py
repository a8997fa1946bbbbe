"""What the tests of imports ask for."""

import pytest

from support.uploads import Upload
from support.voterfiles import as_csv


@pytest.fixture
def target(make_campaign):
    """A campaign for one test."""
    return make_campaign()


@pytest.fixture
def upload(admin, target):
    """upload(rows or bytes, …) → the finished import."""

    def run(content, **options):
        content = content if isinstance(content, bytes) else as_csv(content).encode()
        return Upload(admin, target).send(content, **options).finished()

    return run
