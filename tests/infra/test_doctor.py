from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import MissingPartError
from infra.upkeep import doctor
from tests.infra.conftest import Inv
from tests.infra.test_inv import SHELL, path_with


def test_a_whole_machine_is_well(inv: Inv) -> None:
    answer = inv("doctor")
    assert answer.returncode == 0
    for subject in ("Python", "Node", "Chromium", "disk", "memory", "environment train"):
        assert subject in answer.stdout


def test_what_tasks_get_by_themselves_is_a_note(inv: Inv, tmp_path: Path) -> None:
    path = path_with(tmp_path / "bin", *SHELL)
    answer = inv("doctor", PATH=path, PLAYWRIGHT_BROWSERS_PATH=str(tmp_path))
    assert answer.returncode == 0, answer.stdout
    lines = {line[9:].split("  ")[0]: line for line in answer.stdout.splitlines()}
    # The machine's own Node isn't asked for.
    assert lines["Node"].startswith("ok")
    assert lines["Chromium"].startswith("note")
    assert "tasks that need one get one" in lines["Chromium"]


def test_a_named_browser_that_does_not_start_is_missing(inv: Inv, tmp_path: Path) -> None:
    answer = inv("doctor", DIGITLENS_TOOLS_CHROMIUM=str(tmp_path / "none"))
    assert answer.returncode == 1
    missing = [line for line in answer.stdout.splitlines() if line.startswith("missing")]
    assert [line.split()[1] for line in missing] == ["Chromium"]
    assert all("->" in line for line in missing)


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
