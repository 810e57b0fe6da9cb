"""A training survives being killed, and ends with the same weights; what it leaves behind is whole."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tensorflow as tf
import yaml
from PIL import Image

from tests.training.conftest import ROOT, run_step
from training.config import Configuration, load
from training.data.batches import MAX_OBJECTS, training_batches
from training.data.formats import read_csv
from training.errors import ModelError
from training.loop import train
from training.loop.state import State, make_step
from training.models import load_description, load_model, predict


def weights(folder: Path) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    with h5py.File(folder / "best.weights.h5") as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def interrupted_training(
    arguments: list[object], folder: Path, number: signal.Signals, ready: Callable[[], bool]
) -> int:
    """Start a training, send it a signal as soon as ``ready``, and return its exit code."""
    command = [sys.executable, "-m", "training.loop.train", *map(str, arguments), "--out", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        for _ in range(15000):
            if ready() or process.poll() is not None:
                break
            time.sleep(0.02)
        process.send_signal(number)
        return process.wait(120)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda s: s.name)
def test_a_training_that_was_ended_resumes_and_ends_with_the_same_weights(
    number: signal.Signals, checkpoint: Path, records: Path, config_file: Path, tmp_path: Path
) -> None:
    arguments: list[object] = ["--config", config_file, "--records", records]
    folder = tmp_path / "checkpoints"
    code = interrupted_training(arguments, folder, number, (folder / "checkpoint").exists)
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    assert not (folder / "training.json").exists()
    resumed = run_step("training.loop.train", *arguments, "--out", folder)
    assert resumed.returncode == 0, resumed.stderr
    assert "training: step 0 of" not in resumed.stderr
    expected, found = weights(checkpoint), weights(folder)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(value, found[name], err_msg=name)
    assert [entry["calibration"] for entry in history(folder)] == [
        entry["calibration"] for entry in history(checkpoint)
    ]


def history(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


def test_a_step_never_leaves_the_device_for_python(config_file: Path, tmp_path: Path) -> None:
    config = load(config_file)
    side = config.training.crop
    step = make_step(State(config, tmp_path / "checkpoints"), config)
    shapes = [((side, side, 3), tf.uint8), ((MAX_OBJECTS, 4), tf.float32), ((MAX_OBJECTS,), tf.int32)]
    batch = [tf.TensorSpec((config.training.batch, *shape), kind) for shape, kind in shapes]
    graph = step.get_concrete_function(*batch).graph.as_graph_def()
    inner = [node for function in graph.library.function for node in function.node_def]
    operations = {node.op for node in (*graph.node, *inner)}
    assert {"Conv2D", "Conv2DBackpropFilter", "AssignVariableOp"} <= operations
    assert not {name for name in operations if "Py" in name or "Host" in name or name in {"Print", "PrintV2", "Send"}}


def test_batches_are_prepared_before_determinism_is_asked_for(
    records: Path, config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else TensorFlow draws none of them while the training computes."""
    prepared: list[int] = []

    def prepare(folder: Path, config: Configuration, first_step: int, *_: int) -> Any:
        prepared.append(first_step)
        return training_batches(folder, config, first_step)

    def ask() -> None:
        raise StopIteration(*prepared)

    monkeypatch.setattr(train, "training_batches", prepare)
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", ask)
    with pytest.raises(StopIteration, match="0"):
        train.train(load(config_file), records, tmp_path / "checkpoints")


def test_a_finished_training_is_not_repeated(checkpoint: Path, records: Path, config_file: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in checkpoint.iterdir()}
    done = run_step("training.loop.train", "--config", config_file, "--records", records, "--out", checkpoint)
    assert done.returncode == 0
    assert "finished" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in checkpoint.iterdir()} == before


