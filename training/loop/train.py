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
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from training import command
from training.config import Configuration, Training, dump, load
from training.data.batches import training_batches
from training.data.records import read_manifest
from training.drawing import plot_history
from training.errors import TrainingError
from training.loop.calibration import Calibration
from training.loop.course import Course, Lap
from training.loop.machine import describe
from training.loop.state import State, make_step, wants_bfloat16
from training.loop.timetable import Clock, Log, Timetable, in_words, seconds_per_step
from training.loop.warm_start import Start
from training.models import DESCRIPTION, WEIGHTS, meaning
from training.outputs import write_whole

SUMMARY = "training.json"
SAY_EVERY = 50
SAY_SECONDS = 20.0
LATE = 2.0
"""A checkpoint is written early where the way to it takes so many times as long as planned."""


def train(
    config: Configuration, records: Path, out: Path, commit: str | None = None, start_from: Path | None = None
) -> None:
    """Train to the end, or to an early stop, and leave the best weights in ``out``.

    ``start_from`` is the folder of a start, or of a finished training, whose weights it begins with.

    Raises:
        TrainingError: where ``out`` holds another training, or records, checkpoints or weights can't be used, or where
            the loss stops being a number
        KeyboardInterrupt: after a checkpoint, where the process was asked to end
    """
    began = time.monotonic()
    manifest = read_manifest(records)
    settings = config.training
    keras.utils.set_random_seed(settings.seed)
    start = Start(start_from, config) if start_from else None
    _claim(out, config, manifest["fingerprint"], start)
    state = State(config, out)
    # Read once: where the state lies on a GPU, asking for it at each step would make the loop wait for that.
    first, stale = int(state.step), int(state.stale)
    drawn = iter(training_batches(records, config, first))
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
    clock = (
        Clock(settings.minutes, sum(entry["seconds"] for entry in course.entries), began) if settings.minutes else None
    )
    log = Log(out, first)
    table = log.latest or Timetable.written(settings)
    batches: Iterator[Any] = drawn
    if clock and not log.latest:
        table, seen = _plan(clock, settings, state, step, drawn, calibration)
        log.add(table, first)
        batches = chain(seen, drawn)
    state.follow(table)
    count = manifest["splits"]["train"]["photos"]
    print(f"training: step {first} of {table.steps}, {count} photos", file=sys.stderr)
    lap, said, judging = Lap(settings.batch), time.monotonic(), 0.0
    number = first
    while number < table.steps:
        if stale >= settings.patience:
            print(f"no better calibration figure in {settings.patience} checkpoints: stopped early", file=sys.stderr)
            break
        number += 1
        before = time.monotonic()
        batch = next(batches)
        waited = time.monotonic() - before
        lap.add(step(*batch), waited)
        if number % SAY_EVERY == 0 and (clock is None or time.monotonic() - said > SAY_SECONDS):
            said = time.monotonic()
            state.check()
            _say(number, table, lap, judging)
        late = clock is not None and lap.steps > 1 and lap.seconds() > LATE * clock.lap(table)
        if number % table.checkpoint_every == 0 or number == table.steps or late:
            state.check()
            entry = {"step": number, **lap.entry()}
            verdict = calibration.judge(state.averaged)
            better = verdict.figure > float(state.best)
            state.best.assign(max(verdict.figure, float(state.best)))
            stale = 0 if better else stale + 1
            state.stale.assign(stale)
            taken = verdict.is_taken(float(state.kept))
            if taken:
                state.kept.assign(verdict.figure)
                _save_weights(state.averaged, out / WEIGHTS)
            judging = lap.seconds() - entry["seconds"]
            figures = {"calibration": verdict.figure, "calibration_low": verdict.low, "calibration_high": verdict.high}
            entry |= {**figures, "threshold": verdict.threshold, "seconds": lap.seconds()}
            course.add(entry, verdict.pictures)
            print(f"step {number}: calibration {verdict.figure:.3f}{' (kept)' if taken else ''}", file=sys.stderr)
            if clock:
                corrected = clock.correct(table, number, (entry["seconds"] - judging) / lap.steps, judging)
                if corrected != table:
                    table = corrected
                    log.add(table, number)
                    state.follow(table)
                    print(f"the machine's speed changed: {table.steps} steps in all", file=sys.stderr)
                state.seconds.assign(clock.used())
            state.save()
            lap = Lap(settings.batch)
        elif ended:
            state.check()
            if clock:
                state.seconds.assign(clock.used())
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
    _finish(state, config, calibration, course, provenance, start.terms if start else [], out)


