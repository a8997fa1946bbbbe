"""What the tests of one-time links share."""

import pytest

from support.links import linking


@pytest.fixture(scope="module")
def server(database):
    """In place of every test's server: one that writes its links under a site of its own."""
    server = linking(database)
    try:
        yield server.start()
    finally:
        server.close()
