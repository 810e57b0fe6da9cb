"""NVIDIA GPUs: whether this machine has them and containers may use them."""

from __future__ import annotations

import subprocess

from infra.errors import MissingPartError
from infra.execution import engine
from infra.settings import Gpus

LISTING = ("nvidia-smi", "-L")
TOOLKIT = ("nvidia-ctk", "--version")
REMEDY = (
    "install NVIDIA's driver and its container toolkit, then `nvidia-ctk runtime configure --runtime=docker` and "
    "restart the engine; or use --gpus none"
)


def wanted(asked: Gpus) -> bool:
    """Whether containers get GPUs.

    Raises:
        MissingPartError: all were asked for, and there are none or none that containers may use.
    """
    if asked == "none":
        return False
    there = bool(found()) and toolkit()
    if asked == "all" and not there:
        raise MissingPartError(f"--gpus all: no GPU for containers here\n{explanation()}\n  remedy: {REMEDY}")
    return there


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
