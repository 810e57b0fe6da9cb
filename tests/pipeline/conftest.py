from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place of the test's own."""
    return Place(tmp_path)
