"""Workers that people start by hand on several machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.errors import UsageError
from infra.execution import runners
from infra.execution.local import Local
from infra.execution.steps import Step
from infra.runs import workers

FOUR = "a:7000,b:7000, c:7000,d:7001"


def test_each_worker_is_told_its_place_among_the_same_addresses() -> None:
    assert workers.place(None, None) is None
    assert workers.place("1/1", "a:7000") is None
    for number in range(1, 5):
        place = workers.place(f"{number}/4", FOUR)
        assert place
        assert place.leads is (number == 1)
        assert json.loads(place.environment["TF_CONFIG"]) == {
            "cluster": {"worker": ["a:7000", "b:7000", "c:7000", "d:7001"]},
            "task": {"type": "worker", "index": number - 1},
        }


@pytest.mark.parametrize(
    ("worker", "hosts", "words"),
    [
        ("2/4", None, "go together"),
        (None, FOUR, "go together"),
        ("0/4", FOUR, "no worker of several"),
        ("5/4", FOUR, "no worker of several"),
        ("2", FOUR, "no worker of several"),
        ("two/4", FOUR, "no worker of several"),
        ("2/3", FOUR, "don't fit"),
        ("2/2", "a,b", "'a' is no HOST:PORT"),
        ("2/2", "a:1,", "'' is no HOST:PORT"),
        ("2/2", "a:1,:2", "':2' is no HOST:PORT"),
        ("2/2", "a:1,b:0", "'b:0' is no HOST:PORT"),
        ("2/2", "a:1,b:65536", "'b:65536' is no HOST:PORT"),
        ("2/2", "a:1,a:1", "the same address"),
    ],
)
def test_flags_that_describe_no_gang_are_refused(worker: str | None, hosts: str | None, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        workers.place(worker, hosts)


def test_a_worker_that_follows_needs_what_the_first_trains_on_and_leaves_nothing(tmp_path: Path) -> None:
    class Runner:
        ran: Step | None = None

        def run(self, step: Step) -> None:
            self.ran = step

    place, runner = workers.place("2/2", "a:1,b:1"), Runner()
    assert place
    step = Step("train", "train", "training.loop.train", tmp_path / "checkpoints", {"records": tmp_path / "records"})
    with pytest.raises(UsageError, match="copy the run's folder"):
        workers.follow(step, place, runner)
    assert runner.ran is None
    (tmp_path / "records").mkdir()
    workers.follow(step, place, runner)
    assert runner.ran
    assert runner.ran.output != step.output
    assert runner.ran.lock != step.lock
    assert [path.name for path in tmp_path.iterdir()] == ["records"]


def test_a_container_cannot_be_one_of_several_machines_workers() -> None:
    runner = runners.by_hand(None, "none", {"TF_CONFIG": "x"})
    assert isinstance(runner, Local)
    assert runner.variables == {"TF_CONFIG": "x"}
    with pytest.raises(UsageError, match="no network"):
        runners.by_hand("docker", "none", {})
