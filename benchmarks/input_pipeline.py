r"""Does the input pipeline keep up? Step time with real records against step time on one cached batch, in one run.

    .environments/train/bin/python -m benchmarks.input_pipeline \
        --config training/configs/digits.yaml --records runs/NAME/records

Blocks of both kinds alternate, so that a noisy neighbour slows both. Target: a ratio of the medians of at most 1.05.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from training.config import load
from training.data.batches import training_batches
from training.loop.state import State, make_step

TARGET = 1.05


def block_seconds(step: Any, draw: Callable[[], Any], steps: int) -> float:
    """Seconds per step over a block."""
    started = time.perf_counter()
    for _ in range(steps):
        step(*draw()).numpy()
    return (time.perf_counter() - started) / steps


def main() -> None:
    """Print medians, minima and the ratio as JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--blocks", type=int, default=12)
    parser.add_argument("--steps", type=int, default=15, help="per block")
    options = parser.parse_args()
    config = load(options.config)
    keras.utils.set_random_seed(config.training.seed)
    with tempfile.TemporaryDirectory() as folder:
        batches = iter(training_batches(options.records, config, 0))
        # In this order, as training/loop/train.py says.
        tf.config.experimental.enable_op_determinism()
        step = make_step(State(config, Path(folder)), config)
        cached = next(batches)
        block_seconds(step, lambda: cached, options.steps)
        real, held = [], []
        for _ in range(options.blocks):
            real.append(block_seconds(step, lambda: next(batches), options.steps))
            # The pipeline fills its buffers meanwhile: the cached block starts with idle cores.
            time.sleep(0.2)
            held.append(block_seconds(step, lambda: cached, options.steps))
    batch = config.training.batch
    report = {
        "ratio": float(np.median(real) / np.median(held)),
        "target": TARGET,
        "photos_per_second": {"records": batch / float(np.median(real)), "cached": batch / float(np.median(held))},
        "best_photos_per_second": {"records": batch / min(real), "cached": batch / min(held)},
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
