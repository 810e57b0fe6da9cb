"""A set-up is made once, changes nothing the second time, and goes as it came."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from infra import settings as infra_settings
from infra.errors import RefusedError, ServiceError
from infra.hosting.setup import conditions, installation, programs
from infra.hosting.setup.place import RECORD
from tests.hosting.google import Google
from tests.hosting.setup import cloud
from tests.hosting.setup.cloud import Cloud
from tests.hosting.setup.helpers import BUCKET, EMAIL, faults, make, place, reader, remove, state


@pytest.mark.parametrize("models", [False, True], ids=["hosting", "with models"])
def test_it_is_made_once_and_goes_as_it_came(there: Cloud, models: bool) -> None:
    before = state(there)
    assert make(models=models) == []
    assert faults(models=models) == {}
    made = state(there)
    there.ran.clear()
    assert make(models=models) == []
    assert there.ran == []
    assert state(there) == made
    remove()
    after = state(there)
    # Google keeps names of pools and providers for thirty days, and APIs stay on.
    assert {one["state"] for one in (*after["pools"].values(), *after["providers"].values())} == {"DELETED"}
    assert {**after, "apis": [], "pools": {}, "providers": {}} == before | (
        {} if not models else {"policies": after["policies"]}
    )


def test_removed_and_made_again_within_thirty_days(there: Cloud) -> None:
    make()
    first = state(there)
    remove()
    assert make() == []
    assert faults() == {}
    assert {**state(there), "variables": {}} == {**first, "variables": {}}


def interrupt(found: Cloud, number: int) -> None:
    """Refuse the command that changes something for the ``number``-th time."""
    run, left = found._gcloud, [number]

    def _counted(words: list[str], run: Callable[[list[str]], Any]) -> Any:
        before = state(found) if left[0] == 0 else {}
        answer = run(words)
        if answer is None:
            left[0] -= 1
            if left[0] < 0:
                left[0] = 10**6
                for name, value in before.items():
                    setattr(found, name, value)
                raise cloud.Refused("ERROR: (gcloud) INTERNAL words of nobody")
        return answer

    gh = found._gh
    found._gcloud = lambda words: _counted(words, run)  # type: ignore[method-assign]
    found._gh = lambda words: _counted(words, gh)  # type: ignore[method-assign]


def test_wherever_it_breaks_off_the_next_one_finishes_and_knows_what_was_made(
    there: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for question in ("has_firebase", "has_site"):  # which takes a token each time
        monkeypatch.setattr(programs.Reader, question, lambda _: True)
    make(models=True)
    commands, whole = len(there.ran), state(there)
    for number in range(commands):
        fresh = Cloud(pools={}, workflows=there.workflows)
        for name, value in asdict(fresh).items():
            setattr(there, name, value)
        interrupt(there, number)
        with pytest.raises(ServiceError, match="words of nobody"):
            make(models=True)
        assert make(models=True) == []
        assert state(there) == whole, number


def test_what_was_there_before_stays(there: Cloud) -> None:
    there.environments = {"preview": {"branches": [], "rules": {"wait_timer": 5}}}
    there.accounts[EMAIL] = {"keys": []}
    there.policies[EMAIL] = []
    make()
    remove()
    assert there.environments == {"preview": {"branches": [], "rules": {"wait_timer": 5}}}
    assert there.accounts == {EMAIL: {"keys": []}}
    assert (there.policy, there.policies[EMAIL]) == ([], [])


def test_model_versions_are_never_taken_away(there: Cloud) -> None:
    make(models=True)
    there.buckets[BUCKET]["objects"] = 1
    asked = reader()
    with pytest.raises(
        RefusedError, match=r"not all of it(.|\n)*gcloud storage rm --recursive gs://test-project-models"
    ):
        installation.remove(asked, conditions.known(asked, place()), dry_run=False)
    assert there.variables == {RECORD: "bucket"}
    assert there.accounts == {}
    del there.buckets[BUCKET]["objects"]
    asked = reader()
    installation.remove(asked, conditions.known(asked, place(models=True)), dry_run=False)
    assert (there.buckets, there.variables) == ({}, {})


def test_what_no_setup_made_is_not_removed(there: Cloud) -> None:
    make()
    del there.variables[RECORD]
    before, asked = state(there), reader()
    with pytest.raises(RefusedError, match=RECORD):
        installation.remove(asked, conditions.known(asked, place()), dry_run=False)
    assert state(there) == before


def typed(lines: list[str]) -> list[str]:
    """What a shell makes of ``lines``."""
    return [" ".join(shlex.split(line.replace("\\\n", ""))) for line in lines]


def test_a_dry_run_prints_what_would_be_run_and_runs_nothing(there: Cloud) -> None:
    asked = reader()
    known = conditions.known(asked, place(models=True))
    said = installation.plan(asked, known)
    assert there.ran == []
    installation.make(asked, known)
    assert typed(said) == there.ran
    removing = installation.remove(reader(), known, dry_run=True)
    there.ran.clear()
    installation.remove(reader(), known, dry_run=False)
    assert typed(removing) == there.ran


@pytest.mark.parametrize("has_terms", [True, False], ids=["terms accepted", "not accepted"])
def test_a_project_that_is_not_firebases_becomes_one(there: Cloud, standin: Google, has_terms: bool) -> None:
    """With the real client."""
    settings = pytest.MonkeyPatch()
    settings.setenv("DIGITLENS_HOSTING_PATIENCE", "60")
    infra_settings.settings.cache_clear()
    standin.is_firebase = standin.has_site = False
    standin.has_terms = has_terms
    if has_terms:
        assert make() == []
        assert (standin.is_firebase, standin.has_site) == (True, True)
        asked = reader()
        stays = installation.remove(asked, conditions.known(asked, place()), dry_run=False)
        assert standin.is_disabled
        assert len(stays) == 3
    else:
        with pytest.raises(ServiceError, match="nobody accepted Firebase's terms"):
            make()
        assert there.accounts == {}
    settings.undo()
