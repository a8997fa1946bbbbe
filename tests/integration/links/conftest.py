"""What the tests of one-time links share."""

import pytest

from support.links import SITE


@pytest.fixture(scope="module")
def environment():
    """Links stand under a site of its own."""
    return {"PUBLIC_URL": f"{SITE}/"}
