"""A blend lies between two trainings, and is one that can be exported, judged and blended again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from training.blend import SHARES, blend
from training.config import load
from training.detector import network
from training.errors import ModelError
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
    config = load(checkpoint / "config.yaml")
    ours, theirs, blended = (
        load_weights(path, config).get_weights() for path in (checkpoint, other, tmp_path / "blend")
    )
    for a, b, c in zip(ours, theirs, blended, strict=True):
        np.testing.assert_allclose(c, a + made[0]["share"] * (b - a), atol=1e-6)
    summary = json.loads((tmp_path / "blend" / "training.json").read_text())
    assert summary["calibration"] >= json.loads((checkpoint / "training.json").read_text())["calibration"]


def test_a_blend_remembers_those_before_it(checkpoint: Path, other: Path, records: Path, tmp_path: Path) -> None:
    blend(checkpoint, other, records, tmp_path / "one")
    blend(tmp_path / "one", other, records, tmp_path / "two")
    assert len(load_model(tmp_path / "two").description["provenance"]["blended_with"]) == 2


def test_another_network_is_refused_and_nothing_is_left(
    checkpoint: Path, other: Path, records: Path, tmp_path: Path
) -> None:
    config = yaml.safe_load((other / "config.yaml").read_text())
    config["network"]["pyramid"] += 8
    (other / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(ModelError, match="another network or other classes"):
        blend(checkpoint, other, records, tmp_path / "blend")
    assert not (tmp_path / "blend").exists()