def _plan(
    clock: Clock, settings: Training, state: State, step: Any, batches: Iterator[Any], calibration: Calibration
) -> tuple[Timetable, list[Any]]:
    """A timetable from how fast this machine is, and the batches that it was measured with, to be trained on yet."""
    before = state.snapshot()
    calibration.judge(state.averaged)
    judged = time.monotonic()
    calibration.judge(state.averaged)
    judging = time.monotonic() - judged
    seen = [next(batches)]
    # The first one compiles.
    step(*seen[0]).numpy()

    def measured() -> None:
        seen.append(next(batches))
        step(*seen[-1]).numpy()

    each = seconds_per_step(measured, 4, 40, min(12.0, 0.04 * clock.minutes * 60))
    state.put_back(before)
    table = clock.plan(settings, each, judging)
    print(
        f"{1 / each:.1f} steps a second: {table.steps} steps in {clock.minutes:g} minutes, with compiling and judging",
        file=sys.stderr,
    )
    return table, seen


def _say(number: int, table: Timetable, lap: Lap, judging: float) -> None:
    """A line of progress."""
    class_loss, box_loss = lap.means()
    left = table.steps - number
    seconds = left * lap.seconds() / lap.steps + (left // table.checkpoint_every + 1) * judging
    print(
        f"step {number} of {table.steps}, {in_words(seconds)} left, class loss {class_loss:.3f}, "
        f"box loss {box_loss:.3f}, {lap.rate():.0f} photos/s",
        file=sys.stderr,
    )


def _claim(out: Path, config: Configuration, fingerprint: str, start: Start | None) -> None:
    """Make ``out`` this training's folder. Raises TrainingError where it is another's."""
    out.mkdir(parents=True, exist_ok=True)
    text = dump(config) + f"# records {fingerprint}\n"
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
    terms: Sequence[Any],
    out: Path,
) -> None:
    """Choose the threshold of the best weights and write detector.json, the loss curve and the summary."""
    state.averaged.load_weights(out / WEIGHTS)
    verdict = calibration.judge(state.averaged)
    description = {
        **meaning(config),
        "score_threshold": verdict.threshold,
        **({"terms": list(terms)} if terms else {}),
        "provenance": provenance,
    }
    write_whole(out / DESCRIPTION, json.dumps(description, indent=1, allow_nan=False) + "\n")
    plot_history(course.entries, out / "loss.png")
    summary = {
        "steps": int(state.step),
        "calibration": verdict.figure,
        "calibration_interval": [verdict.low, verdict.high],
        "calibration_hits": verdict.hits,
        "score_threshold": verdict.threshold,
        "photos_per_second": float(np.median([entry["photos_per_second"] for entry in course.entries])),
        "parameters": state.model.count_params(),
        "machine": describe(),
        "precision": "bfloat16" if wants_bfloat16(config.training.precision) else "float32",
    }
    write_whole(out / SUMMARY, json.dumps(summary, indent=1, allow_nan=False) + "\n")
    print(
        f"trained {summary['steps']} steps; calibration {verdict.figure:.3f} at threshold {verdict.threshold}",
        file=sys.stderr,
    )
    if not verdict.hits:
        print(
            f"warning: of the objects on {len(calibration.photos)} calibration photos it finds NONE. Likeliest first: "
            "trained too short (more minutes or steps), labels that don't fit the photos (./inv data.check), objects "
            "far smaller or larger than augmentation.min_object_height and max_object_height say",
            file=sys.stderr,
        )


def main() -> None:
    """Train a detector on records; run again, it goes on where it was."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument(
        "--from", dest="start_from", type=Path, help="folder of a start, or of a finished training, to begin with"
    )
    parser.add_argument("--commit", help="of the code, remembered in detector.json")
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints, kept between attempts")
    options = parser.parse_args()
    if (options.out / SUMMARY).exists():
        print(f"{options.out}: this training is finished")
        return
    train(load(options.config), options.records, options.out, options.commit, options.start_from)


if __name__ == "__main__":
    command.run(main, tf.errors.OpError)
