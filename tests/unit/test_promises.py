"""docs/promises.md tells what the markers say."""

import pytest

from support import promises


def write(folder, text):
    tests = folder / "tests"
    tests.mkdir()
    (tests / "test_one.py").write_text(text, encoding="utf-8")
    return tests


def test_page_names_the_test_that_keeps_a_promise(tmp_path):
    """A kept promise shows its test, the others say "not yet"."""
    tests = write(
        tmp_path, 'import pytest\n@pytest.mark.promise("P6", "another body is refused")\ndef test_it(): pass\n'
    )
    rows = {line.split(" | ")[0]: line for line in promises.page(tests).splitlines() if line.startswith("| P")}
    assert rows["| P6"].endswith("another body is refused (`tests/test_one.py::test_it`) |")
    assert rows["| P5"].endswith("| not yet |")


def test_unknown_number_is_refused(tmp_path):
    """A marker with a number that nobody promised fails."""
    tests = write(tmp_path, 'import pytest\n@pytest.mark.promise("P99", "x")\ndef test_it(): pass\n')
    with pytest.raises(ValueError, match="P99"):
        promises.page(tests)
