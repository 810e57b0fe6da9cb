"""What a job at GitHub is told goes into the files that its runner names, a line each."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.hosting import actions


def test_outputs_and_summaries_are_added_to_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (actions.OUTPUT, actions.SUMMARY):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    actions.output(address="https://a", version="1")
    # What is told can't tell more.
    actions.output(message="a\nversion=2\r\nb")
    actions.summarize("# One")
    actions.summarize("# Two")
    assert (tmp_path / actions.OUTPUT).read_text() == "address=https://a\nversion=1\nmessage=a version=2 b\n"
    assert (tmp_path / actions.SUMMARY).read_text() == "# One\n# Two\n"


def test_elsewhere_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in (actions.OUTPUT, actions.SUMMARY):
        monkeypatch.setenv(variable, "")
    actions.output(address="https://a")
    actions.summarize("# One")
    assert list(tmp_path.iterdir()) == []
