"""docs/deploying.md: its commands by hand are those of a set-up, work where they are typed, and gcloud knows them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.hosting.setup import conditions, installation, programs
from infra.hosting.setup.place import Place
from tests.conftest import ROOT
from tests.hosting.setup import cloud, helpers
from tests.hosting.setup.cloud import PROJECT, REPOSITORY, Cloud

GUIDE = ROOT / "docs" / "deploying.md"
BY_HAND = re.compile(r"(?<=<!-- by hand -->\n)```sh\n(.*?)```(?=\n<!-- end -->)", re.DOTALL)
AWAY = re.compile(r"And away with it.*?```sh\n(.*?)```", re.DOTALL)
THEIRS = "my-project", "owner/name"


def printed() -> str:
    project, repository = THEIRS
    place = Place(project, project, repository, models=True)
    asked = programs.Reader(place.target, repository, is_blind=True)
    return "\n".join(installation.plan(asked, place)) + "\n"


def test_the_commands_by_hand_are_those_of_a_set_up() -> None:
    text = GUIDE.read_text("utf-8")
    if os.environ.get("WRITE_REFERENCES"):
        block = f"<!-- by hand -->\n```sh\n{printed()}```\n<!-- end -->"
        GUIDE.write_text(re.sub(r"<!-- by hand -->.*?<!-- end -->", lambda _: block, text, flags=re.DOTALL), "utf-8")
        return
    found = BY_HAND.search(text)
    assert found
    assert found[1] == printed(), "WRITE_REFERENCES=1 ./inv test --only hosting -k by_hand writes them again"


def typed(folder: Path, pattern: re.Pattern[str]) -> None:
    """Type a block of the guide, with the stand-ins' names, where the client only notes what it was told."""
    client = folder / "infra" / "hosting" / "client" / "node_modules" / ".bin" / "firebase"
    client.parent.mkdir(parents=True, exist_ok=True)
    client.write_text('#!/bin/sh\necho "$@" >> firebase.log\n')
    client.chmod(0o755)
    block = pattern.search(GUIDE.read_text("utf-8"))
    assert block
    script = block[1].replace(THEIRS[0], PROJECT).replace(THEIRS[1], REPOSITORY)
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_typed_by_hand_they_leave_nothing_to_do_and_go_again(
    there: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = cloud.install(tmp_path / "bin", there)
    typed(tmp_path, BY_HAND)
    made = cloud.load(state)
    assert made.violations == []
    monkeypatch.setattr(there, "run", made.run)
    assert helpers.faults(models=True) == {}
    assert helpers.make(models=True) == []
    typed(tmp_path, AWAY)
    gone = cloud.load(state)
    assert gone.violations == []
    assert (gone.accounts, gone.policy, gone.environments, gone.variables, gone.buckets) == ({}, [], {}, {}, {})
    assert {one["state"] for one in gone.pools.values()} == {"DELETED"}
    told = (tmp_path / "firebase.log").read_text("utf-8").splitlines()
    assert [line.split()[0] for line in told] == ["projects:addfirebase", "hosting:sites:create", "hosting:disable"]


@pytest.mark.skipif(not shutil.which("gcloud"), reason="gcloud isn't installed: its parser can't be asked")
def test_gcloud_knows_the_words(there: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of a set-up, of its removal and of its looks, read by gcloud's own parser, which asks nobody."""
    asked: list[str] = []
    run = there.run

    def noted(words: list[str]) -> tuple[int, str]:
        asked.append(" ".join(map(plain, words)))
        return run(words)

    monkeypatch.setattr(there, "run", noted)
    helpers.make(models=True)
    helpers.remove()
    reader = helpers.reader()
    known = conditions.known(reader, helpers.place(models=True))
    for one in installation.resources(known):
        asked += [" ".join(map(plain, words)) for fault in one.look(reader) for words in one.commands(fault)]
    lines = sorted({line for line in asked if line.startswith("gcloud ")})
    assert len(lines) > 25
    file = tmp_path / "commands"
    file.write_text("".join(f"```\n{line}\n```\n" for line in lines), "utf-8")
    done = subprocess.run(
        ["gcloud", "meta", "lint-gcloud-commands", "--commands-text-file", str(file)],
        env={**os.environ, "CLOUDSDK_CONFIG": str(tmp_path / "gcloud")},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert len(found) == len(lines)
    assert [one["error_message"] for one in found if not one["success"]] == []


def plain(word: str) -> str:
    """Values that its linter can't split: it knows nothing of quotes."""
    return re.sub(r"\s|[\"']", "", word)
