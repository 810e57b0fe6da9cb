"""Records to a trained detector: what it begins with, and what it leaves behind.

The output folder is kept between attempts. A training that was killed goes on at its last checkpoint and ends with the
same weights as one that was not: batches depend on the step alone (see `data.batches`), and all state is in the
checkpoint. Ctrl-C and SIGTERM write one before they end it.

Several processes train together where ``TF_CONFIG`` says so (see `gang`); the first of them judges and writes.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from training import command
from training.config import Configuration, dump, load
from training.data.batches import portion, training_batches
from training.data.records import read_manifest
from training.drawing import plot_history
from training.errors import ConfigurationError
from training.loop import claim, crew, machine
from training.loop import gang as gangs
from training.loop.calibration import Calibration
from training.loop.gang import ALONE, Alone
from training.loop.loop import Loop
from training.loop.state import State, wants_bfloat16
from training.loop.steps import Steps
from training.loop.timetable import Clock
from training.loop.warm_start import Start
from training.models import DESCRIPTION, WEIGHTS, meaning
from training.outputs import write_whole

SUMMARY = "training.json"


def train(
    config: Configuration,
    records: Path,
    out: Path,
    commit: str | None = None,
    start_from: Path | None = None,
    gang: Alone = ALONE,
) -> None:
    """Train to the end, or to an early stop, and leave the best weights in ``out``.

    ``start_from`` is the folder of a start, or of a finished training, whose weights it begins with. Of a ``gang`` the
    first one reads it, and writes ``out``.

    Raises:
        TrainingError: where ``out`` holds another training, or records, checkpoints or weights can't be used, or where
            the loss stops being a number
        KeyboardInterrupt: after a checkpoint, where the process was asked to end
    """
    began = time.monotonic()
    manifest = read_manifest(records)
    settings = config.training
    keras.utils.set_random_seed(settings.seed)
    gang.require_same("configurations", dump(config))
    gang.require_same("records", manifest["fingerprint"])
    own = portion(settings.batch, gang.index, gang.size)
    if own == 0:
        raise ConfigurationError(f"training.batch: {settings.batch} crops are too few for {gang.size} workers")
    gang.weight = own * gang.size / settings.batch
    start = Start(start_from, config) if start_from and gang.leads else None
    if gang.leads:
        claim.claim(out, config, manifest["fingerprint"], start.fingerprint if start else None)
    decided = _decided(config, gang)
    doing = machine.in_words(decided.training.precision)
    print(f"{gang.name}: {doing}" if gang.name else doing, file=sys.stderr)
    state = State(decided, out if gang.leads else None)
    if start and int(state.step) == 0:
        start.fill(state.model)
        state.averaged.set_weights(state.model.get_weights())
    gang.share(state.variables())
    # Read once: where the state lies on a GPU, asking for it at each step would make the loop wait for that.
    first = int(state.step)
    batches = iter(training_batches(records, config, first, gang.index, gang.size))
    # Asked for earlier, it would have every batch drawn while the training waits: TensorFlow takes the shuffling of
    # each epoch for a source of chance. Seeds and order make it none.
    tf.config.experimental.enable_op_determinism()
    photos = manifest["splits"]["train"]["photos"]
    ended = _catch_signals()
    if not gang.leads:
        Steps(config, state, gang).run(first, batches, photos, ended)
        return
    claim.share(out, first, gang.size)
    clock = Clock(settings.minutes, float(state.seconds), began) if settings.minutes else None
    loop = Loop(config, out, state, Calibration(records, config), clock, gang)
    loop.run(first, batches, photos, ended)
    provenance = {
        "commit": commit,
        "data_fingerprint": manifest["fingerprint"],
        "split": config.split.model_dump(exclude_none=True),
        **({"ignored": list(config.ignored)} if config.ignored else {}),
        "versions": {"tensorflow": tf.__version__, "keras": keras.__version__},
        **({"started_from": start.provenance()} if start else {}),
    }
    _finish(loop, provenance, start.terms if start else [])


def _decided(config: Configuration, gang: Alone) -> Configuration:
    """``config`` with the precision that suits the machine of the first one."""
    wanted = wants_bfloat16(config.training.precision)
    (decided,) = gang.tell(wanted)
    if decided and not wanted:
        print(f"{gang.name}: worker 1 wants bfloat16, which is slow here: training.precision: float32", file=sys.stderr)
    precision = "bfloat16" if decided else "float32"
    return config.model_copy(update={"training": config.training.model_copy(update={"precision": precision})})


def _catch_signals() -> list[int]:
    """A list that isn't empty any more once the process was asked to end."""
    ended: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: ended.append(received))
    return ended


def _finish(loop: Loop, provenance: dict[str, Any], terms: Sequence[Any]) -> None:
    """Choose the threshold of the best weights and write detector.json, the loss curve and the summary."""
    config, out = loop.config, loop.out
    loop.state.averaged.load_weights(out / WEIGHTS)
    verdict = loop.calibration.judge(loop.state.averaged)
    description = {
        **meaning(config),
        "score_threshold": verdict.threshold,
        **loop.calibration.worth(verdict.threshold),
        **({"terms": list(terms)} if terms else {}),
        "provenance": provenance,
    }
    write_whole(out / DESCRIPTION, json.dumps(description, indent=1, allow_nan=False) + "\n")
    plot_history(loop.course.entries, out / "loss.png")
    summary = {
        "steps": int(loop.state.step),
        "calibration": verdict.figure,
        "calibration_interval": [verdict.low, verdict.high],
        "calibration_hits": verdict.hits,
        "score_threshold": verdict.threshold,
        "photos_per_second": float(np.median([entry["photos_per_second"] for entry in loop.course.entries])),
        "parameters": loop.state.model.count_params(),
        "machine": machine.describe(),
        "precision": "bfloat16" if wants_bfloat16(config.training.precision) else "float32",
        **({"workers": [one._asdict() for one in shares]} if (shares := claim.workers(out)) else {}),
    }
    write_whole(out / SUMMARY, json.dumps(summary, indent=1, allow_nan=False) + "\n")
    print(
        f"trained {summary['steps']} steps; calibration {verdict.figure:.3f} at threshold {verdict.threshold}",
        file=sys.stderr,
    )
    if not verdict.hits:
        print(
            f"warning: of the objects on {len(loop.calibration.photos)} calibration photos it finds NONE. Likeliest "
            "first: trained too short (more minutes or steps), labels that don't fit the photos (./inv data.check), "
            "objects far smaller or larger than augmentation.min_object_height and max_object_height say",
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
    parser.add_argument(
        "--workers",
        type=int,
        choices=range(1, 1025),
        metavar="N",
        help="processes of this machine that train together (default: one for each GPU, 1 where there is none)",
    )
    options = parser.parse_args()
    is_finished = (options.out / SUMMARY).exists()
    machine.require_gpu()
    # Of a finished training nobody else is called for it.
    count = 1 if is_finished else crew.size(options.workers)
    with crew.gathered(count):
        gang = gangs.join()
        with gang.watching():
            if gang.tell(is_finished)[0]:
                print(f"{options.out}: this training is finished")
                return
            train(load(options.config), options.records, options.out, options.commit, options.start_from, gang)
            # Nobody ends before the first one has written all: who is gone is missed.
            gang.tell(True)


if __name__ == "__main__":
    command.run(main, tf.errors.OpError)
