"""SavedModel to graph model: names, quantisation, bytes, refusals."""

from __future__ import annotations

import filecmp
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from conversion import graph
from conversion.errors import SavedModelError
from conversion.saved_model import BOXES, SCORES, SavedDetector
from tests.conversion import detectors
from tests.conversion.conftest import REPOSITORY


def converted(saved_model: Path, folder: Path, quantization: graph.Quantization = "none") -> Any:
    """model.json of a fresh conversion."""
    folder.mkdir()
    graph.convert(SavedDetector(saved_model), quantization, folder)
    return json.loads((folder / "model.json").read_text())


def test_nodes_bear_the_names_of_the_signature(saved_model: Path, tmp_path: Path) -> None:
    model = converted(saved_model, tmp_path / "out")
    signature = model["signature"]
    assert {name: entry["name"] for name, entry in signature["inputs"].items()} == {"image": "image:0"}
    assert {name: entry["name"] for name, entry in signature["outputs"].items()} == {
        BOXES: f"{BOXES}:0",
        SCORES: f"{SCORES}:0",
    }
    assert {"image", BOXES, SCORES} <= {node["name"] for node in model["modelTopology"]["node"]}


def test_the_same_model_gives_the_same_bytes_in_any_process(saved_model: Path, tmp_path: Path) -> None:
    for name in ("first", "second", "elsewhere"):
        (tmp_path / name).mkdir()
    graph.convert(SavedDetector(saved_model), "uint8", tmp_path / "first")
    graph.convert(SavedDetector(saved_model), "uint8", tmp_path / "second")
    program = (
        "import sys; from pathlib import Path; from conversion import graph, saved_model\n"
        "graph.convert(saved_model.SavedDetector(Path(sys.argv[1])), 'uint8', Path(sys.argv[2]))"
    )
    subprocess.run(
        [sys.executable, "-c", program, saved_model, tmp_path / "elsewhere"],
        check=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
    )
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    for other in ("second", "elsewhere"):
        assert sorted(path.name for path in (tmp_path / other).iterdir()) == names
        same, _, _ = filecmp.cmpfiles(tmp_path / "first", tmp_path / other, names, shallow=False)
        assert same == names


def test_shards_are_named_by_their_content(saved_model: Path, tmp_path: Path) -> None:
    model = converted(saved_model, tmp_path / "out")
    (entry,) = model["weightsManifest"]
    for name in entry["paths"]:
        digest = hashlib.sha256((tmp_path / "out" / name).read_bytes()).hexdigest()
        assert name == f"weights-{digest[:16]}.bin"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"model.json", *entry["paths"]}


@pytest.mark.parametrize("quantization", ["float16", "uint16", "uint8"])
def test_only_kernels_are_quantised(
    saved_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quantization: graph.Quantization
) -> None:
    monkeypatch.setattr(graph, "SMALL", 0)
    model = converted(saved_model, tmp_path / "out", quantization)
    (entry,) = model["weightsManifest"]
    floats = [weight for weight in entry["weights"] if weight["dtype"] == "float32"]
    quantised = [weight for weight in floats if "quantization" in weight]
    assert {weight["quantization"]["dtype"] for weight in quantised} == {quantization}
    assert [tuple(weight["shape"]) for weight in quantised] == [
        (3, 3, 3, 8),
        (3, 3, 8, 16),
        (1, 1, 16, 14),
    ]
    assert [1, detectors.CELLS, 2] in [w["shape"] for w in floats if "quantization" not in w]


@pytest.mark.parametrize(
    ("quantization", "kinds"),
    [("uint8", ["uint16", "uint8", "uint16"]), ("uint16", ["uint16"] * 3), ("float16", ["float16"] * 3)],
)
def test_small_kernels_are_rounded_less(
    saved_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    quantization: graph.Quantization,
    kinds: list[str],
) -> None:
    # They have 216, 1,152 and 224 values.
    monkeypatch.setattr(graph, "SMALL", 1_152)
    (entry,) = converted(saved_model, tmp_path / "out", quantization)["weightsManifest"]
    found = [weight["quantization"]["dtype"] for weight in entry["weights"] if "quantization" in weight]
    assert found == kinds


@pytest.mark.parametrize("channels", [1, 2, 10])
def test_biases_are_rows_however_few_classes_there_are(tmp_path: Path, channels: int) -> None:
    """As Keras adds them: in four dimensions."""

    def headed(outputs: detectors.Outputs) -> detectors.Outputs:
        cells = tf.reshape(outputs[SCORES], [1, detectors.GRID, detectors.GRID, channels])
        kernel = tf.constant(np.full((1, 1, channels, channels), 0.5, np.float32))
        added = tf.nn.conv2d(cells, kernel, 1, "SAME") + tf.constant(
            np.arange(1.0, channels + 1, dtype=np.float32).reshape(1, 1, 1, -1)
        )
        return outputs | {SCORES: tf.reshape(tf.sigmoid(added), [1, detectors.CELLS, channels])}

    source = detectors.save(tmp_path / "saved_model", channels, after=headed)
    detectors.describe(source / "detector.json", classes=[str(number) for number in range(channels)])
    model = converted(source, tmp_path / "out")
    shapes = {weight["name"]: weight["shape"] for weight in model["weightsManifest"][0]["weights"]}
    fused = [node for node in model["modelTopology"]["node"] if node["op"] == "_FusedConv2D"]
    found = [shapes[node["input"][2]] for node in fused if node["input"][2] in shapes]
    assert [channels] in found
    assert all(len(shape) == 1 for shape in found)


