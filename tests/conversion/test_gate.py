"""The parity gate with real TensorFlow and the real web runtime in Node."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conversion import contracts, gate, graph
from conversion import photos as reading
from conversion.saved_model import BOXES, SCORES, SavedDetector
from conversion.web_runtime import WebRuntime
from tests.conversion import detectors
from tests.conversion.conftest import MakeWebModel, write_annotations


def judged(
    model: tuple[SavedDetector, Path],
    web_runtime: Path,
    photos: Path,
    quantization: graph.Quantization = "none",
) -> dict[str, Any]:
    """The gate's verdict on all of ``photos``."""
    saved, folder = model
    chosen = reading.spread(photos / "annotations.csv", photos / "images", 100)
    with WebRuntime(folder, web_runtime) as runtime:
        return gate.judge(saved, runtime, chosen, quantization)


def with_bias(folder: Path, change: float) -> None:
    """Shift the last bias by ``change`` and make the manifest's hash fit again."""
    model = json.loads((folder / "model.json").read_text())
    (entry,) = model["weightsManifest"]
    at, columns = 0, 4 + len(detectors.DIGITS)
    for weight in entry["weights"]:
        if weight["shape"] == [columns]:
            break
        stored = weight.get("quantization", weight)["dtype"]
        at += np.dtype(stored).itemsize * int(np.prod(weight["shape"]))
    (path,) = (folder / name for name in entry["paths"])
    content = bytearray(path.read_bytes())
    bias = np.frombuffer(content, "<f4", columns, at)
    content[at : at + 4 * columns] = (bias + np.float32(change)).astype("<f4").tobytes()
    path.write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text())
    for file in manifest["files"]:
        if file["path"] == path.name:
            file["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("trained", "converted", "largest"),
    [
        (0.5, 0.6, 0.1),
        # As an untrained detector's boxes: what lies beyond the photo is nothing that anybody sees.
        (-34.7521, -61.0, 0.0),
        (0.5, 50.5, 0.5),
        (0.5, np.nan, np.inf),
        (np.inf, np.inf, np.inf),
    ],
)
def test_a_difference_is_a_part_of_the_input_up_to_its_edge(trained: float, converted: float, largest: float) -> None:
    found = gate.Difference()
    before, after = (np.array([[[0.25, value]]], np.float32) for value in (trained, converted))
    found.see("a.jpg", before, after, np.ones((1, 1), np.bool_))
    assert found.largest == pytest.approx(largest, rel=1e-5)


@pytest.mark.parametrize(("converted", "largest"), [(0.9, 0.2), (np.nan, np.inf)])
def test_a_box_that_nobody_is_shown_is_not_compared(converted: float, largest: float) -> None:
    """Unless it is no number: then something is wrong, wherever it is."""
    found = gate.Difference()
    trained, other = np.array([[[0.5], [0.1]]], np.float32), np.array([[[0.7], [converted]]], np.float32)
    found.see("a.jpg", trained, other, np.array([[True, False]]))
    assert found.largest == pytest.approx(largest)


@pytest.mark.parametrize(("score", "passed"), [(0.01, True), (0.5, False)])
def test_boxes_of_rounded_weights_count_where_something_is_seen(
    make_web_model: MakeWebModel, web_runtime: Path, photos: Path, tmp_path: Path, score: float, passed: bool
) -> None:
    def moved(by: float) -> Path:
        boxes = [(0.1 + by, 0.1, 0.3 + by, 0.3)]
        return detectors.save(tmp_path / f"moved{by}", after=detectors.constant(boxes, [2], score))

    folder = make_web_model("uint8", source=moved(0.3))[1]
    saved = make_web_model("none", source=moved(0.0))[0]
    assert judged((saved, folder), web_runtime, photos, "uint8")["passed"] is passed


@pytest.mark.parametrize("quantization", graph.QUANTIZATIONS)
def test_an_honest_conversion_passes(
    make_web_model: MakeWebModel, web_runtime: Path, photos: Path, quantization: graph.Quantization
) -> None:
    verdict = judged(make_web_model(quantization), web_runtime, photos, quantization)
    assert contracts.violation("gate", verdict) is None
    assert verdict["passed"]
    assert verdict["findings"] == []
    assert verdict["photos"] == 4
    for name in (BOXES, SCORES):
        assert 0 < verdict["max_abs_difference"][name] <= verdict["limits"]["max_abs_difference"][name]


def test_rounding_of_weights_shows_in_the_differences(
    make_web_model: MakeWebModel, web_runtime: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "SMALL", 0)
    exact = judged(make_web_model("none"), web_runtime, photos, "none")["max_abs_difference"]
    rounded = judged(make_web_model("uint8"), web_runtime, photos, "uint8")["max_abs_difference"]
    assert rounded[SCORES] > 100 * exact[SCORES]


