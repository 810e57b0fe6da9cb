from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from infra.errors import MissingPartError
from infra.upkeep import doctor
from tests.infra.conftest import Inv
from tests.infra.test_inv import SHELL, path_with


def test_a_whole_machine_is_well(inv: Inv) -> None:
    answer = inv("doctor")
    assert answer.returncode == 0
    for subject in ("Python", "Node", "npm", "Chromium", "disk", "memory", "environment train"):
        assert subject in answer.stdout


def test_everything_missing_is_said_at_once_with_its_remedy(inv: Inv, tmp_path: Path) -> None:
    path = path_with(tmp_path / "bin", *SHELL)
    answer = inv("doctor", PATH=path, PLAYWRIGHT_BROWSERS_PATH=str(tmp_path))
    assert answer.returncode == 1
    missing = [line for line in answer.stdout.splitlines() if line.startswith("missing")]
    assert [line.split()[1] for line in missing] == ["Node", "npm", "Chromium"]
    assert all("->" in line for line in missing)


def test_an_old_node_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v18.19.1\n", "utf-8")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{Path(shutil.which('sh') or '').parent}")
    assert doctor.node().found == "v18.19.1"
    assert "install Node 20" in doctor.node().remedy


def test_work_is_refused_with_all_that_is_missing() -> None:
    parts = [
        lambda: doctor.Finding("wheel", "missing", "buy one"),
        lambda: doctor.Finding("bell", "missing", "borrow one"),
        lambda: doctor.Finding("lamp", "weak", "charge it", needed=False),
        lambda: doctor.Finding("chain", "ok"),
    ]
    with pytest.raises(MissingPartError) as caught:
        doctor.require(*parts)
    assert "wheel (missing): buy one" in str(caught.value)
    assert "bell (missing): borrow one" in str(caught.value)
    assert "lamp" not in str(caught.value)
