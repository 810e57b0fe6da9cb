"""What a training runs on, and how busy it keeps the processors."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path
from typing import Any

import tensorflow as tf


def describe() -> dict[str, Any]:
    """Name and number of the processors this process may use, and names of its GPUs."""
    gpus = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    return {
        "processor": _processor(),
        "processors": len(os.sched_getaffinity(0)),
        "gpus": [str(details.get("device_name", "GPU")) for details in gpus],
    }


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


class Meter:
    """Share of its processors that this process has used since it was made, all its threads together."""

    def __init__(self) -> None:
        """Begin to measure."""
        self.wall, self.used = time.monotonic(), time.process_time()

    def share(self) -> float:
        """0–1; 1 where every processor was busy all the time."""
        passed = (time.monotonic() - self.wall) * len(os.sched_getaffinity(0))
        return (time.process_time() - self.used) / passed if passed > 0 else 0.0
