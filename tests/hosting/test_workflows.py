"""The workflows: what zizmor and the schemas don't see, and their jobs run as far as a machine without GitHub can."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.settings import ROOT
from tests.conftest import Place
from tests.hosting import google
from tests.hosting.certificate import Certificate
from tests.hosting.conftest import Deployer
from tests.hosting.test_chromium import SHARED, browser

FOLDER = ROOT / ".github"
WORKFLOWS = sorted(FOLDER.glob("workflows/*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
COMMENTED = re.compile(r"uses: [^.\s]\S+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$")
ONE_LINERS = ("./inv ", "gh pr comment ")
REFERENCES = Path(__file__).with_name("references")

Job = dict[str, Any]


def read(path: Path) -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as true.
    content: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)
    return content


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
    assert job["permissions"]["contents"] == "read"
    # Who has a token for Google is held back by an environment.
    assert ("environment" in job) == ("id-token" in job["permissions"])


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


class Runner:
    """Runs the ``run:`` steps of a job as GitHub would: in order, in bash, with the job's environment."""

    def __init__(self, deployer: Deployer, folder: Path) -> None:
        self.deployer = deployer
        self.temporary = folder
        self.temporary.mkdir()
        self.comment = ""

    def job(self, workflow: str, job: str, **values: str) -> None:
        """Run a job; ``values`` are what GitHub puts in for its expressions."""
        content = read(FOLDER / "workflows" / f"{workflow}.yml")["jobs"][job]
        for step in content["steps"]:
            if "run" not in step or "pipeline" in step["run"]:
                continue  # the pipeline's result is there already
            variables = {**content.get("env", {}), **step.get("env", {})}
            self._step(step["run"], {name: self._expression(text, values) for name, text in variables.items()})

    def _expression(self, text: str, values: dict[str, str]) -> str:
        known = {"vars.FIREBASE_PROJECT": google.PROJECT, "github.token": "token", "github.repository": "o/r", **values}
        return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: known[found[1]], text)

    def _step(self, command: str, variables: dict[str, str]) -> None:
        if command.startswith("gh "):
            self.comment = (self.temporary / "comment.md").read_text("utf-8")
            return
        environment = {**os.environ, **self.deployer.environment, "RUNNER_TEMP": str(self.temporary), **variables}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
            cwd=self.deployer.checkout,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stderr}"


def test_the_jobs_deploy_comment_promote_roll_back_and_clean_up(
    deployer: Deployer, certificate: Certificate, small_run: Path, small_place: Place
) -> None:
    standin = deployer.standin
    run = deployer.folder / "runs" / "digits-synthetic"
    shutil.rmtree(run)
    run.mkdir()
    for name in SHARED:
        (run / name).symlink_to(small_run / name)
    shutil.copy(small_run / "run.json", run)
    shutil.copytree(small_run / "smoke", run / "smoke")
    shutil.rmtree(deployer.dist)
    shutil.copytree(small_place.site, deployer.dist)
    deployer.environment["DIGITLENS_TOOLS_CHROMIUM"] = browser(deployer.folder, certificate)
    runner = Runner(deployer, deployer.folder / "temporary")

    runner.job("preview", "deploy", **{"github.event.number": "7"})
    assert standin.serve("live") == {}
    assert masked(runner.comment) == (REFERENCES / "comment.md").read_text("utf-8")
    runner.job("deploy", "deploy")
    assert standin.serve("live") == standin.serve("preview-main") == standin.serve("pr-7")
    first, other = standin.version_of("live"), standin.version_of("pr-7")
    assert first != other
    runner.job("rollback", "rollback", **{"inputs.version": other})
    assert standin.version_of("live") == other
    runner.job("rollback", "rollback", **{"inputs.version": ""})
    assert standin.version_of("live") == first
    runner.job("cleanup", "prune", **{"github.event.number": "7"})
    assert sorted(standin.channels) == ["live", "preview-main"]


def masked(comment: str) -> str:
    """Without what is another in each run."""
    for pattern, word in (
        (r"https://127\.0\.0\.1:\d+", "ADDRESS"),
        (r"`[0-9a-f]{16}`", "`VERSION`"),
        (r"`[0-9a-f]{12}(-dirty)?`", "`COMMIT`"),
        (r"20\d\d-\d\d-\d\dT[\d:.]+Z", "TIME"),
        (r"\d+\.\d%", "N%"),
        (r"\| \d[\d,]* \|", "| N |"),
    ):
        comment = re.sub(pattern, word, comment)
    return comment
