"""`./inv deploy.setup` and `deploy.doctor` as they are typed."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import asdict
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


def test_it_is_made_and_examined_and_says_how_it_would_go(state: Path, google: dict[str, str]) -> None:
    # The project is the one of the settings.
    place = ("--repository", REPOSITORY)
    made = inv(state, google, "deploy.setup", *place)
    assert made.returncode == 0, made.stderr
    assert f"gh variable set FIREBASE_PROJECT --repo {REPOSITORY} --body {PROJECT}" in made.stderr
    assert made.stdout == "nothing is left to do by hand\n"
    there = cloud.load(state)
    assert there.violations == []
    there.accounts.clear()
    state.write_text(json.dumps(asdict(there)), "utf-8")
    lacking = inv(state, google, "deploy.doctor", *place)
    assert lacking.returncode == 1
    assert {line[:8].strip() for line in lacking.stdout.splitlines()} == {"ok", "missing", ""}
    assert re.search(r"^missing   account digitlens-deploy +missing$", lacking.stdout, re.MULTILINE)
    assert f"\n{' ' * 10}gcloud iam service-accounts create digitlens-deploy" in lacking.stdout
    gone = inv(state, google, "deploy.setup", *place, "--remove", "--dry-run")
    assert gone.stdout.endswith(f"\ngh variable delete DEPLOY_SETUP --repo {REPOSITORY}\n")


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
