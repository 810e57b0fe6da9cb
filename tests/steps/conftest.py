from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import TINY, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place of the test's own."""
    return Place(tmp_path)


@pytest.fixture
def data(small_run: Path) -> list[str]:
    """Flags for the photos of the small run."""
    photos = small_run / "photos"
    return [
        *("--images", str(photos / "images")),
        *("--annotations", str(photos / "annotations.csv")),
        *("--config", str(TINY)),
    ]
