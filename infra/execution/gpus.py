"""NVIDIA GPUs: whether this machine has them, steps may use them, and driver and libraries fit together."""

from __future__ import annotations

import re
import subprocess

from infra.errors import UsageError
from infra.execution import engine, environments
from infra.settings import Gpus

LISTING = ("nvidia-smi", "-L")
TOOLKIT = ("nvidia-ctk", "--version")
DRIVER = ("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")
LEAST = {12: "525.60.13", 13: "580.65.06"}
"""The first driver on Linux that runs programs of a major version of CUDA, as NVIDIA's page of minor version
compatibility says."""
LOCAL_REMEDY = "install NVIDIA's driver, so that nvidia-smi answers; or use --gpus none"
REMEDY = (
    "install NVIDIA's driver and its container toolkit, then `nvidia-ctk runtime configure --runtime=docker` and "
    "restart the engine; or use --gpus none"
)


def wanted(asked: Gpus) -> bool:
    """Whether containers get GPUs.

    Raises:
        UsageError: all were asked for, and there are none or none that containers may use.
    """
    if asked == "none":
        return False
    there = bool(found()) and toolkit()
    if asked == "all" and not there:
        raise UsageError(f"--gpus all: no GPU for containers here\n{explanation()}\n  remedy: {REMEDY}")
    return there


def here(asked: Gpus) -> bool:
    """Whether local steps get GPUs.

    Raises:
        UsageError: all were asked for, and there are none.
    """
    there = asked != "none" and bool(found())
    if asked == "all" and not there:
        raise UsageError(
            f"--gpus all: no GPU here\n  {' '.join(LISTING)}: {_answer(LISTING)[1]}\n"
            f"  driver: {driver() or 'none answers'}\n  libraries of the lock: {libraries()}\n  remedy: {LOCAL_REMEDY}"
        )
    return there


def variables(must_have: bool) -> dict[str, str]:
    """Environment variables of steps: a training that must have GPUs refuses to do without (training.loop.machine)."""
    return {"TRAINING_GPUS": "all"} if must_have else {}


def driver() -> str:
    """Version of NVIDIA's driver; empty where none answers."""
    code, said = _answer(DRIVER)
    return next(iter(said.split()), "") if code == 0 else ""


def cuda() -> str:
    """Version of CUDA that the lock for GPUs has."""
    return _locked(r"nvidia-cuda-runtime-cu\d+")


def libraries() -> str:
    """Versions of what the lock for GPUs brings along."""
    return f"CUDA {cuda()}, cuDNN {_locked(r'nvidia-cudnn-cu[0-9]+')}, TensorFlow {_locked('tensorflow')}"


def fits(driver: str, cuda: str) -> bool:
    """Whether a driver runs programs of a version of CUDA; true where nobody knows."""
    least = LEAST.get(_numbers(cuda)[0]) if _numbers(cuda) else None
    return least is None or not _numbers(driver) or _numbers(driver) >= _numbers(least)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


def _locked(package: str) -> str:
    text = environments.lock_of("train-gpu").read_text("utf-8")
    match = re.search(rf"^{package}==(\S+)", text, re.MULTILINE)
    return match[1] if match else "?"


def found() -> list[str]:
    """The GPUs of this machine, a line each."""
    code, said = _answer(LISTING)
    return [line for line in said.splitlines() if line.startswith("GPU ")] if code == 0 else []


def toolkit() -> bool:
    """Whether the engine can hand GPUs to containers."""
    return "nvidia" in engine.facts().get("Runtimes", {}) or _answer(TOOLKIT)[0] == 0


def explanation() -> str:
    """What was asked, and what the answers were."""
    asked = [f"  {' '.join(words)}: {_answer(words)[1]}" for words in (LISTING, TOOLKIT)]
    runtimes = ", ".join(sorted(engine.facts().get("Runtimes", {})))
    return "\n".join([*asked, f"  the engine's runtimes: {runtimes}"])


def _answer(words: tuple[str, ...]) -> tuple[int, str]:
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    except FileNotFoundError:
        return 127, "not installed"
    except subprocess.TimeoutExpired:
        return 124, "no answer within 20 s"
    return done.returncode, (done.stdout + done.stderr).strip() or f"exit code {done.returncode}"
