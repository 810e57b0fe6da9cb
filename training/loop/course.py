"""What has happened in a training so far, and since its last checkpoint."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from training.detector.losses import BOX_WEIGHT
from training.loop.machine import Meter
from training.outputs import write_whole


class Lap:
    """The steps since the last checkpoint: their losses, their time, how busy they kept the machine."""

    def __init__(self, batch: int) -> None:
        """Begin now; ``batch`` crops a step."""
        self.batch, self.steps, self.waited = batch, 0, 0.0
        self.started, self.meter = time.monotonic(), Meter()
        # Summed where they were computed: reading them every step would make the device wait.
        self.losses = tf.zeros(2)

    def add(self, losses: Any, waited: float) -> None:
        """Count a step: its losses float32 [2], and the seconds that its batch was waited for."""
        self.losses += losses
        self.waited += waited
        self.steps += 1

    def means(self) -> tuple[float, float]:
        """Class loss and box loss."""
        class_loss, box_loss = (self.losses / self.steps).numpy().tolist()
        return class_loss, box_loss

    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.started

    def rate(self) -> float:
        """Photos, that is crops, per second."""
        return self.steps * self.batch / self.seconds()

    def entry(self) -> dict[str, Any]:
        """What the course remembers of it."""
        class_loss, box_loss = self.means()
        return {
            "seconds": self.seconds(),
            "loss": class_loss + BOX_WEIGHT * box_loss,
            "class_loss": class_loss,
            "box_loss": box_loss,
            "photos_per_second": self.rate(),
            "seconds_waiting": self.waited,
            "processor_share": self.meter.share(),
        }


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
        write_whole(self.path, "".join(json.dumps(entry, allow_nan=False) + "\n" for entry in self.entries))
        with self.writer.as_default(step=entry["step"]):
            for name, value in entry.items():
                tf.summary.scalar(name, value)
            for index, picture in enumerate(pictures):
                tf.summary.image(f"calibration/{index}", np.asarray(picture)[None])
        self.writer.flush()
