"""Starts hold what they say, their network says what the original said, and trainings begin with them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import ROOT, run_step
from tests.training.test_warm_start import changed
from training.config import Configuration, load
from training.detector import bodies, network
from training.errors import ModelError
from training.loop.warm_start import Start
from training.models import load_weights
from training.starts import folder as starts
from training.starts import make, tflite

MOBILENET = ROOT / "models/start/mobilenet_v2"


def test_the_network_says_of_a_picture_what_the_original_said() -> None:
    start = starts.read(MOBILENET)
    model = network.build(start.network, 1)
    for name, values in start.layers.items():
        model.get_layer(name).set_weights(values)
    ours = tflite.sample(tflite.levels(model, make.picture(tflite.SIDE)))
    with np.load(MOBILENET / make.REFERENCE) as theirs:
        assert set(theirs.files) == set(ours) == set(start.description["differences"])
        for name in ours:
            assert float(np.abs(theirs[name]).max()) > 1
            np.testing.assert_allclose(ours[name], theirs[name], atol=2e-3)


def test_every_layer_of_a_body_has_weights_and_no_other() -> None:
    start = starts.read(MOBILENET)
    model = network.build(start.network, 3)
    assert set(start.layers) == {one.name for one in model.layers if one.weights and bodies.part(one.name) != "head"}
    assert start.description["terms"][0]["restricted"] is False
    assert (MOBILENET / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_a_start_fills_the_body_and_leaves_the_heads(capsys: pytest.CaptureFixture[str]) -> None:
    config = Configuration.model_validate({"name": "x", "classes": ["a", "b"], "network": {"body": "mobilenet_v2"}})
    model = network.build(config.network, 2)
    before = model.get_layer("tower").get_weights()
    start = Start(MOBILENET, config)
    start.fill(model)
    np.testing.assert_array_equal(model.get_layer("body_7_expand").get_weights()[0], start.layers["body_7_expand"][0])
    np.testing.assert_array_equal(model.get_layer("tower").get_weights()[0], before[0])
    assert "48 of " in capsys.readouterr().err


@pytest.mark.parametrize("stride", [4, 8])
def test_folding_changes_nothing_for_every_body_and_stride(stride: int) -> None:
    options = starts.network({"body": "mobilenet_v2", "stride": stride, "pyramid": 8, "tower": 8})
    trained, folded = network.build(options, 2), network.build(options, 2, folded=True)
    rng = np.random.default_rng(3)
    for layer in trained.layers:
        if layer.name.endswith("_norm"):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.weights])
    network.fold(trained, folded)
    image = rng.uniform(0, 255, (1, 64, 96, 3)).astype(np.float32)
    for a, b in zip(trained(image), folded(image), strict=True):
        assert a.shape[1:3] == (64 // stride, 96 // stride)
        np.testing.assert_allclose(a, b, atol=1e-3, rtol=1e-3)


def test_a_finished_training_becomes_a_start_that_others_begin_with(
    checkpoint: Path, records: Path, config_file: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "glyphs", tmp_path / "out"
    made = run_step(
        "training.starts.make", "--name", "glyphs", "--checkpoint", checkpoint, "--command", "./inv start.make glyphs",
        "--licence", ROOT / "LICENSE", "--out", folder,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    start = starts.read(folder)
    source = load_weights(checkpoint, load(checkpoint / "config.yaml"))
    np.testing.assert_allclose(
        start.layers["tower"][0], source.get_layer("tower").get_weights()[0], rtol=1e-3, atol=1e-6
    )
    config = changed(config_file, tmp_path / "c.yaml", training={"steps": 2, "checkpoint_every": 2})
    done = run_step("training.loop.train", "--config", config, "--records", records, "--from", folder, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "0 of 10 classes new" in done.stderr
    assert json.loads((out / "detector.json").read_text())["provenance"]["started_from"]["name"] == "glyphs"


@pytest.mark.parametrize("broken", ["weights", "truncated", "description", "format"])
def test_a_start_that_isnt_what_it_says_is_refused(broken: str, tmp_path: Path) -> None:
    folder = tmp_path / "start"
    shutil.copytree(MOBILENET, folder)
    document = json.loads((folder / "start.json").read_text())
    if broken == "weights":
        (folder / "weights.npz").unlink()
    if broken == "truncated":
        (folder / "weights.npz").write_bytes((folder / "weights.npz").read_bytes()[:-1])
    if broken == "description":
        (folder / "start.json").write_text("{")
    if broken == "format":
        (folder / "start.json").write_text(json.dumps({**document, "format_version": 2}))
    with pytest.raises(ModelError, match=r"start\.json|weights\.npz"):
        starts.read(folder)


def test_a_start_of_another_body_says_what_to_write(config_file: Path) -> None:
    with pytest.raises(ModelError, match="write body: mobilenet_v2 below network"):
        Start(MOBILENET, load(config_file))


@pytest.mark.parametrize("content", [b"", b"rubbish" * 99, b"TFL3" + bytes(500)])
def test_what_is_no_such_network_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "assets").write_bytes(content)
    with pytest.raises(ModelError, match="SHA-256"):
        make.of_published(tmp_path / "assets", "p@1", "sha512-x", "make", ROOT / "LICENSE", tmp_path)


def test_a_training_with_restricted_terms_is_no_start(checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "restricted"
    shutil.copytree(checkpoint, folder)
    document = json.loads((folder / "detector.json").read_text())
    term = {"name": "SVHN", "licence": "non-commercial", "notice": "research only", "restricted": True}
    (folder / "detector.json").write_text(json.dumps({**document, "terms": [term]}))
    with pytest.raises(ModelError, match="SVHN"):
        make.of_training(folder, "glyphs", "make", ROOT / "LICENSE", tmp_path)
