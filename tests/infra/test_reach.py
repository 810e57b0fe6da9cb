"""A change runs what it can reach, never less."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.settings import ROOT
from infra.upkeep import reach, suites
from infra.upkeep.suites import Tally

FOLDERS = {suite.name: suite.folders for suite in suites.SUITES}


def reached(*changed: str) -> dict[str, tuple[str, ...]]:
    return {one.suite: one.files for one in reach.of(changed, FOLDERS)}


@pytest.mark.parametrize(
    ("changed", "runs", "leaves"),
    [
        ("infra/git.py", {"unit": "test_git", "hosting": "test_tasks", "browser": "", "pipeline": ""}, {"training"}),
        ("infra/upkeep/reach.py", {"unit": "test_reach"}, {"training", "conversion", "frontend"}),
        ("training/data/photos.py", {"training": "test_records", "browser": "", "pipeline": ""}, {"conversion"}),
        ("conversion/gate.py", {"conversion": "test_gate", "browser": "", "pipeline": ""}, {"training", "frontend"}),
        ("tests/infra/test_git.py", {"unit": "test_git"}, {"training", "browser", "hosting", "images"}),
        ("tests/hosting/google.py", {"hosting": "test_faults"}, {"unit", "browser"}),
        ("tests/hosting/conftest.py", {"hosting": ""}, {"browser"}),
        ("frontend/app/src/styles.css", {"frontend": "", "browser": "", "pipeline": ""}, {"training"}),
        ("docs/deploying.md", {"unit": "", "hosting": ""}, {"training", "browser", "pipeline"}),
        ("docker/train.Dockerfile", {"images": ""}, {"training", "hosting"}),
        ("requirements/host.txt", dict.fromkeys(FOLDERS, ""), set()),
        ("a/file/that/nobody/knows", dict.fromkeys(FOLDERS, ""), set()),
        ("infra/a_module_that_went.py", dict.fromkeys(FOLDERS, ""), set()),
        ("tests/conftest.py", dict.fromkeys(FOLDERS, ""), set()),
    ],
)
def test_a_change_runs_what_it_can_reach(changed: str, runs: dict[str, str], leaves: set[str]) -> None:
    found = reached(changed)
    for suite, word in runs.items():
        assert suite in found, found.keys()
        # No names: the whole suite.
        assert not found[suite] or any(word in file for file in found[suite]), suite
    assert not leaves & found.keys()


def test_no_change_runs_nothing() -> None:
    assert reached() == {}


def test_every_test_reaches_itself() -> None:
    for suite, folders in FOLDERS.items():
        if suite != "frontend":
            for path in (path for folder in folders for path in (ROOT / folder).rglob("test_*.py")):
                name = path.relative_to(ROOT).as_posix()
                assert name in reached(name)[suite]


def test_the_slowest_are_named() -> None:
    tally = Tally(seconds={f"tests.a::{number}": float(number) for number in range(20)})
    lines = tally.slowest()
    assert len(lines) == 11
    assert lines[1].split() == ["19.0", "s", "tests.a::19"]
    assert Tally(seconds={"quick": 0.2}).slowest() == []


def test_what_failed_is_named_at_the_end(tmp_path: Path) -> None:
    report = tmp_path / "unit.xml"
    report.write_text(
        '<testsuite><testcase classname="tests.a" name="well" time="0.1"/>'
        '<testcase classname="tests.a" name="wrong" time="0.2"><failure message="assert 1 == 2&#10;more">text</failure>'
        "</testcase></testsuite>",
        "utf-8",
    )
    tally = Tally()
    suites.count(report, tally)
    assert str(tally) == "1 passed, 1 failed, 0 skipped"
    assert tally.why() == ["what failed:", "  tests.a::wrong: assert 1 == 2"]
    assert Tally().why() == []


def test_a_file_of_a_wing_below_is_found_through_its_importers(tmp_path: Path) -> None:
    for name, text in (
        ("tests/infra/test_one.py", "from infra.top import a\n"),
        ("tests/infra/test_two.py", "import os\n"),
        ("infra/top.py", "from infra.deep.leaf import a\n"),
        ("infra/deep/leaf.py", "a = 1\n"),
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    found = reach.of(["infra/deep/leaf.py"], {"unit": ("tests/infra",)}, tmp_path)
    assert [one.files for one in found] == [("tests/infra/test_one.py",)]
