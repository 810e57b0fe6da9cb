"""A sweep varies what it is told, shares the records, and is judged by calibration alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from infra.errors import CommandError, DigitlensError, RefusedError, UsageError
from infra.execution.steps import Step
from infra.runs import sweep

FIGURES = {"learning_rate=0.001,seed=1": 0.5, "learning_rate=0.001,seed=2": 0.8, "learning_rate=0.002,seed=1": 0.7}


class Recorded:
    """A runner that trains nothing: it writes what a training says of itself."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def run(self, step: Step) -> None:
        """Leave a summary, or fail where there is no figure."""
        self.made.append(step.output.parent.name)
        step.output.mkdir(parents=True, exist_ok=True)
        if step.module == "training.loop.sweep":
            return
        figure = FIGURES.get(step.output.parent.name)
        if figure is None:
            raise CommandError(step.name, ["python"], 1, ["out of luck"])
        summary = {"calibration": figure, "calibration_interval": [figure - 0.1, figure + 0.1], "steps": 12}
        (step.output / "training.json").write_text(json.dumps({**summary, "parameters": 9, "precision": "float32"}))


class Several(Recorded):
    """The same, eight at once."""

    at_once = 8

    def interrupt(self) -> None:
        """Nothing runs."""


def training(folder: Path) -> Step:
    """The training that is varied."""
    config = folder / "base.yaml"
    config.write_text("name: mine\ntraining: {steps: 12, learning_rate: 0.01}\n")
    return Step("train", "train", "training.loop.train", folder / "checkpoints", {"config": config}, resumable=True)


def test_all_combinations_are_made_in_order() -> None:
    found = sweep.variations(["training.learning_rate=1e-3,2e-3", "training.seed=1,2", "training.precision=float32"])
    assert [list(one.values()) for one in found] == [
        [1e-3, 1, "float32"],
        [1e-3, 2, "float32"],
        [2e-3, 1, "float32"],
        [2e-3, 2, "float32"],
    ]


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        ([], "nothing varies"),
        (["training.seed"], "say section.key=value,value"),
        (["training.seed="], "say section.key=value,value"),
        (["seed=1,2"], "say section.key=value,value"),
        (["classes.0=a,b"], "the others decide what the records are"),
        (["split.validation=0.1,0.2"], "the others decide what the records are"),
        (["training.seed=1,2", "training.seed=3"], "a key stands twice"),
        (["training.seed=1,1"], "a value stands twice"),
        ([f"training.seed={','.join(map(str, range(501)))}"], "501 trainings are more than 500"),
        (["training.seed=[1"], "is no value"),
    ],
)
def test_what_can_not_vary_is_refused(vary: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        sweep.variations(vary)


@pytest.mark.parametrize("runner", [Recorded(), Several()], ids=["one", "several"])
def test_the_best_by_calibration_comes_first_and_what_failed_is_told(runner: Recorded, tmp_path: Path) -> None:
    combinations = sweep.variations(["training.learning_rate=1e-3,2e-3", "training.seed=1,2"])
    trials = sweep.trials(training(tmp_path), combinations, tmp_path / "sweep")
    document = yaml.safe_load((tmp_path / "sweep" / "learning_rate=0.002,seed=2" / "config.yaml").read_text())
    assert document == {"name": "mine", "training": {"steps": 12, "learning_rate": 0.002, "seed": 2}}
    with pytest.raises(RefusedError, match="1 of 4 trainings failed"):
        sweep.compare(trials, tmp_path / "sweep", runner)
    rows = json.loads((tmp_path / "sweep" / "sweep.json").read_text())["trainings"]
    assert [row["name"] for row in rows] == sorted(FIGURES, key=lambda name: -FIGURES[name])
    assert "validation" not in json.dumps(rows)
    # Again: only what failed is trained.
    before = len(runner.made)
    with pytest.raises(RefusedError):
        sweep.compare(trials, tmp_path / "sweep", runner)
    assert runner.made[before:] == ["learning_rate=0.002,seed=2"]


def test_where_none_is_trained_the_first_failure_is_told(tmp_path: Path) -> None:
    trials = sweep.trials(training(tmp_path), sweep.variations(["training.seed=7,8"]), tmp_path / "sweep")
    with pytest.raises(DigitlensError, match="out of luck"):
        sweep.compare(trials, tmp_path / "sweep", Recorded())
    assert not (tmp_path / "sweep" / "sweep.json").exists()


def test_a_table_has_a_line_for_each(tmp_path: Path) -> None:
    row = {"values": {"training.seed": 1}, "calibration": 0.5, "calibration_interval": [0.4, 0.6], "steps": 12}
    lines = sweep.table([{**row, "seconds": 60.0}, {**row, "seconds": 90.0}]).splitlines()
    assert len(lines) == 3
    assert "0.400 to 0.600" in lines[1]
    assert "1.0 min" in lines[1]
