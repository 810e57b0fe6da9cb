"""The comment under a pull request: one of ours, whatever else is said there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.errors import CommandError, MissingPartError
from infra.hosting import pull_requests
from tests.hosting import gh

MARKED = f"{pull_requests.MARK}\nof an earlier push\n"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What GitHub knows; `gh` on the path works on it."""
    environment = {**gh.install(tmp_path / "bin"), "GH_TOKEN": gh.TOKEN, "GH_REPO": "o/r"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Path(environment["GH_STATE"])


def said(state: Path) -> dict[int, str]:
    return {one["id"]: one["body"] for one in json.loads(state.read_text())}


def test_a_second_push_changes_the_comment_of_the_first(state: Path) -> None:
    first = pull_requests.post("7", "first | words")
    assert pull_requests.post("7", "second") == first
    assert said(state) == {101: f"{pull_requests.MARK}\nsecond\n"}


def test_what_others_wrote_and_what_we_wrote_otherwise_stays(state: Path) -> None:
    others: list[dict[str, Any]] = [
        {"id": 1, "ours": False, "body": MARKED},
        {"id": 2, "ours": True, "body": MARKED},
        {"id": 3, "ours": True, "body": "coverage fell"},
        {"id": 4, "ours": False, "body": "nice"},
    ]
    state.write_text(json.dumps(others))
    pull_requests.post("7", "now")
    assert said(state) == {1: MARKED, 2: f"{pull_requests.MARK}\nnow\n", 3: "coverage fell", 4: "nice"}


def test_a_refusal_shows_what_gh_said(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "another")
    with pytest.raises(CommandError, match=r"(?s)gh ended with exit code 1.*gh pr view 7.*401: Bad credentials"):
        pull_requests.post("7", "now")
    assert said(state) == {}


def test_without_gh_it_says_so(state: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingPartError, match="there is no gh"):
        pull_requests.post("7", "now")


def test_the_stand_in_understands_what_is_asked() -> None:
    assert pull_requests.OURS == gh.OURS
