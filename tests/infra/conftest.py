from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.settings import ROOT

Inv = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def inv(tmp_path: Path) -> Inv:
    """`./inv` with runs and site in a temporary folder; keywords are laid over the environment."""

    def call(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        own = {
            "DIGITLENS_PATHS_RUNS": str(tmp_path),
            "DIGITLENS_PATHS_SITE": str(tmp_path / "site"),
            "DIGITLENS_EXECUTION_ON": "local",
        }
        return subprocess.run(
            [str(ROOT / "inv"), *arguments],
            cwd=ROOT,
            env={**os.environ, **own, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return call
