"""What a training runs on, whether that is what was asked for, and how busy it keeps the processors."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import tensorflow as tf

from training.errors import MachineError

GPUS = "TRAINING_GPUS"
"""Environment variable: ``all`` where nothing but a GPU will do."""
DRIVER = ("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")


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


def in_words(precision: str) -> str:
    """The device that TensorFlow computes on."""
    gpus = tf.config.get_visible_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        return f"computes on {details.get('device_name', 'a GPU')} ({gpus[0].name.partition(':')[2]}), {precision}"
    count = len(os.sched_getaffinity(0))
    return f"computes on the processor: {count} × {_processor()}, {precision}"


def require_gpu(environment: Mapping[str, str] = os.environ) -> None:
    """Raise MachineError where ``environment`` asks for GPUs and TensorFlow sees none; it says what there is."""
    if environment.get(GPUS) != "all" or tf.config.list_physical_devices("GPU"):
        return
    built = tf.sysconfig.get_build_info()
    cuda = str(built.get("cuda_version", "")) if built.get("is_cuda_build") else ""
    raise MachineError(
        explained(
            _driver(), cuda, str(built.get("cudnn_version", "")), _libraries(), environment.get("CUDA_VISIBLE_DEVICES")
        )
    )


def explained(driver: str, cuda: str, cudnn: str, libraries: Mapping[str, str], visible: str | None) -> str:
    """Why TensorFlow may see no GPU, likeliest first, from what there is.

    Args:
        driver: its version; empty where none answers
        cuda: version that TensorFlow was built with; empty where it is for processors alone
        cudnn: the same of cuDNN
        libraries: versions of NVIDIA's packages
        visible: value of CUDA_VISIBLE_DEVICES, if it is set
    """
    if visible is not None and visible.strip() in ("", "-1"):
        remedy = f"CUDA_VISIBLE_DEVICES is {visible!r}, which hides them: unset it"
    elif not cuda:
        remedy = "this is the environment for processors: `./inv train --on local --gpus all` makes the other one"
    elif not driver:
        remedy = "install NVIDIA's driver (nvidia-smi has to answer); in a container also NVIDIA's container toolkit"
    elif not libraries:
        remedy = "NVIDIA's packages are missing: delete the environment train-gpu, the next task makes it anew"
    else:
        remedy = (
            "`./inv doctor` compares driver and CUDA: an older driver has to be raised; else "
            "TF_CPP_MIN_LOG_LEVEL=0 has TensorFlow name the library that it can't load"
        )
    toolkit = f"TensorFlow is built with CUDA {cuda} and cuDNN {cudnn}" if cuda else "TensorFlow is built without CUDA"
    packages = ", ".join(f"{name} {version}" for name, version in sorted(libraries.items()))
    return (
        f"--gpus all: TensorFlow {tf.__version__} sees no GPU here\n"
        f"  driver: {driver or 'none answers'}\n"
        f"  toolkit: {toolkit}\n"
        f"  libraries: {packages or 'none'}\n"
        f"  remedy: {remedy}; or train on the processor (--gpus none)"
    )


def _driver() -> str:
    """Version of NVIDIA's driver; empty where none answers."""
    try:
        done = subprocess.run(DRIVER, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return next(iter(done.stdout.split()), "")


def _libraries() -> dict[str, str]:
    """NVIDIA's packages that CUDA's libraries come in."""
    names = {str(one.metadata["Name"]): one.version for one in metadata.distributions()}
    return {name: version for name, version in names.items() if name.startswith("nvidia-")}


class Meter:
    """Share of its processors that this process has used since it was made, all its threads together."""

    def __init__(self) -> None:
        """Begin to measure."""
        self.wall, self.used = time.monotonic(), time.process_time()

    def share(self) -> float:
        """0–1; 1 where every processor was busy all the time."""
        passed = (time.monotonic() - self.wall) * len(os.sched_getaffinity(0))
        return (time.process_time() - self.used) / passed if passed > 0 else 0.0