def test_a_training_leaves_what_others_need(checkpoint: Path) -> None:
    description = load_description(checkpoint)
    assert description["name"] == "tiny"
    assert 0 < description["score_threshold"] < 1
    assert len(history(checkpoint)) == 3
    assert all(0 < entry["processor_share"] <= 1.05 for entry in history(checkpoint))
    assert (checkpoint / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert list((checkpoint / "tensorboard").glob("events*"))
    summary = json.loads((checkpoint / "training.json").read_text())
    assert summary["steps"] == 12
    assert summary["machine"]["processors"] == len(os.sched_getaffinity(0))
    assert summary["machine"]["processor"]


def test_another_configuration_is_refused_and_nothing_is_lost(
    checkpoint: Path, records: Path, config_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (folder / "config.yaml").write_text((checkpoint / "config.yaml").read_text().replace("seed: 1", "seed: 2"))
    done = run_step("training.loop.train", "--config", config_file, "--records", records, "--out", folder)
    assert done.returncode == 2
    assert "another configuration" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_stops_early_when_nothing_gets_better(records: Path, config_file: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.yaml"
    config.write_text(config_file.read_text().replace("steps: 12", "steps: 400, patience: 1, learning_rate: 1.0e-9"))
    done = run_step("training.loop.train", "--config", config, "--records", records, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "stopped early" in done.stderr
    assert json.loads((tmp_path / "out/training.json").read_text())["steps"] < 400


def test_an_unreadable_checkpoint_is_named(records: Path, config_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    arguments: list[object] = ["--config", config_file, "--records", records]
    interrupted_training(arguments, folder, signal.SIGTERM, (folder / "checkpoint").exists)
    for path in folder.glob("ckpt-*.index"):
        path.write_bytes(b"rubbish")
    done = run_step("training.loop.train", *arguments, "--out", folder)
    assert done.returncode == 2
    assert "unreadable" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("broken", ["nothing", "description", "weights"])
def test_a_folder_that_is_no_model_is_refused(broken: str, checkpoint: Path, tmp_path: Path) -> None:
    if broken != "nothing":
        (tmp_path / "config.yaml").write_text((checkpoint / "config.yaml").read_text())
        (tmp_path / "detector.json").write_text((checkpoint / "detector.json").read_text())
        (tmp_path / "best.weights.h5").write_bytes(b"rubbish")
    if broken == "description":
        (tmp_path / "detector.json").write_text('{"name": "x"}')
    with pytest.raises(ModelError):
        load_model(tmp_path)


def test_checkpoint_and_saved_model_say_the_same(checkpoint: Path, photos: Path, tmp_path: Path) -> None:
    done = run_step("training.export", "--checkpoint", checkpoint, "--out", tmp_path / "saved_model")
    assert done.returncode == 0, done.stderr
    some = read_csv(photos / "annotations.csv").photos[:8]
    both = [
        list(predict(load_model(folder), some, photos / "images")) for folder in (checkpoint, tmp_path / "saved_model")
    ]
    found = 0
    for (_, first, _), (_, second, _) in zip(*both, strict=True):
        # In whatever order: the scores of so small a training are close to each other.
        same = first.classes[:, None] == second.classes
        far = np.abs(first.boxes[:, None] - second.boxes).max(-1) + np.where(same, 0.0, 1e6)
        there = far.argmin(1)
        assert sorted(there) == list(range(len(second.scores)))
        assert far.min(1).max(initial=0.0) < 0.05
        np.testing.assert_allclose(first.scores, second.scores[there], atol=1e-4)
        found += len(first.scores)
    assert found


def test_an_evaluation_has_figures_charts_and_pictures(
    checkpoint: Path, photos: Path, records: Path, tmp_path: Path
) -> None:
    done = run_step(
        "training.evaluation.evaluate", "--model", checkpoint, "--images", photos / "images",
        "--annotations", records / "validation.csv", "--out", tmp_path / "e",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "e/evaluation.json").read_text())
    judged = read_csv(records / "validation.csv").photos
    assert figures["photos"] == len(judged)
    low, high = figures["full_number_accuracy_interval"]
    assert low <= figures["full_number_accuracy"] <= high
    assert figures["milliseconds_per_photo"] > 0
    assert set(figures["per_class"]) == set("0123456789")
    assert list((tmp_path / "e/pictures").glob("*.jpg"))
    rows = list(csv.DictReader((tmp_path / "e/photos.csv").read_text().splitlines()))
    assert [row["filename"] for row in rows] == [photo.filename for photo in judged]
    wrong = sum(row["right"] == "0" for row in rows)
    assert wrong / len(rows) == pytest.approx(1 - figures["full_number_accuracy"])
    # A detector of twelve steps reads nothing right: the sheet of the worst is there.
    assert len(list((tmp_path / "e/worst").glob("*.jpg"))) == min(50, wrong) > 0
    with Image.open(tmp_path / "e/worst.jpg") as sheet:
        assert sheet.width == 1500
    page = (tmp_path / "e/evaluation.md").read_text()
    charts = re.findall(r"!\[[^]]*\]\(([^)]+)\)", page)
    assert charts == [
        f"charts/{n}.png" for n in ("precision_recall", "confusion", "heights", "calibration", "thresholds")
    ]
    for chart in charts:
        with Image.open(tmp_path / "e" / chart) as image:
            assert image.width > 500
    assert "chosen on the calibration split" in page
    assert f"{100 * low:.1f} to {100 * high:.1f}" in page


def test_objects_that_are_not_read_are_judged_without_a_word_of_reading(
    checkpoint: Path, photos: Path, records: Path, tmp_path: Path
) -> None:
    model = shutil.copytree(checkpoint, tmp_path / "model")
    described = json.loads((model / "detector.json").read_text())
    described |= {
        "reading": "none",
        "class_thresholds": {"1": 0.9, "2": 0.06},
        "score_calibration": {"scores": [0.1, 0.9], "probabilities": [0.0, 0.5]},
    }
    (model / "detector.json").write_text(json.dumps(described))
    done = run_step(
        "training.evaluation.evaluate", "--model", model, "--images", photos / "images",
        "--annotations", records / "validation.csv", "--out", tmp_path / "e",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "full number" not in done.stderr
    figures = json.loads((tmp_path / "e/evaluation.json").read_text())
    assert not [key for key in figures if "full_number" in key]
    assert figures["calibration_error_shown"] != figures["calibration_error"]
    assert (figures["per_class"]["1"]["threshold"], figures["per_class"]["2"]["threshold"]) == (0.9, 0.06)
    assert "threshold" not in figures["per_class"]["3"]
    page = (tmp_path / "e/evaluation.md").read_text()
    assert "full number" not in page
    assert "0.9 for 1, 0.06 for 2" in page
    found = json.loads((tmp_path / "e/weaknesses.json").read_text())
    assert sum(one["objects"] for one in found["heights"]) == figures["objects"]
    edges = [one for one in found["kinds"] if one["measure"] == "edge"]
    assert sum(one["objects"] for one in edges) == figures["objects"]
    assert "| wholly in the photo |" in page
    assert found["worst"]
    rows = {row["filename"]: row for row in csv.DictReader((tmp_path / "e/photos.csv").read_text().splitlines())}
    for one in found["worst"]:
        assert one["fault"]
        assert rows[one["filename"]]["right"] == "0"
        assert (tmp_path / "e" / one["picture"]).is_file()


def changed(config_file: Path, path: Path, **sections: object) -> Path:
    """A copy of the tiny configuration with other values."""
    document = yaml.safe_load(config_file.read_text())
    for name, value in sections.items():
        document[name] = {**document[name], **value} if isinstance(value, dict) else value
    path.write_text(yaml.safe_dump(document))
    return path


def test_a_loss_that_is_no_number_ends_the_training_with_the_step(
    records: Path, config_file: Path, tmp_path: Path
) -> None:
    rates = {"learning_rate": 1e6, "clip_norm": 1e9, "warmup": 5, "checkpoint_every": 1}
    config = changed(config_file, tmp_path / "c.yaml", training=rates)
    out = tmp_path / "out"
    done = run_step("training.loop.train", "--config", config, "--records", records, "--out", out)
    assert done.returncode == 2
    said = done.stderr.splitlines()[-1]
    found = re.fullmatch(r"error: step (\d+): the (loss|weights) aren't numbers any more; (.+)\. Lower (.+)", said)
    assert found, said
    assert "training.learning_rate (1e+06)" in found[4]
    last = found[3].rpartition("-")[2]
    assert (out / f"ckpt-{last}.index").exists()
    assert int(last) < int(found[1])
    assert not (out / "training.json").exists()
    assert "NaN" not in "".join(path.read_text() for path in out.glob("*.json*"))


def test_batches_without_any_object_are_drawn(photos: Path, config_file: Path, tmp_path: Path) -> None:
    rows = list(csv.reader((photos / "annotations.csv").read_text().splitlines()))
    header, by_photo = rows[0], {row[0]: row for row in rows[1:]}
    # Every tenth photo keeps its objects.
    kept = set(list(by_photo)[::10])
    bare = [[*row[:3], *[""] * 5, *row[8:]] for name, row in by_photo.items() if name not in kept]
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *[row for row in rows[1:] if row[0] in kept], *bare])
    packed = run_step(
        "training.data.records", "--config", config_file, "--images", photos / "images",
        "--annotations", tmp_path / "labels.csv", "--out", tmp_path / "records",
    )  # fmt: skip
    assert packed.returncode == 0, packed.stderr
    config = load(config_file)
    drawn = [labels.numpy() for _, _, labels in training_batches(tmp_path / "records", config, 0).take(30)]
    assert {labels.shape for labels in drawn} == {(config.training.batch, MAX_OBJECTS)}
    assert {bool((labels >= 0).any()) for labels in drawn} == {True, False}


def test_checkpoints_are_pruned_and_found_again_below_any_name(
    checkpoint: Path, records: Path, config_file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "a[1]*? {x}" / "checkpoints"
    folder.parent.mkdir()
    arguments: list[object] = ["--config", config_file, "--records", records]
    interrupted_training(arguments, folder, signal.SIGTERM, (folder / "ckpt-4.index").exists)
    resumed = run_step("training.loop.train", *arguments, "--out", folder)
    assert resumed.returncode == 0, resumed.stderr
    assert "training: step 0 of" not in resumed.stderr
    assert {path.name for path in folder.iterdir() if path.suffix == ".index"} == {"ckpt-8.index", "ckpt-12.index"}
    for name, value in weights(checkpoint).items():
        np.testing.assert_array_equal(value, weights(folder)[name], err_msg=name)


def test_minutes_become_steps_and_a_training_that_goes_on_keeps_them(
    records: Path, config_file: Path, tmp_path: Path
) -> None:
    document = yaml.safe_load(config_file.read_text())
    document["training"] = {"minutes": 0.5, "batch": 4, "crop": 64, "precision": "float32"}
    config = tmp_path / "c.yaml"
    config.write_text(yaml.safe_dump(document))
    out = tmp_path / "out"
    arguments: list[object] = ["--config", config, "--records", records]
    interrupted_training(arguments, out, signal.SIGTERM, lambda: (out / "checkpoint").exists())
    tables = json.loads((out / "timetable.json").read_text())
    assert tables[0]["from"] == 0
    assert tables[0]["steps"] >= 20
    done = run_step("training.loop.train", *arguments, "--out", out)
    assert done.returncode == 0, done.stderr
    again = json.loads((out / "timetable.json").read_text())
    assert again[: len(tables)] == tables
    assert json.loads((out / "training.json").read_text())["steps"] == again[-1]["steps"]
    assert yaml.safe_load((out / "config.yaml").read_text())["training"]["minutes"] == 0.5
