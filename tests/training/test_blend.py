"""A blend lies between two trainings, and is one that can be exported, judged and blended again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
import yaml

from tests.training.conftest import run_step
from training.config import load
from training.data.batches import training_batches
from training.detector import network
from training.errors import ModelError
from training.loop.blend import SHARES, blend
from training.loop.calibration import Calibration, Verdict
from training.models import load_model, load_weights
from training.outputs import sha256


@pytest.fixture
def other(checkpoint: Path, tmp_path: Path) -> Path:
    """The same training with weights that were never trained."""
    folder = tmp_path / "other"
    shutil.copytree(checkpoint, folder)
    config = load(folder / "config.yaml")
    network.build(config.network, len(config.classes)).save_weights(folder / "best.weights.h5")
    return folder


def test_the_best_share_makes_the_blend(checkpoint: Path, other: Path, records: Path, tmp_path: Path) -> None:
    blend(checkpoint, other, records, tmp_path / "blend")
    made = load_model(tmp_path / "blend").description["provenance"]["blended_with"]
    assert made[0]["share"] in SHARES
    assert made[0]["weights_sha256"] == sha256(other / "best.weights.h5")
    summary = json.loads((tmp_path / "blend" / "training.json").read_text())
    assert summary["calibration"] >= json.loads((checkpoint / "training.json").read_text())["calibration"]


def test_a_blend_lies_between_and_knows_what_its_layers_see(
    checkpoint: Path, other: Path, records: Path, tmp_path: Path
) -> None:
    blend(checkpoint, other, records, tmp_path / "blend", (0.35,))
    config = load(checkpoint / "config.yaml")
    ours, theirs, blended = (load_weights(path, config) for path in (checkpoint, other, tmp_path / "blend"))
    for a, b, c in zip(*(model.trainable_variables for model in (ours, theirs, blended)), strict=True):
        np.testing.assert_allclose(c, a + 0.35 * (b - a), atol=1e-6)
    seen = keras.Model(blended.input, blended.get_layer("tower").output)
    batches = training_batches(records, config, 0).take(9)
    means = np.mean([seen(crops).numpy().mean((0, 1, 2)) for crops, _, _ in batches], 0)
    norm = blended.get_layer("tower_norm")
    between = 0.65 * ours.get_layer("tower_norm").moving_mean + 0.35 * theirs.get_layer("tower_norm").moving_mean
    spread = np.sqrt(norm.moving_variance)
    # 0.23 to 0.32 of a deviation, as the crops fall, where what lies between is 0.93 to 0.96 away.
    own, mixed = (np.abs((one - means) / spread).max() for one in (norm.moving_mean, between))
    assert own < 0.5 * mixed


def test_all_calibration_photos_judge_a_blend(
    checkpoint: Path, other: Path, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[int] = []
    judge = Calibration.judge

    def count(calibration: Calibration, model: object) -> Verdict:
        judged.append(len(calibration.photos))
        return judge(calibration, model)

    monkeypatch.setattr(Calibration, "judge", count)
    # While it trains, fewer would do.
    monkeypatch.setattr(Calibration.__init__, "__defaults__", (2,))
    blend(checkpoint, other, records, tmp_path / "blend", (0.5,))
    held = json.loads((records / "manifest.json").read_text())["splits"]["calibration"]["photos"]
    # Once for each share, and what the one that is taken is worth.
    assert judged == [held, held]
    assert held > 2


def test_a_blend_remembers_those_before_it(checkpoint: Path, other: Path, records: Path, tmp_path: Path) -> None:
    blend(checkpoint, other, records, tmp_path / "one")
    blend(tmp_path / "one", other, records, tmp_path / "two")
    assert len(load_model(tmp_path / "two").description["provenance"]["blended_with"]) == 2


def test_the_step_takes_the_share_that_it_is_given(
    checkpoint: Path, other: Path, records: Path, tmp_path: Path
) -> None:
    made = tmp_path / "blend"
    inputs = ("--checkpoint", checkpoint, "--other", other, "--records", records)
    done = run_step("training.loop.blend", *inputs, "--share", 0.25, "--out", made)
    assert done.returncode == 0, done.stderr
    assert load_model(made).description["provenance"]["blended_with"][0]["share"] == 0.25


def test_another_network_is_refused_and_nothing_is_left(
    checkpoint: Path, other: Path, records: Path, tmp_path: Path
) -> None:
    config = yaml.safe_load((other / "config.yaml").read_text())
    config["network"]["pyramid"] += 8
    (other / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(ModelError, match="another network or other classes"):
        blend(checkpoint, other, records, tmp_path / "blend")
    assert not (tmp_path / "blend").exists()
