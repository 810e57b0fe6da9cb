"""Two finished trainings to one: the weights between theirs that read the calibration photos best.

Wortsman et al. 2022, "Model soups": weights that were fine-tuned from the same start can be averaged, and a training
that learned something new gets back what it forgot, at no cost when the detector runs. What BatchNorm divides by is
measured anew for them, as in Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization".
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from training import command
from training.config import Configuration, load
from training.data.augmentation.pixels import recolour
from training.data.batches import training_batches
from training.errors import ModelError
from training.loop.calibration import Calibration
from training.loop.train import SUMMARY
from training.models import DESCRIPTION, WEIGHTS, load_description, load_weights, meaning
from training.outputs import sha256, whole_folder

SHARES = (0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8)
"""Of the other training's weights."""
BATCHES = 120
"""So many show what BatchNorm sees: nothing is left of its earlier means then."""


def blend(checkpoint: Path, other: Path, records: Path, out: Path, shares: Sequence[float] = SHARES) -> None:
    """Write the best blend of two finished trainings to the folder ``out``, as if it had been trained.

    Args:
        checkpoint: folder of the training whose configuration and course are kept
        other: folder of one of the same network and classes
        records: with the calibration photos that decide
        out: folder to make
        shares: of the other training's weights, 0 to 1; the one that reads most is taken

    Raises:
        ModelError: a folder holds no finished training, or the two have different networks or classes
        RecordsError: the records can't be used
    """
    config, others = load(checkpoint / "config.yaml"), load(other / "config.yaml")
    if (config.network, config.classes) != (others.network, others.classes):
        raise ModelError(f"{other}: another network or other classes than {checkpoint}; only equal ones can be blended")
    model = load_weights(checkpoint, config)
    ours, theirs = model.get_weights(), load_weights(other, others).get_weights()
    calibration = Calibration(records, config, limit=-1)
    look = tf.function(lambda crops: model(crops, training=True))
    results: dict[float, tuple[float, float, list[Any]]] = {}
    for share in shares:
        model.set_weights([a * (1 - share) + b * share for a, b in zip(ours, theirs, strict=True)])
        if share:
            for crops in _crops(records, config):
                look(crops)
        verdict = calibration.judge(model)
        results[share] = verdict.figure, verdict.threshold, model.get_weights()
        print(f"{share:.2f} of {other}: calibration {verdict.figure:.3f}", file=sys.stderr)
    best = max(shares, key=lambda share: results[share][0])
    figure, threshold, weights = results[best]
    model.set_weights(weights)
    calibration.judge(model)
    provenance = load_description(checkpoint)["provenance"]
    # Of both, each once.
    terms = [term for folder in (checkpoint, other) for term in load_description(folder).get("terms", [])]
    terms = [term for place, term in enumerate(terms) if term not in terms[:place]]
    blended = {"share": best, "weights_sha256": sha256(other / WEIGHTS)}
    description = {
        **meaning(config),
        "score_threshold": threshold,
        **calibration.worth(threshold),
        **({"terms": terms} if terms else {}),
        "provenance": {**provenance, "blended_with": [*provenance.get("blended_with", []), blended]},
    }
    summary = json.loads((checkpoint / SUMMARY).read_text()) | {"calibration": figure, "score_threshold": threshold}
    with whole_folder(out) as folder:
        for name in ("config.yaml", "history.jsonl", "loss.png"):
            shutil.copyfile(checkpoint / name, folder / name)
        model.save_weights(folder / WEIGHTS)
        (folder / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n")
        (folder / SUMMARY).write_text(json.dumps(summary, indent=1) + "\n")
    print(f"{best:.2f} of {other}: calibration {figure:.3f} at threshold {threshold}")


def _crops(records: Path, config: Configuration) -> Iterator[Any]:
    """float32 [b, side, side, 3] of `BATCHES` batches as a training sees them."""
    for number, (crops, _, _) in enumerate(training_batches(records, config, 0).take(BATCHES)):
        yield recolour(crops, tf.stack([config.training.seed, number]), config.augmentation)


def main() -> None:
    """Blend the weights of two finished trainings."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of a finished training")
    parser.add_argument("--other", type=Path, required=True, help="folder of another one, of the same network")
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument(
        "--share", type=float, help="of the other's weights, 0 to 1 (default: what reads the calibration photos best)"
    )
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    shares = SHARES if options.share is None else (options.share,)
    blend(options.checkpoint, options.other, options.records, options.out, shares)


if __name__ == "__main__":
    command.run(main, tf.errors.OpError)
