"""The workflows: what zizmor, actionlint and the schemas don't see."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.settings import ROOT
from tests.hosting.jobs import FOLDER, Job, read

WORKFLOWS = sorted(FOLDER.glob("workflows/*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
COMMENTED = re.compile(r"uses: [^.\s]\S+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$")
ONE_LINERS = ("./inv ", "gh pr ", "git ", ".environments/host/bin/playwright install ")


def jobs() -> Iterator[Any]:
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            yield pytest.param(job, id=f"{path.stem}-{name}")


def steps() -> Iterator[dict[str, Any]]:
    for path in WORKFLOWS:
        for job in read(path)["jobs"].values():
            yield from job["steps"]
    for path in FOLDER.glob("actions/*/action.yml"):
        yield from read(path)["runs"]["steps"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_nothing_by_itself_and_does_not_run_twice_at_once(path: Path) -> None:
    content = read(path)
    assert content["permissions"] == {}
    assert content["concurrency"]["group"]
    # It would run a stranger's code with our rights.
    assert "pull_request_target" not in content["on"]


@pytest.mark.parametrize("job", list(jobs()))
def test_a_job_ends_and_says_what_it_may(job: Job) -> None:
    assert 0 < int(job["timeout-minutes"]) <= (1440 if "gpu" in job["runs-on"] else 90)
    assert set(job["permissions"]) <= {"contents", "id-token", "pull-requests"}
    pushes = any(step.get("run", "").startswith("git ") for step in job["steps"])
    assert job["permissions"]["contents"] == ("write" if pushes else "read")
    # Who has a token for Google is held back by an environment, and changes nothing here.
    assert ("environment" in job) == ("id-token" in job["permissions"])
    assert not (pushes and "id-token" in job["permissions"])


def test_what_is_run_is_a_task_or_one_line_without_anybodys_text() -> None:
    for step in steps():
        if "run" in step:
            assert "\n" not in step["run"].strip()
            assert step["run"].startswith(ONE_LINERS), step["run"]
            assert "${{" not in step["run"], step["run"]


def test_what_is_used_is_pinned_and_keeps_no_credentials() -> None:
    for step in steps():
        if "uses" not in step or step["uses"].startswith("./"):
            continue
        assert PINNED.fullmatch(step["uses"]), step["uses"]
        if step["uses"].startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] == "false"
    for path in FOLDER.rglob("*.yml"):
        for line in path.read_text("utf-8").splitlines():
            if "uses:" in line and "./" not in line:
                assert COMMENTED.search(line), f"{path.name}: {line}"


def test_every_task_that_is_called_exists_with_its_flags() -> None:
    called: dict[str, set[str]] = {}
    for step in steps():
        found = re.match(r"\./inv ([a-z.]+)(.*)", step.get("run", ""))
        if found:
            called.setdefault(found[1], set()).update(re.findall(r"--[a-z-]+", found[2]))
    for task, flags in called.items():
        words = [str(ROOT / "inv"), "--help", task]
        explained = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        for flag in flags:
            assert re.search(rf"{flag}(?![a-z-])", explained), f"{task} has no {flag}"


def test_dependencies_rest_a_week_before_they_are_taken() -> None:
    for update in read(FOLDER / "dependabot.yml")["updates"]:
        assert int(update["cooldown"]["default-days"]) >= 7
