"""`./inv deploy.setup` and `deploy.doctor` as they are typed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.hosting.setup import cloud
from tests.hosting.setup.cloud import PROJECT, REPOSITORY, Cloud


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """What is there; `gcloud` and `gh` on the path work on it."""
    return cloud.install(tmp_path / "bin", Cloud())


def inv(state: Path, google: dict[str, str], *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **google, "PATH": f"{state.parent}:{os.environ['PATH']}", **variables}
    command = [str(ROOT / "inv"), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT)


def test_it_is_made_examined_and_taken_away(state: Path, google: dict[str, str]) -> None:
    # The project is the one of the settings.
    place = ("--repository", REPOSITORY)
    lacking = inv(state, google, "deploy.doctor", *place)
    assert lacking.returncode == 1
    assert f"missing   account digitlens-deploy{' ' * 5}" in lacking.stdout
    assert "gcloud iam service-accounts create digitlens-deploy" in lacking.stdout
    made = inv(state, google, "deploy.setup", *place)
    assert made.returncode == 0, made.stderr
    assert f"gh variable set FIREBASE_PROJECT --repo {REPOSITORY} --body {PROJECT}" in made.stderr
    well = inv(state, google, "deploy.doctor", *place)
    assert (well.returncode, {line.split()[0] for line in well.stdout.splitlines()}) == (0, {"ok"})
    gone = inv(state, google, "deploy.setup", *place, "--remove")
    assert gone.returncode == 0, gone.stderr
    there = cloud.load(state)
    assert (there.accounts, there.environments, there.variables, there.violations) == ({}, {}, {}, [])


def test_where_nobody_can_be_asked_a_dry_run_has_all_commands(state: Path, google: dict[str, str]) -> None:
    (state.parent / "gh").write_text("#!/bin/sh\necho 'please run: gh auth login' >&2\nexit 4\n")
    said = inv(state, google, "deploy.setup", "--repository", REPOSITORY, "--dry-run")
    assert said.returncode == 0
    assert said.stdout.startswith(f"NUMBER=$(gcloud projects describe {PROJECT}")
    assert "`gh auth login`" in said.stderr
    real = inv(state, google, "deploy.setup", "--repository", REPOSITORY)
    assert real.returncode == 1
    assert real.stderr.endswith("\nerror: nobody is logged in at gh: `gh auth login`\n")
    # The Firebase client has a login of its own.
    nobody = inv(
        cloud.install(state.parent / "again", Cloud()),
        {**google, "GOOGLE_APPLICATION_CREDENTIALS": str(state.parent / "nowhere.json")},
        *("deploy.setup", "--repository", REPOSITORY, "--dry-run"),
    )
    assert nobody.stdout == said.stdout
    assert "gcloud auth application-default login" in nobody.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--project", "My_Project", "--repository", "o/n"), "--project: 'My_Project' is no project's ID"),
        (("--repository", "https://github.com/o/n"), "isn't OWNER/NAME"),
        (("--repository", "o/n;id"), "isn't OWNER/NAME"),
        (("--repository", "-o/n"), "isn't OWNER/NAME"),
    ],
)
@pytest.mark.parametrize("task", ["deploy.setup", "deploy.doctor"])
def test_bad_usage_is_one_message_and_exit_code_2(
    state: Path, google: dict[str, str], task: str, words: tuple[str, ...], says: str
) -> None:
    done = inv(state, google, task, *words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert says in done.stderr
