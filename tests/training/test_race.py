"""The photos choose a start: the step says why, keeps what a person wrote, and trains only where there is a choice."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.training.conftest import ROOT, run_step
from training.config import load
from training.loop import race
from training.starts import make

MOBILENET = ROOT / "models/start/mobilenet_v2"
PLANNED = """
# why each value is as it is
name: planned
classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
reading: lines
input: {height: 96, width: 96}
split: {validation: 0.2, calibration: 0.2}
starts: [mobilenet_v2, glyphs]
training: {minutes: 0.1, batch: 4, crop: 64, precision: float32}
"""


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory, checkpoint: Path) -> Path:
    """A folder with the real start and one of a tiny training."""
    folder = tmp_path_factory.mktemp("starts")
    shutil.copytree(MOBILENET, folder / "mobilenet_v2")
    (folder / "glyphs").mkdir()
    make.of_training(checkpoint, "glyphs", "./inv start.make glyphs", ROOT / "LICENSE", folder / "glyphs")
    return folder


def chosen(text: str, records: Path, starts: Path, tmp_path: Path, *names: str) -> tuple[Any, Any]:
    """What the race wrote for a planned configuration: race.json and the YAML."""
    config = tmp_path / "planned.yaml"
    config.write_text(text)
    race.choose(load(config), text, records, [starts / name for name in names], tmp_path / "race")
    written = (tmp_path / "race/config.yaml").read_text()
    load(tmp_path / "race/config.yaml")
    return json.loads((tmp_path / "race/race.json").read_text()), yaml.safe_load(written)


def test_the_only_start_brings_its_network_and_rates(records: Path, starts: Path, tmp_path: Path) -> None:
    result, document = chosen(PLANNED, records, starts, tmp_path, "mobilenet_v2")
    assert result["chosen"] == "mobilenet_v2"
    assert result["candidates"] == []
    assert document["network"] == {
        "body": "mobilenet_v2",
        **{k: v for k, v in document["network"].items() if k != "body"},
    }
    assert document["training"]["frozen_stem"] is True
    assert document["training"]["minutes"] == 0.1
    assert document["starts"] == ["mobilenet_v2"]


def test_what_a_person_wrote_wins(records: Path, starts: Path, tmp_path: Path) -> None:
    text = PLANNED.replace("minutes: 0.1", "minutes: 0.1, body_rate: 0.05")
    text += "network: {body: mobilenet_v2, stride: 4, tower: 32}\n"
    result, document = chosen(text, records, starts, tmp_path, "glyphs", "mobilenet_v2")
    assert result["chosen"] == "mobilenet_v2"
    assert "glyphs has another body" in str(result["why"])
    assert document["network"] == {"body": "mobilenet_v2", "stride": 4, "tower": 32}
    assert document["training"]["body_rate"] == 0.05


def test_without_time_the_likeliest_is_taken(records: Path, starts: Path, tmp_path: Path) -> None:
    result, _ = chosen(PLANNED, records, starts, tmp_path, "glyphs", "mobilenet_v2")
    assert result["chosen"] == "glyphs"
    assert "no time" in str(result["why"])


def test_where_the_machine_is_too_slow_the_likeliest_is_taken_and_it_is_said(
    records: Path, starts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(race, "NEEDED", 0.01)
    monkeypatch.setattr(race, "MOST", 0.1)
    text = PLANNED.replace("minutes: 0.1", "minutes: 500")
    result, document = chosen(text, records, starts, tmp_path, "glyphs", "mobilenet_v2")
    assert (result["chosen"], result["candidates"]) == ("glyphs", [])
    assert "too slow, or too busy, for a race" in result["why"]
    assert "1 of 2 starts took" in result["why"]
    assert "glyphs is the likeliest. More --minutes give it time; --start NAME chooses without one" in result["why"]
    assert document["starts"] == ["glyphs"]


def test_without_starts_it_begins_from_nothing(records: Path, starts: Path, tmp_path: Path) -> None:
    result, document = chosen(PLANNED, records, starts, tmp_path)
    assert result["chosen"] is None
    assert "network" not in document


def test_a_start_that_is_not_there_is_left_out_and_said(records: Path, starts: Path, tmp_path: Path) -> None:
    result, _ = chosen(PLANNED, records, starts, tmp_path, "nowhere", "glyphs")
    assert result["chosen"] == "glyphs"
    assert "nowhere can't be used" in str(result["why"])


def test_the_same_batches_decide_between_two(
    records: Path, starts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(race, "NEEDED", 0.1)
    monkeypatch.setattr(race, "LEAST", 2)
    monkeypatch.setattr(race, "MOST", 600.0)
    monkeypatch.setattr(race, "FOUND", 1e-9)
    text = PLANNED.replace("reading: lines", "reading: none").replace("minutes: 0.1", "steps: 40")
    result, document = chosen(text, records, starts, tmp_path, "mobilenet_v2", "glyphs")
    candidates = result["candidates"]
    assert isinstance(candidates, list)
    assert [one["name"] for one in candidates] == ["mobilenet_v2", "glyphs"]
    assert len({one["steps"] for one in candidates}) == 1
    best = max(candidates, key=lambda one: one["calibration"])
    assert result["chosen"] == (best["name"] if best["calibration"] else "mobilenet_v2")
    assert document["starts"] == [result["chosen"]]


def test_a_finished_training_is_taken_whatever_the_candidates(checkpoint: Path, records: Path, tmp_path: Path) -> None:
    config = tmp_path / "planned.yaml"
    config.write_text(PLANNED)
    done = run_step(
        "training.loop.race", "--config", config, "--records", records, "--from", checkpoint, "--out", tmp_path / "race"
    )
    assert done.returncode == 0, done.stderr
    document = yaml.safe_load((tmp_path / "race/config.yaml").read_text())
    assert document["network"]["stages"] == [4, 8, 8, 8, 8]
    assert json.loads((tmp_path / "race/race.json").read_text())["candidates"] == []
