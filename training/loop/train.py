"""Records to a trained detector: the loop, and what it leaves behind.

The output folder is kept between attempts. A training that was killed goes on at its last checkpoint and ends with the
same weights as one that was not: batches depend on the step alone (see `data.batches`), and all state is in the
checkpoint. Ctrl-C and SIGTERM write one before they end it.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import yaml

from training import command
from training.config import Configuration, load
from training.data.batches import training_batches
from training.data.records import read_manifest
from training.drawing import plot_history
from training.errors import TrainingError
from training.loop.calibration import Calibration
from training.loop.course import Course, Lap
from training.loop.machine import describe
from training.loop.state import State, make_step, wants_bfloat16
from training.loop.warm_start import Start
from training.models import DESCRIPTION, WEIGHTS, meaning
from training.outputs import write_whole

SUMMARY = "training.json"
SAY_EVERY = 50


def train(
    config: Configuration, records: Path, out: Path, commit: str | None = None, start_from: Path | None = None
) -> None:
    """Train to the end, or to an early stop, and leave the best weights in ``out``.

    ``start_from`` is the folder of a finished training whose weights it begins with.

    Raises:
        TrainingError: where ``out`` holds another training, or records, checkpoints or weights can't be used
        KeyboardInterrupt: after a checkpoint, where the process was asked to end
    """
    manifest = read_manifest(records)
    settings = config.training
    keras.utils.set_random_seed(settings.seed)
    start = Start(start_from, config) if start_from else None
    _claim(out, config, manifest["fingerprint"], start)
    state = State(config, out)
    # Read once: where the state lies on a GPU, asking for it at each step would make the loop wait for that.
    first, stale = int(state.step), int(state.stale)
    batches = iter(training_batches(records, config, first))
    # Asked for earlier, it would have every batch drawn while the training waits: TensorFlow takes the shuffling of
    # each epoch for a source of chance. Seeds and order make it none.
    tf.config.experimental.enable_op_determinism()
    if start and first == 0:
        start.fill(state.model)
        state.averaged.set_weights(state.model.get_weights())
    calibration = Calibration(records, config)
    course = Course(out, first)
    step = make_step(state, config)
    ended = _catch_signals()
    count = manifest["splits"]["train"]["photos"]
    print(f"training: step {first} of {settings.steps}, {count} photos", file=sys.stderr)
    lap = Lap(settings.batch)
    for number in range(first + 1, settings.steps + 1):
        if stale >= settings.patience:
            print(f"no better calibration figure in {settings.patience} checkpoints: stopped early", file=sys.stderr)
            break
        before = time.monotonic()
        batch = next(batches)
        waited = time.monotonic() - before
        lap.add(step(*batch), waited)
        if number % SAY_EVERY == 0:
            class_loss, box_loss = lap.means()
            losses_said = f"class loss {class_loss:.3f}, box loss {box_loss:.3f}"
            print(f"step {number}/{settings.steps}, {losses_said}, {lap.rate():.0f} photos/s", file=sys.stderr)
        if number % settings.checkpoint_every == 0 or number == settings.steps:
            entry = {"step": number, **lap.entry()}
            figure, threshold, pictures = calibration.judge(state.averaged)
            better = figure > float(state.best)
            state.best.assign(max(figure, float(state.best)))
            stale = 0 if better else stale + 1
            state.stale.assign(stale)
            if better:
                _save_weights(state.averaged, out / WEIGHTS)
            course.add({**entry, "calibration": figure, "threshold": threshold}, pictures)
            print(f"step {number}: calibration {figure:.3f}{' (best)' if better else ''}", file=sys.stderr)
            state.save()
            lap = Lap(settings.batch)
        elif ended:
            state.save()
            raise KeyboardInterrupt
    provenance = {
        "commit": commit,
        "data_fingerprint": manifest["fingerprint"],
        "split": config.split.model_dump(exclude_none=True),
        **({"ignored": list(config.ignored)} if config.ignored else {}),
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__},
        **({"started_from": start.provenance()} if start else {}),
    }
    _finish(state, config, calibration, course, provenance, out)


def _claim(out: Path, config: Configuration, fingerprint: str, start: Start | None) -> None:
    """Make ``out`` this training's folder. Raises TrainingError where it is another's."""
    out.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(json.loads(config.model_dump_json()), sort_keys=False) + f"# records {fingerprint}\n"
    if start:
        text += f"# started from weights {start.fingerprint}\n"
    path = out / "config.yaml"
    if path.exists() and path.read_text() != text:
        raise TrainingError(
            f"{out}: holds a training with another configuration, other records or another start; "
            "delete it or choose another folder"
        )
    write_whole(path, text)


def _catch_signals() -> list[int]:
    """A list that isn't empty any more once the process was asked to end."""
    ended: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: ended.append(received))
    return ended


def _save_weights(model: Any, path: Path) -> None:
    temporary = path.with_name(f"new.{path.name}")
    model.save_weights(temporary)
    temporary.replace(path)


def _finish(
    state: State,
    config: Configuration,
    calibration: Calibration,
    course: Course,
    provenance: dict[str, Any],
    out: Path,
) -> None:
    """Choose the threshold of the best weights and write detector.json, the loss curve and the summary."""
    state.averaged.load_weights(out / WEIGHTS)
    figure, threshold, _ = calibration.judge(state.averaged)
    description = {**meaning(config), "score_threshold": threshold, "provenance": provenance}
    write_whole(out / DESCRIPTION, json.dumps(description, indent=1) + "\n")
    plot_history(course.entries, out / "loss.png")
    summary = {
        "steps": int(state.step),
        "calibration": figure,
        "score_threshold": threshold,
        "photos_per_second": float(np.median([entry["photos_per_second"] for entry in course.entries])),
        "parameters": state.model.count_params(),
        "machine": describe(),
        "precision": "bfloat16" if wants_bfloat16(config.training.precision) else "float32",
    }
    write_whole(out / SUMMARY, json.dumps(summary, indent=1) + "\n")
    print(f"trained {summary['steps']} steps; calibration {figure:.3f} at threshold {threshold}", file=sys.stderr)


def main() -> None:
    """Train a detector on records; run again, it goes on where it was."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--from", dest="start_from", type=Path, help="folder of a finished training to begin with")
    parser.add_argument("--commit", help="of the code, remembered in detector.json")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints, kept between attempts")
    options = parser.parse_args()
    if (options.out / SUMMARY).exists():
        print(f"{options.out}: this training is finished")
        return
    train(load(options.config), options.records, options.out, options.commit, options.start_from)


if __name__ == "__main__":
    command.run(main, tf.errors.OpError)
