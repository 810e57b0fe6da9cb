"""Records to a trained detector: the loop, its checkpoints, and what it leaves behind.

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
from training.calibration import Calibration
from training.config import Configuration, load
from training.data.batches import training_batches
from training.data.pixels import recolour
from training.data.records import read_manifest
from training.detector import losses, network
from training.detector.network import STRIDE
from training.detector.targets import targets
from training.drawing import plot_history
from training.errors import ModelError, TrainingError
from training.machine import Meter, describe
from training.models import DESCRIPTION, WEIGHTS, meaning
from training.outputs import write_whole
from training.warm_start import Start

SUMMARY = "training.json"
SAY_EVERY = 50


class State:
    """Everything that changes while training: networks, optimiser, counters, and their checkpoints."""

    def __init__(self, config: Configuration, folder: Path) -> None:
        """Start from scratch, or from the last checkpoint in ``folder``. Raises ModelError if that is unreadable."""
        settings = config.training
        keras.config.set_dtype_policy("mixed_bfloat16" if wants_bfloat16(settings.precision) else "float32")
        self.model = network.build(config.network, len(config.classes))
        keras.config.set_dtype_policy("float32")
        # The moving average of the weights is what is judged and exported.
        self.averaged = network.build(config.network, len(config.classes))
        self.averaged.set_weights(self.model.get_weights())
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0,
            max(1, settings.steps - settings.warmup),
            alpha=0.02,
            warmup_target=settings.learning_rate,
            warmup_steps=settings.warmup,
        )
        self.optimizer = keras.optimizers.AdamW(
            schedule, weight_decay=settings.weight_decay, global_clipnorm=settings.clip_norm
        )
        self.optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self.optimizer.build(self.model.trainable_variables)
        self.step = tf.Variable(0, dtype=tf.int64)
        self.best = tf.Variable(-1.0)
        self.stale = tf.Variable(0)
        checkpoint = tf.train.Checkpoint(
            model=self.model,
            averaged=self.averaged,
            optimizer=self.optimizer,
            step=self.step,
            best=self.best,
            stale=self.stale,
        )
        self.manager = tf.train.CheckpointManager(checkpoint, str(folder), max_to_keep=2)
        if self.manager.latest_checkpoint:
            self._restore(checkpoint)

    def _restore(self, checkpoint: Any) -> None:
        latest = self.manager.latest_checkpoint
        try:
            checkpoint.restore(latest).assert_consumed()
        except (tf.errors.OpError, ValueError, AssertionError) as error:
            raise ModelError(
                f"{latest}: unreadable, or not of this configuration; delete its folder to train anew"
            ) from error

    def save(self) -> None:
        """Write a checkpoint of the present step."""
        self.manager.save(checkpoint_number=int(self.step))


def wants_bfloat16(precision: str) -> bool:
    """Whether to compute in bfloat16: as asked, or where the processor or the GPU does so natively."""
    if precision != "auto":
        return precision == "bfloat16"
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0))
        return bool(capability >= (8, 0))
    flags = Path("/proc/cpuinfo")
    return flags.exists() and "avx512_bf16" in flags.read_text()


def make_step(state: State, config: Configuration) -> Any:
    """The compiled training step: batch and step number in, class loss and box loss out."""
    settings = config.training
    cells = (settings.crop // STRIDE, settings.crop // STRIDE)
    variables = state.model.trainable_variables

    @tf.function
    def step(crops: Any, boxes: Any, labels: Any) -> tuple[Any, Any]:
        seed = tf.stack([settings.seed, tf.cast(state.step, tf.int32)])
        images = recolour(crops, seed, config.augmentation)
        truth = targets(boxes, labels, cells, len(config.classes))
        with tf.GradientTape() as tape:
            logits, distances = state.model(images, training=True)
            class_loss = losses.class_loss(logits, truth)
            box_loss = losses.box_loss(distances, truth)
            loss = class_loss + losses.BOX_WEIGHT * box_loss
        state.optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        state.step.assign_add(1)
        # Young averages follow quickly, so that they don't remember the start.
        done = tf.cast(state.step, tf.float32)
        decay = tf.minimum(settings.averaging, (1 + done) / (10 + done))
        for average, weight in zip(state.averaged.variables, state.model.variables, strict=True):
            if average.dtype == "float32":
                average.assign(average * decay + tf.cast(weight, tf.float32) * (1 - decay))
        return class_loss, box_loss

    return step


class Course:
    """What has happened so far, one entry a checkpoint: ``history.jsonl``, TensorBoard and the loss curve."""

    def __init__(self, folder: Path, first_step: int) -> None:
        """Continue the history in ``folder`` up to ``first_step``; what came after it will be trained again."""
        self.path = folder / "history.jsonl"
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        self.entries = [entry for entry in map(json.loads, lines) if entry["step"] <= first_step]
        self.writer = tf.summary.create_file_writer(str(folder / "tensorboard"))

    def add(self, entry: dict[str, Any], pictures: list[Any]) -> None:
        """Remember an entry and show it."""
        self.entries.append(entry)
        write_whole(self.path, "".join(json.dumps(entry) + "\n" for entry in self.entries))
        with self.writer.as_default(step=entry["step"]):
            for name, value in entry.items():
                tf.summary.scalar(name, value)
            for index, picture in enumerate(pictures):
                tf.summary.image(f"calibration/{index}", np.asarray(picture)[None])
        self.writer.flush()


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
    tf.config.experimental.enable_op_determinism()
    start = Start(start_from, config) if start_from else None
    _claim(out, config, manifest["fingerprint"], start)
    state = State(config, out)
    first = int(state.step)
    if start and first == 0:
        start.fill(state.model)
        state.averaged.set_weights(state.model.get_weights())
    calibration = Calibration(records, config)
    course = Course(out, first)
    step = make_step(state, config)
    ended = _catch_signals()
    count = manifest["splits"]["train"]["photos"]
    print(f"training: step {first} of {settings.steps}, {count} photos", file=sys.stderr)
    # Since the last checkpoint: both losses summed, steps, seconds spent waiting for batches.
    sums, steps, waiting, since, meter = np.zeros(2), 0, 0.0, time.monotonic(), Meter()
    batches = iter(training_batches(records, config, first))
    for number in range(first + 1, settings.steps + 1):
        if state.stale >= settings.patience:
            print(f"no better calibration figure in {settings.patience} checkpoints: stopped early", file=sys.stderr)
            break
        before = time.monotonic()
        batch = next(batches)
        waiting += time.monotonic() - before
        sums += [float(value) for value in step(*batch)]
        steps += 1
        rate = steps * settings.batch / (time.monotonic() - since)
        class_loss, box_loss = (float(value) for value in sums / steps)
        if number % SAY_EVERY == 0:
            losses_said = f"class loss {class_loss:.3f}, box loss {box_loss:.3f}"
            print(f"step {number}/{settings.steps}, {losses_said}, {rate:.0f} photos/s", file=sys.stderr)
        if number % settings.checkpoint_every == 0 or number == settings.steps:
            busy = meter.share()
            figure, threshold, pictures = calibration.judge(state.averaged)
            better = figure > float(state.best)
            state.best.assign(max(figure, float(state.best)))
            state.stale.assign(0 if better else int(state.stale) + 1)
            if better:
                _save_weights(state.averaged, out / WEIGHTS)
            entry = {
                "step": number,
                "loss": class_loss + losses.BOX_WEIGHT * box_loss,
                "class_loss": class_loss,
                "box_loss": box_loss,
                "calibration": figure,
                "threshold": threshold,
                "photos_per_second": rate,
                "seconds_waiting": waiting,
                "processor_share": busy,
            }
            course.add(entry, pictures)
            print(f"step {number}: calibration {figure:.3f}{' (best)' if better else ''}", file=sys.stderr)
            state.save()
            sums, steps, waiting, since, meter = np.zeros(2), 0, 0.0, time.monotonic(), Meter()
        elif ended:
            state.save()
            raise KeyboardInterrupt
    provenance = {
        "commit": commit,
        "data_fingerprint": manifest["fingerprint"],
        "split": config.split.model_dump(),
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
