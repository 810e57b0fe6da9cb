"""Benchmarks compare a site with the library that it was built of."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def _alone(undisturbed: None) -> None:
    """It stays as it was built."""
