"""Tiny real parts for the training tests: synthetic photos, their records, a trained detector."""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any

import pytest

from tests.training.labelled import pictures

ROOT = Path(__file__).parents[2]
TINY = """
name: tiny
classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
reading: lines
input: {height: 96, width: 96}
split: {validation: 0.2, calibration: 0.2}
records: {shards: 2}
network: {stages: [4, 8, 8, 8, 8], blocks: [1, 1, 1, 1], pyramid: 8}
training: {steps: 12, batch: 4, crop: 64, checkpoint_every: 4, warmup: 2, precision: float32}
"""

Step = Callable[..., subprocess.CompletedProcess[str]]


SERVER = multiprocessing.get_context("forkserver")
"""Processes of their own that needn't import TensorFlow, which takes most of a small step's time."""
SERVER.set_forkserver_preload(["keras", "tensorflow"])


def run_step(module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a step as the tasks do."""
    command = [module, *map(str, arguments)]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = SERVER.Process(target=_step, args=(command, DupFd(out.fileno()), DupFd(err.fileno())))
        process.start()
        process.join(300)
        assert process.exitcode is not None, f"{command} takes more than 300 s"
        return subprocess.CompletedProcess(command, process.exitcode, *(_whole(file) for file in (out, err)))


def _step(command: list[str], out: Any, err: Any) -> None:
    os.chdir(ROOT)
    for stream, number in ((out, 1), (err, 2)):
        os.dup2(stream.detach(), number)
    sys.argv = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


def _whole(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of three photos of 40 × 30 pixels."""
    return pictures(tmp_path / "images", "a.jpg", "b.jpg", "c.jpg")


@pytest.fixture(scope="session")
def config_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration that trains in seconds."""
    path = tmp_path_factory.mktemp("config") / "tiny.yaml"
    path.write_text(TINY)
    return path


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory, config_file: Path) -> Path:
    """A folder of 60 synthetic photos with annotations.csv."""
    folder = tmp_path_factory.mktemp("synthesis") / "photos"
    done = run_step("training.data.synthesis.draw", "--config", config_file, "--photos", 60, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory, config_file: Path, photos: Path) -> Path:
    """Their records."""
    folder = tmp_path_factory.mktemp("packed") / "records"
    done = run_step(
        "training.data.records", "--config", config_file, "--images", photos / "images",
        "--annotations", photos / "annotations.csv", "--out", folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory, config_file: Path, records: Path) -> Path:
    """A finished tiny training."""
    folder = tmp_path_factory.mktemp("trained") / "checkpoints"
    done = run_step("training.loop.train", "--config", config_file, "--records", records, "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder
