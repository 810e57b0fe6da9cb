"""A finished training to a SavedModel: BatchNorm folded, scores and boxes in the graph, one signature."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import tensorflow as tf

from training import command
from training.config import load
from training.detector import network
from training.models import DESCRIPTION, SIGNATURE, load_description, load_weights, outputs
from training.outputs import whole_folder


def signature(model: Any, height: int, width: int) -> Any:
    """A module with the function ``detect`` of the design's detector contract."""

    class Detector(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([1, height, width, 3], tf.float32, name="image")])
        def detect(self, image: Any) -> dict[str, Any]:
            boxes, scores = outputs(model, image)
            return {"detection_boxes": boxes, "detection_multiclass_scores": scores}

    detector = Detector()
    # Tracked, so that its variables are saved.
    detector.model = model
    return detector


def export(checkpoint: Path, out: Path) -> None:
    """Write the SavedModel of the best weights in ``checkpoint`` to the folder ``out``. Raises ModelError."""
    description = load_description(checkpoint)
    config = load(checkpoint / "config.yaml")
    folded = network.build(config.network, len(config.classes), folded=True)
    network.fold(load_weights(checkpoint, config), folded)
    detector = signature(folded, config.input.height, config.input.width)
    with whole_folder(out) as folder:
        tf.saved_model.save(detector, str(folder), signatures={SIGNATURE: detector.detect})
        (folder / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n")


def main() -> None:
    """Export a finished training as a SavedModel."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of a finished training")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    export(options.checkpoint, options.out)
    print(f"{options.out}: SavedModel with the signature {SIGNATURE}")


if __name__ == "__main__":
    command.run(main, tf.errors.OpError)
