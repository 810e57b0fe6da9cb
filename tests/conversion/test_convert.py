"""The conversion step from its command line."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from conversion import contracts, convert, step
from conversion.web_runtime import WebRuntime
from tests.conversion import detectors
from tests.conversion.conftest import REPOSITORY

Convert = Callable[..., int]


@pytest.fixture
def arguments(saved_model: Path, web_runtime: Path, photos: Path, tmp_path: Path) -> dict[str, Any]:
    """A command line that works."""
    return {
        "saved-model": saved_model,
        "web-runtime": web_runtime,
        "images": photos / "images",
        "annotations": photos / "annotations.csv",
        "out": tmp_path / "web_model",
    }


@pytest.fixture
def run(arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Convert:
    """Runs the step in this process with changed arguments and returns its exit code."""

    def run(**changes: Any) -> int:
        given = arguments | {name.replace("_", "-"): value for name, value in changes.items()}
        monkeypatch.setattr(sys, "argv", ["convert", *words(given)])
        return step.run(convert.main)

    return run


def words(arguments: dict[str, Any]) -> list[str]:
    """Arguments as a shell passes them."""
    return [word for name, value in arguments.items() for word in (f"--{name}", str(value))]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_saved_model_becomes_a_web_model_that_keeps_to_its_contract(
    run: Convert, arguments: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluation = tmp_path / "evaluation.json"
    evaluation.write_text(json.dumps({"model": "/home/me/model", "map": 0.5, "photos": 9}))
    assert run(evaluation=evaluation, commit="1234") == 0
    folder = arguments["out"]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert contracts.violation("manifest", manifest) is None
    files = contents(folder)
    del files["manifest.json"]
    assert [file["path"] for file in manifest["files"]] == sorted(files)
    for file in manifest["files"]:
        assert file["bytes"] == len(files[file["path"]])
        assert file["sha256"] == hashlib.sha256(files[file["path"]]).hexdigest()
    assert manifest["quantization"] == "uint8"
    assert manifest["kernels"] == sorted(set(manifest["kernels"]))
    assert "Softplus" in manifest["kernels"]
    assert manifest["outputs"] == {
        "boxes": "detection_boxes",
        "scores": "detection_multiclass_scores",
    }
    assert manifest["gate"]["passed"]
    assert manifest["gate"]["photos"] == 4
    assert manifest["evaluation"]["trained"] == {"map": 0.5, "photos": 9}
    assert manifest["evaluation"]["converted"]["photos"] == 4
    provenance = manifest["provenance"]
    assert (provenance["commit"], provenance["conversion_commit"]) == ("abc", "1234")
    assert {"tensorflow", "conversion/tensorflowjs"} <= set(provenance["versions"])
    assert "gate passed on 4 photos" in capsys.readouterr().out


def test_what_a_detector_says_of_its_scores_and_terms_is_handed_on_unchanged(
    run: Convert, arguments: dict[str, Any], tmp_path: Path
) -> None:
    said = {
        "reading": "none",
        "class_thresholds": {"1": 0.25, "7": 0.6},
        "score_calibration": {"scores": [0.1, 0.4, 0.9], "probabilities": [0.02, 0.5, 0.98]},
        "terms": [{"name": "photos", "licence": "CC-BY-4.0", "notice": "© somebody", "restricted": False}],
    }
    assert run(detector=detectors.describe(tmp_path / "detector.json", **said)) == 0
    manifest = json.loads((arguments["out"] / "manifest.json").read_text())
    assert {key: manifest[key] for key in said} == said


def test_converting_again_gives_the_same_bytes_and_replaces_the_old(run: Convert, arguments: dict[str, Any]) -> None:
    assert run() == 0
    first = contents(arguments["out"])
    (arguments["out"] / "stale.bin").touch()
    assert run() == 0
    assert contents(arguments["out"]) == first


def test_a_model_that_computes_something_else_in_the_browser_is_kept_out(
    run: Convert, arguments: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    good = contents(arguments["out"])
    source = detectors.save(tmp_path / "wrapping", before=detectors.wrapping)
    detectors.describe(source / "detector.json")
    assert run(saved_model=source, quantize="none") == 1
    assert contents(arguments["out"]) == good
    assert not list(tmp_path.glob(".web_model*"))
    said = capsys.readouterr().err
    assert "error: the gate refused the converted model" in said
    assert "detection_multiclass_scores: differs by" in said
    assert "photo photo" in said
    assert "Traceback" not in said


def raw_without_background(outputs: detectors.Outputs) -> detectors.Outputs:
    """An export whose raw scores have no background column, as focal loss leaves them."""
    made = detectors.exported(outputs)
    return made | {"raw_detection_scores": made["raw_detection_scores"][..., 1:]}


@pytest.mark.parametrize(
    ("after", "background"),
    [(detectors.exported, True), (raw_without_background, False)],
    ids=["background", "no background"],
)
def test_an_export_with_suppression_in_its_graph_gives_its_raw_tensors(
    run: Convert, arguments: dict[str, Any], tmp_path: Path, after: Any, background: bool
) -> None:
    source = detectors.save(
        tmp_path / "theirs",
        1 + len(detectors.DIGITS),
        signature="serving_default",
        input_name="input_tensor",
        dtype=tf.uint8,
        shape=(1, None, None, 3),
        after=after,
    )
    described = detectors.describe(tmp_path / "theirs.json", background_column=background)
    assert run(saved_model=source, detector=described, quantize="none") == 0
    model = json.loads((arguments["out"] / "model.json").read_text())
    assert set(model["signature"]["outputs"]) == {"detection_boxes", "detection_multiclass_scores"}
    assert not any("NonMax" in node["op"] for node in model["modelTopology"]["node"])
    photo = np.random.default_rng(1).integers(0, 256, (detectors.SIZE, detectors.SIZE, 3), np.uint8)
    raw = tf.saved_model.load(str(source)).signatures["serving_default"](input_tensor=tf.constant(photo[None]))
    with WebRuntime(arguments["out"], arguments["web-runtime"]) as runtime:
        found = runtime.run(photo)
        detections = runtime.recognize(photo, 0.0)["detections"]
    for name in ("boxes", "multiclass_scores"):
        expected = raw[f"raw_detection_{name.removeprefix('multiclass_')}"].numpy()
        np.testing.assert_allclose(found[f"detection_{name}"], expected, atol=1e-4)
    # The background is no class: the best detection is of the best of the others.
    scores = raw["raw_detection_scores"].numpy()[0]
    scores = scores[:, 1:] if background else scores
    assert detections[0]["class"] == detectors.DIGITS[int(scores.max(axis=0).argmax())]
    assert detections[0]["score"] == pytest.approx(float(scores.max()), abs=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"dtype": tf.uint8, "after": detectors.with_extras},
        {"dtype": tf.uint8, "shape": (1, None, None, 3)},
        {"shape": (None, None, None, 3)},
    ],
)
def test_somebody_elses_saved_model_goes_through(
    run: Convert, arguments: dict[str, Any], tmp_path: Path, options: dict[str, Any]
) -> None:
    source = detectors.save(
        tmp_path / "theirs",
        1 + len(detectors.DIGITS),
        signature="serving_default",
        input_name="input_tensor",
        **options,
    )
    described = detectors.describe(tmp_path / "theirs.json", background_column=True)
    assert run(saved_model=source, detector=described, quantize="none") == 0
    model = json.loads((arguments["out"] / "model.json").read_text())
    assert set(model["signature"]["inputs"]) == {"image"}
    assert set(model["signature"]["outputs"]) == {"detection_boxes", "detection_multiclass_scores"}
    assert not any("NonMax" in node["op"] for node in model["modelTopology"]["node"])
    manifest = json.loads((arguments["out"] / "manifest.json").read_text())
    assert manifest["background_column"] is True
    with WebRuntime(arguments["out"], arguments["web-runtime"]) as runtime:
        assert runtime.manifest["input"]["name"] == "image"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"saved_model": "nowhere"}, "nowhere: is no SavedModel"),
        ({"web_runtime": "nowhere.mjs"}, "nowhere.mjs: missing; build the recognizer"),
        ({"annotations": "nowhere.csv"}, "nowhere.csv"),
        ({"images": "nowhere"}, "no such photo; check --images"),
        ({"evaluation": "nowhere.json"}, "can't be read as an evaluation"),
        ({"out": REPOSITORY / "schemas"}, "holds other things"),
    ],
)
def test_wrong_paths_end_with_words_and_exit_code_2(
    run: Convert,
    arguments: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, Any],
    words: str,
) -> None:
    assert run(**changes) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert not arguments["out"].exists()


@pytest.mark.parametrize("wrong", [{"photos": 0}, {"quantize": "int4"}, {"colour": "red"}])
def test_wrong_words_on_the_command_line_are_usage_errors(
    run: Convert, wrong: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(**wrong)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_corrupt_photo_is_named_and_leaves_the_old_result(
    run: Convert, arguments: dict[str, Any], photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    good = contents(arguments["out"])
    (photos / "images/photo1.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    assert run() == 2
    assert "photo1.png: not a readable picture" in capsys.readouterr().err
    assert contents(arguments["out"]) == good


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few kilobytes: too small for the weights."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_is_said_and_leaves_nothing(
    run: Convert, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(out=small_disk / "web_model") == 2
    said = capsys.readouterr().err
    assert "no space left" in said.lower()
    assert "Traceback" not in said
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_step_leaves_the_old_result_only(
    arguments: dict[str, Any], number: signal.Signals, code: int
) -> None:
    out: Path = arguments["out"]
    out.mkdir()
    (out / "manifest.json").write_text("the old one")
    process = subprocess.Popen(
        [sys.executable, "-m", "conversion.convert", *words(arguments)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    candidate = out.with_name(f".{out.name}.new")
    deadline = time.monotonic() + 240
    while not candidate.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert candidate.exists()
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in said
    assert contents(out) == {"manifest.json": b"the old one"}
    assert not list(out.parent.glob(".web_model*"))