def test_debug_operations_are_stripped(tmp_path: Path) -> None:
    source = detectors.save(tmp_path / "saved_model", after=detectors.debugged)
    detectors.describe(source / "detector.json")
    model = converted(source, tmp_path / "out")
    operations = {node["op"] for node in model["modelTopology"]["node"]}
    assert not operations & {"Assert", "CheckNumerics", "PrintV2", "StringFormat"}


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (detectors.suppressed, "suppression .NonMaxSuppression.*raw_detection_boxes"),
        (detectors.looped, "control flow .*without loops"),
        (lambda outputs: outputs | {SCORES: tf.math.betainc(1.0, 2.0, outputs[SCORES])}, "Betainc"),
        (
            lambda outputs: {name: tf.ones_like(tensor) for name, tensor in outputs.items()},
            "don.t depend on",
        ),
    ],
)
def test_graphs_that_browsers_cannot_run_are_refused_with_advice(
    tmp_path: Path, after: Callable[[detectors.Outputs], detectors.Outputs], words: str
) -> None:
    source = detectors.save(tmp_path / "saved_model", after=after)
    detectors.describe(source / "detector.json")
    with pytest.raises(SavedModelError, match=words):
        converted(source, tmp_path / "out")


def test_boxes_per_class_are_not_taken_for_boxes(tmp_path: Path) -> None:
    """Faster R-CNN's raw boxes are [1, n, classes, 4]: its results are taken, and refused for their suppression."""

    def per_class(outputs: detectors.Outputs) -> detectors.Outputs:
        raw = tf.repeat(outputs[BOXES][:, :, None], 10, axis=2)
        return detectors.suppressed(outputs) | {"raw_detection_boxes": raw, "raw_detection_scores": outputs[SCORES]}

    source = detectors.save(tmp_path / "saved_model", after=per_class)
    detectors.describe(source / "detector.json")
    with pytest.raises(
        SavedModelError, match=r"detection_boxes and detection_multiclass_scores come out of suppression"
    ):
        converted(source, tmp_path / "out")


def _calibrated(scores: list[float], probabilities: list[float]) -> dict[str, Any]:
    return {"score_calibration": {"scores": scores, "probabilities": probabilities}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"input": {"height": 32, "width": 64}}, "detector.json asks for .1, 32, 64, 3."),
        ({"classes": ["a", "b"]}, "2 classes without a background column ask for"),
        ({"background_column": True}, "10 classes with a background column"),
        ({"score_threshold": 7}, r"breaks schemas/detector.schema.json at \$.score_threshold"),
        ({"reading": "none", "class_thresholds": {"x": 0.5}}, r"\$.class_thresholds: x isn't among the classes"),
        ({"class_thresholds": {"1": 0.5}}, r"\$.class_thresholds: objects that are read together share"),
        (_calibrated([0.1, 0.2], [0.3]), "score_calibration"),
        (_calibrated([0.1, 0.2, 0.3], [0.3, 0.4]), r"\$.score_calibration: 3 scores with 2 probabilities"),
        (_calibrated([0.2, 0.1], [0.3, 0.4]), r"\$.score_calibration: scores and probabilities have to rise"),
        (_calibrated([0.1, 0.2], [0.4, 0.3]), r"\$.score_calibration: scores and probabilities have to rise"),
        (_calibrated([0.2, 0.2], [0.3, 0.4]), r"\$.score_calibration.scores"),
    ],
)
def test_a_detector_file_that_does_not_fit_is_refused(
    saved_model: Path, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(SavedModelError, match=words):
        SavedDetector(saved_model, detectors.describe(tmp_path / "detector.json", **changes))


def test_other_signatures_are_listed_when_none_fits(tmp_path: Path) -> None:
    source = detectors.save(tmp_path / "saved_model", after=lambda outputs: {"boxes": outputs[BOXES]})
    detectors.describe(source / "detector.json")
    with pytest.raises(SavedModelError, match="it has detect with boxes"):
        SavedDetector(source)


def test_a_saved_model_that_is_no_saved_model_is_refused(saved_model: Path, tmp_path: Path) -> None:
    with pytest.raises(SavedModelError, match=r"no saved_model\.pb"):
        SavedDetector(tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"\x00garbage")
    with pytest.raises(SavedModelError, match=r"detector\.json: missing.*--detector"):
        SavedDetector(tmp_path)
    with pytest.raises(SavedModelError, match="can't load it"):
        SavedDetector(tmp_path, saved_model / "detector.json")


def test_the_narrowed_model_computes_what_the_saved_model_does(saved_model: Path) -> None:
    image = np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8)
    direct = tf.saved_model.load(str(saved_model)).signatures["detect"](image=tf.constant(image[None], tf.float32))
    narrowed = SavedDetector(saved_model).run(image)
    for name in (BOXES, SCORES):
        np.testing.assert_allclose(narrowed[name], direct[name].numpy(), rtol=0, atol=1e-6)
