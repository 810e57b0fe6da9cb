"""When the smoke test is made again, and what it vouches for. That the page passes it is tested in tests/pipeline."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra import fingerprints
from infra.execution import processes
from infra.page import site, smoke
from infra.runs.run import Run

RULES = {"headers": [{"source": "**", "headers": [{"key": "Cache-Control", "value": "no-cache"}]}]}


@pytest.fixture
def tests(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The commands of the tests that were made: each passes, and takes no time."""
    made: list[Sequence[str]] = []

    def run(_: str, command: Sequence[str], *, cwd: Path) -> None:
        made.append(command)
        report = Path(command[command.index("--junitxml") + 1])
        report.write_text('<testsuite><testcase name="it" /></testsuite>', "utf-8")

    monkeypatch.setattr(processes, "run", run)
    return made


def test_other_headers_or_other_files_are_tested_again_and_another_commit_is_not(
    tests: list[Sequence[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, folder = Run(tmp_path / "run"), tmp_path / "site"
    run.predictions.mkdir(parents=True)
    (run.predictions / "predictions.jsonl").write_text("", "utf-8")
    folder.mkdir()
    (folder / "index.html").write_text("1", "utf-8")
    smoke.perform(run, tmp_path, str(folder))
    for name in (fingerprints.STAMP, site.ORIGIN):
        (folder / name).write_text("{}", "utf-8")
    smoke.perform(run, tmp_path, str(folder))
    assert len(tests) == 1
    (folder / "index.html").write_text("2", "utf-8")
    smoke.perform(run, tmp_path, str(folder))
    assert len(tests) == 2
    monkeypatch.setattr(site, "rules", lambda: RULES)
    smoke.perform(run, tmp_path, str(folder))
    assert len(tests) == 3
    assert json.loads((run.smoke / "smoke.json").read_text("utf-8"))["rules"] == fingerprints.of_values(RULES)
