"""What git says of a copy of this repository, wherever that lies."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from infra import git
from infra.errors import UsageError

PERSON = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main")


def run(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *PERSON, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def copy(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / git.WITNESS).write_text("#!/bin/sh\n", "utf-8")
    return folder


def committed(folder: Path) -> Path:
    copy(folder)
    run(folder, "init", "-q")
    run(folder, "add", ".")
    run(folder, "commit", "-qm", "Begin (#1)")
    return folder


def unpacked(place: Path) -> Path:
    return copy(place / "copy")


def empty(place: Path) -> Path:
    run(copy(place / "copy"), "init", "-q")
    return place / "copy"


def staged(place: Path) -> Path:
    run(empty(place), "add", ".")
    return place / "copy"


def ignored(place: Path) -> Path:
    outer = committed(place / "outer")
    (outer / ".gitignore").write_text("vendor/\n", "utf-8")
    return copy(outer / "vendor" / "copy")


def dotfiles(place: Path) -> Path:
    outer = committed(place / "home")
    return copy(outer / "copy")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (unpacked, "is in no git repository"),
        (empty, "tracks nothing yet"),
        (staged, "has no commit yet"),
        (ignored, "outer, which doesn't track it"),
        (dotfiles, "home, which doesn't track it"),
    ],
)
def test_another_or_no_history_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], Path], words: str
) -> None:
    monkeypatch.setattr(git, "ROOT", make(tmp_path))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert words in git.trouble()
    assert git.commit() is None
    assert git.is_dirty()
    assert (git.describe(), git.address()) == ("", "")
    with pytest.raises(UsageError, match="can't be read"):
        git.subjects()


def test_a_clone_is_what_its_commit_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = committed(tmp_path / "copy")
    monkeypatch.setattr(git, "ROOT", folder)
    assert git.trouble() == ""
    assert git.commit() == run(folder, "rev-parse", "HEAD")
    assert not git.is_dirty()
    assert git.subjects() == "Begin (#1)\n"
    (folder / "new").touch()
    assert git.is_dirty()
    assert git.describe("--abbrev=12").endswith("-dirty")


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"])
def test_variables_of_a_hook_of_another_repository_are_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    other = committed(tmp_path / "other")
    folder = committed(tmp_path / "copy")
    (folder / "second").touch()
    run(folder, "add", ".")
    run(folder, "commit", "-qm", "Second")
    expected = run(folder, "rev-parse", "HEAD")
    monkeypatch.setattr(git, "ROOT", folder)
    monkeypatch.setenv(variable, str(other / ".git" / ("index" if variable.endswith("FILE") else "")))
    assert git.commit() == expected
    assert not git.is_dirty()


def test_strangers_files_in_a_repository_of_many_projects_are_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = committed(tmp_path / "whole")
    folder = copy(whole / "digitlens")
    run(whole, "add", ".")
    run(whole, "commit", "-qm", "Ours")
    (whole / "stranger").touch()
    monkeypatch.setattr(git, "ROOT", folder)
    assert not git.is_dirty()
    (folder / "ours").touch()
    assert git.is_dirty()


def test_a_history_that_is_cut_off_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = committed(tmp_path / "whole")
    run(whole, "commit", "-qm", "More (#2)", "--allow-empty")
    run(tmp_path, "clone", "-q", "--depth", "1", f"file://{whole}", "cut")
    monkeypatch.setattr(git, "ROOT", tmp_path / "cut")
    assert git.commit() == run(whole, "rev-parse", "HEAD")
    with pytest.raises(UsageError, match=r"shallow clone.*fetch-depth: 0"):
        git.subjects()


def test_a_foreign_owner_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    folder = committed(tmp_path / "copy")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 12345, 12345)
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "nobody"))
    monkeypatch.setattr(git, "ROOT", folder)
    if run_status(folder):
        pytest.skip("this machine trusts every folder")
    assert "belongs to another user" in git.trouble()
    assert git.is_dirty()


def run_status(folder: Path) -> bool:
    return subprocess.run(["git", "status"], cwd=folder, capture_output=True, check=False).returncode == 0


def test_without_git_there_is_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "ROOT", copy(tmp_path / "copy"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git isn't installed" in git.trouble()
    assert git.commit() is None
    with pytest.raises(UsageError, match="apt-get install -y git"):
        git.subjects()
