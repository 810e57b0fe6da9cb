"""A training that begins with the weights of a finished one keeps the body, and fits the head to its classes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.training.conftest import ROOT, run_step
from training.config import Configuration, load
from training.detector import network
from training.errors import ModelError
from training.loop.warm_start import Start
from training.models import load_model, load_weights
from training.outputs import sha256


def changed(config_file: Path, path: Path, **sections: object) -> Path:
    """A copy of the tiny configuration with other values."""
    document = yaml.safe_load(config_file.read_text())
    for name, value in sections.items():
        document[name] = {**document[name], **value} if isinstance(value, dict) else value
    path.write_text(yaml.safe_dump(document))
    return path


def filled(checkpoint: Path, config_path: Path) -> tuple[object, object]:
    config = load(config_path)
    model = network.build(config.network, len(config.classes))
    Start(checkpoint, config).fill(model)
    return load_weights(checkpoint, load(checkpoint / "config.yaml")), model


def weights(model: object, layer: str) -> list[np.ndarray]:
    found: list[np.ndarray] = model.get_layer(layer).get_weights()  # type: ignore[attr-defined]
    return found


def test_the_same_classes_begin_with_every_weight(checkpoint: Path, config_file: Path) -> None:
    earlier, model = filled(checkpoint, config_file)
    for layer in ("stem", "stem_norm", "class_head", "box_head"):
        for old, new in zip(weights(earlier, layer), weights(model, layer), strict=True):
            np.testing.assert_array_equal(old, new)


def test_other_classes_rebuild_the_head_and_keep_the_body(checkpoint: Path, config_file: Path, tmp_path: Path) -> None:
    config = changed(config_file, tmp_path / "c.yaml", classes=["point", "7", "0"])
    earlier, model = filled(checkpoint, config)
    for layer in ("stem", "tower", "tower_norm", "box_head"):
        for old, new in zip(weights(earlier, layer), weights(model, layer), strict=True):
            np.testing.assert_array_equal(old, new)
    (old_kernel, old_bias), (kernel, bias) = weights(earlier, "class_head"), weights(model, "class_head")
    assert kernel.shape[-1] == 3
    np.testing.assert_array_equal(kernel[..., 1], old_kernel[..., 7])
    np.testing.assert_array_equal(bias[1:], old_bias[[7, 0]])
    assert bias[0] == pytest.approx(np.log(0.01 / 0.99))


def test_further_blocks_begin_untrained(checkpoint: Path, config_file: Path, tmp_path: Path) -> None:
    config = changed(config_file, tmp_path / "c.yaml", network={"blocks": [1, 2, 1, 1]})
    earlier, model = filled(checkpoint, config)
    np.testing.assert_array_equal(weights(earlier, "stage1_0")[0], weights(model, "stage1_0")[0])
    assert weights(model, "stage1_1")[0].any()


@pytest.mark.parametrize(
    ("part", "new"),
    [
        ({"stages": [4, 8, 8, 8, 12]}, {"down3", "stage3_0", "lateral3"}),
        ({"pyramid": 16}, {"lateral3", "lateral2", "lateral1", "smooth0", "smooth1", "narrow"}),
        ({"tower": 16}, {"narrow", "lateral0", "tower", "box_tower", "class_head", "box_head"}),
    ],
)
def test_layers_of_another_width_begin_untrained(
    part: dict[str, object],
    new: set[str],
    checkpoint: Path,
    config_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    earlier, model = filled(checkpoint, changed(config_file, tmp_path / "c.yaml", network=part))
    trained = [layer for layer in model.layers if layer.weights]  # type: ignore[attr-defined]
    same = {
        layer.name
        for layer in trained
        if all(np.array_equal(*pair) for pair in zip(weights(earlier, layer.name), layer.get_weights(), strict=True))
    }
    untrained = {layer.name for layer in trained} - same
    assert {name.removesuffix("_norm") for name in untrained} == new
    said = capsys.readouterr().err
    assert f"{len(same)} of {len(trained)} layers kept (untrained: " in said


def test_a_network_without_a_layer_in_common_is_refused(checkpoint: Path, config_file: Path, tmp_path: Path) -> None:
    wider = {"stages": [8, 16, 16, 16, 16], "pyramid": 16, "tower": 16}
    with pytest.raises(ModelError, match="no layer of its network has the widths"):
        filled(checkpoint, changed(config_file, tmp_path / "c.yaml", network=wider))


def test_a_training_remembers_what_it_began_with(
    checkpoint: Path, records: Path, config_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    config = changed(config_file, tmp_path / "c.yaml", training={"learning_rate": 1e-7})
    done = run_step("training.loop.train", "--config", config, "--records", records, "--from", checkpoint, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "0 of 10 classes new" in done.stderr
    started = json.loads((out / "detector.json").read_text())["provenance"]["started_from"]
    assert started["name"] == "tiny"
    assert started["weights_sha256"] == sha256(checkpoint / "best.weights.h5")
    # So small a learning rate moves nothing: what was judged and saved is what it began with.
    before, after = (weights(load_weights(folder, load(config)), "box_head")[0] for folder in (checkpoint, out))
    np.testing.assert_allclose(after, before, atol=1e-4)


def test_a_folder_of_another_start_is_refused(
    checkpoint: Path, records: Path, config_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "config.yaml").write_text((checkpoint / "config.yaml").read_text())
    done = run_step(
        "training.loop.train", "--config", config_file, "--records", records, "--from", checkpoint, "--out", out
    )
    assert done.returncode == 2
    assert "another start" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_start_without_weights_is_named(records: Path, config_file: Path, tmp_path: Path) -> None:
    start, out = tmp_path / "nothing", tmp_path / "out"
    start.mkdir()
    done = run_step("training.loop.train", "--config", config_file, "--records", records, "--from", start, "--out", out)
    assert done.returncode == 2
    assert "no readable detector.json" in done.stderr
    assert not out.exists()


# Keras warns of a part of the network before it refuses the whole.
@pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning")
def test_a_checkpoint_from_before_boxes_had_a_layer_says_how_it_is_read(checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "before"
    shutil.copytree(checkpoint, folder)
    document = yaml.safe_load((folder / "config.yaml").read_text())
    document["network"]["box_tower"] = False
    config = Configuration.model_validate(document)
    network.build(config.network, len(config.classes)).save_weights(folder / "best.weights.h5")
    del document["network"]["box_tower"]
    (folder / "config.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ModelError, match="add box_tower: false below network"):
        load_model(folder)
    document["network"]["box_tower"] = False
    (folder / "config.yaml").write_text(yaml.safe_dump(document))
    assert load_model(folder).description["classes"] == list(config.classes)


def test_terms_travel_from_training_to_training(
    checkpoint: Path, records: Path, config_file: Path, tmp_path: Path
) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    shutil.copytree(checkpoint, source)
    document = json.loads((source / "detector.json").read_text())
    term = {"name": "SVHN", "licence": "non-commercial", "notice": "research only", "restricted": True}
    (source / "detector.json").write_text(json.dumps({**document, "terms": [term]}))
    config = changed(config_file, tmp_path / "c.yaml", training={"steps": 2, "checkpoint_every": 2})
    done = run_step("training.loop.train", "--config", config, "--records", records, "--from", source, "--out", out)
    assert done.returncode == 0, done.stderr
    assert json.loads((out / "detector.json").read_text())["terms"] == [term]


def test_the_released_digits_say_whose_photos_they_learned_from() -> None:
    terms = json.loads((ROOT / "models/digits/checkpoint/detector.json").read_text())["terms"]
    assert next(term["name"] for term in terms if term["restricted"]) == "Street View House Numbers (SVHN)"