def test_a_changed_weight_is_refused_naming_output_photo_and_place(
    make_web_model: MakeWebModel, web_runtime: Path, photos: Path
) -> None:
    saved, folder = make_web_model()
    with_bias(folder, 0.01)
    verdict = judged((saved, folder), web_runtime, photos)
    assert not verdict["passed"]
    assert [finding.split(":")[0] for finding in verdict["findings"]] == [BOXES, SCORES]
    assert all("photo photo" in finding and "location" in finding for finding in verdict["findings"])
    # A logit that is 0.01 higher moves a sigmoid by a quarter of it at most.
    assert 0.002 < verdict["max_abs_difference"][SCORES] < 0.0026


def test_outputs_that_are_no_numbers_are_refused(make_web_model: MakeWebModel, web_runtime: Path, photos: Path) -> None:
    saved, folder = make_web_model("uint8")
    with_bias(folder, float("nan"))
    verdict = judged((saved, folder), web_runtime, photos, "uint8")
    assert not verdict["passed"]
    assert "converted nan" in verdict["findings"][0]


def test_a_drop_in_accuracy_is_refused(
    make_web_model: MakeWebModel, web_runtime: Path, tmp_path: Path, photos: Path
) -> None:
    rows: list[list[str | int]] = [
        ["photo0.png", 90, 70, "", "", "", "", ""],
        ["photo2.png", 150, 70, "", "", "", "", ""],
    ] * 3
    write_annotations(photos / "annotations.csv", rows)
    saved, folder = make_web_model(score_threshold=1.0)
    with_bias(folder, 50.0)
    verdict = judged((saved, folder), web_runtime, photos)
    assert verdict["photos_right"] == {"trained": 1.0, "converted": 0.0}
    assert verdict["accuracy_drop"] == 1.0
    assert "falls from 1.0000 to 0.0000 on 6 photos" in verdict["findings"][-1]


@pytest.mark.parametrize(("label", "accuracy"), [("42", 1.0), ("24", 0.0), ("4", 0.0)])
def test_a_photo_is_right_when_its_digits_read_as_its_label(
    make_web_model: MakeWebModel,
    web_runtime: Path,
    photos: Path,
    tmp_path: Path,
    label: str,
    accuracy: float,
) -> None:
    boxes = [(0.1, 0.6, 0.5, 0.8), (0.1, 0.3, 0.5, 0.5)]
    source = detectors.save(tmp_path / "saved_model", after=detectors.constant(boxes, [2, 4]))
    rows: list[list[str | int]] = [
        ["photo0.png", 90, 70, digit, 10 + 30 * place, 12, 35 + 30 * place, 52] for place, digit in enumerate(label)
    ]
    write_annotations(photos / "annotations.csv", rows)
    verdict = judged(make_web_model(source=source), web_runtime, photos)
    assert verdict["photos_right"] == {"trained": accuracy, "converted": accuracy}


def test_objects_that_are_not_read_count_whatever_their_order(
    make_web_model: MakeWebModel, web_runtime: Path, photos: Path, tmp_path: Path
) -> None:
    boxes = [(0.1, 0.6, 0.5, 0.8), (0.1, 0.3, 0.5, 0.5)]
    source = detectors.save(tmp_path / "saved_model", after=detectors.constant(boxes, [2, 4]))
    rows: list[list[str | int]] = [
        ["photo0.png", 90, 70, digit, 10 + 30 * place, 12, 35 + 30 * place, 52] for place, digit in enumerate("24")
    ]
    write_annotations(photos / "annotations.csv", rows)
    verdict = judged(make_web_model(source=source, reading="none"), web_runtime, photos)
    assert verdict["photos_right"] == {"trained": 1.0, "converted": 1.0}


def test_outputs_of_one_shape_are_told_apart_by_name(
    make_web_model: MakeWebModel, web_runtime: Path, photos: Path, tmp_path: Path
) -> None:
    # Four classes: both outputs are [1, n, 4], and the scores come first.
    source = detectors.save(tmp_path / "saved_model", 4, after=lambda out: {SCORES: out[SCORES], BOXES: out[BOXES]})
    saved, folder = make_web_model(source=source, classes=list("abcd"))
    image = np.random.default_rng(3).integers(0, 256, (64, 64, 3), np.uint8)
    with WebRuntime(folder, web_runtime) as runtime:
        found = runtime.run(image)
    expected = saved.run(image)
    for name in (BOXES, SCORES):
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-5)
    assert np.abs(expected[BOXES] - expected[SCORES]).max() > 0.1
