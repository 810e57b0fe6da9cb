"""The client of the Node runtime: answers, and obituaries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conversion import node
from conversion.errors import RuntimeFailure
from conversion.web_runtime import WebRuntime
from tests.conversion.conftest import MakeWebModel


def test_it_letterboxes_into_the_models_input(make_web_model: MakeWebModel, web_runtime: Path) -> None:
    _, folder = make_web_model()
    photo = np.full((32, 64, 3), 9, np.uint8)
    with WebRuntime(folder, web_runtime) as runtime:
        image = runtime.letterbox(photo)
    assert image.shape == (64, 64, 3)
    assert (image[:32] == 9).all()
    assert (image[32:] == 114).all()


def test_it_recognizes_and_reads(make_web_model: MakeWebModel, web_runtime: Path) -> None:
    _, folder = make_web_model()
    photo = np.random.default_rng(4).integers(0, 256, (50, 80, 3), np.uint8)
    with WebRuntime(folder, web_runtime) as runtime:
        every = runtime.recognize(photo, 0.0)
        best = runtime.recognize(photo, 0.9)
        outputs = runtime.run(runtime.letterbox(photo))
        decoded = runtime.decode(outputs, 80, 50)
        text = runtime.read([(0, 30, 10, 38), (0, 20, 10, 28)], ["2", "4"])
    assert len(every["detections"]) > len(best["detections"]) > 0
    assert all(detection["score"] >= 0.9 for detection in best["detections"])
    assert every["milliseconds"] > 0
    assert decoded["numbers"] == every["numbers"]
    assert text == "42"


def test_a_flipped_byte_is_refused_by_its_hash(make_web_model: MakeWebModel, web_runtime: Path) -> None:
    _, folder = make_web_model()
    (shard,) = folder.glob("weights-*.bin")
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    with pytest.raises(RuntimeFailure, match=f"{shard.name} has the SHA-256"):
        WebRuntime(folder, web_runtime)


def test_missing_parts_are_named(make_web_model: MakeWebModel, web_runtime: Path, tmp_path: Path) -> None:
    _, folder = make_web_model()
    with pytest.raises(RuntimeFailure, match=r"elsewhere.mjs: missing; build the recognizer"):
        WebRuntime(folder, tmp_path / "elsewhere.mjs")
    with pytest.raises(RuntimeFailure, match="is no web model"):
        WebRuntime(tmp_path, web_runtime)
    with pytest.raises(RuntimeFailure, match="no-node: can't be started"):
        WebRuntime(folder, web_runtime, node=tmp_path / "no-node")


def test_a_runtime_that_dies_leaves_its_last_words(make_web_model: MakeWebModel, tmp_path: Path) -> None:
    _, folder = make_web_model()
    dying = tmp_path / "dying.mjs"
    dying.write_text("console.error('out of luck'); process.exit(3)")
    with pytest.raises(RuntimeFailure, match=r"exit code 3.*\n.*out of luck"):
        WebRuntime(folder, dying)


def test_a_runtime_that_says_nothing_is_ended(
    make_web_model: MakeWebModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, folder = make_web_model()
    silent = tmp_path / "silent.mjs"
    silent.write_text("setInterval(() => {}, 1000)")
    monkeypatch.setattr(node, "PATIENCE", 1.0)
    with pytest.raises(RuntimeFailure, match="stopped after 1 s"):
        WebRuntime(folder, silent)


def test_a_refused_request_does_not_end_the_runtime(make_web_model: MakeWebModel, web_runtime: Path) -> None:
    _, folder = make_web_model()
    with WebRuntime(folder, web_runtime) as runtime:
        with pytest.raises(RuntimeFailure, match="refused run"):
            runtime.run(np.zeros((3, 3, 3), np.uint8))
        assert runtime.letterbox(np.zeros((3, 3, 3), np.uint8)).shape == (64, 64, 3)
