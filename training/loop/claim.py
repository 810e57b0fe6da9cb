"""Whose a folder of checkpoints is, and how many workers trained what is in it: comments in its config.yaml."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

from training.config import Configuration, dump
from training.errors import TrainingError
from training.outputs import write_whole

FILE = "config.yaml"
_WORKERS = re.compile(r"# workers (\d+) from step (\d+)\n")


class Share(NamedTuple):
    """So many workers trained from this step on."""

    workers: int
    step: int


def claim(out: Path, config: Configuration, fingerprint: str, start: str | None) -> None:
    """Make ``out`` the folder of this training: of a configuration, records and a start by their fingerprints.

    Raises:
        TrainingError: it is another's
    """
    out.mkdir(parents=True, exist_ok=True)
    text = dump(config) + f"# records {fingerprint}\n"
    if start:
        text += f"# started from weights {start}\n"
    path = out / FILE
    found = path.read_text() if path.exists() else text
    if _WORKERS.sub("", found) != text:
        raise TrainingError(
            f"{out}: holds a training with another configuration, other records or another start; "
            "delete it or choose another folder"
        )
    write_whole(path, found)


def workers(out: Path) -> list[Share]:
    """Who trained it; nobody is named where it was one process from the beginning."""
    return [Share(int(count), int(step)) for count, step in _WORKERS.findall((out / FILE).read_text())]


def share(out: Path, step: int, size: int) -> None:
    """Remember that ``size`` workers go on at ``step``, and say what follows where others began."""
    kept = [one for one in workers(out) if one.step < step]
    before = kept[-1].workers if kept else 1
    if (size != before) if step else size > 1:
        kept.append(Share(size, step))
    text = _WORKERS.sub("", (out / FILE).read_text())
    write_whole(out / FILE, text + "".join(f"# workers {one.workers} from step {one.step}\n" for one in kept))
    if step and size != before:
        print(
            f"{_counted(before)} trained the first {step} steps, {_counted(size)} {'goes' if size == 1 else 'go'} on: "
            "each normalises its own portion of a batch, so figures may differ a little from those of a training that "
            "keeps to one number",
            file=sys.stderr,
        )


def _counted(number: int) -> str:
    return "one process" if number == 1 else f"{number} workers"
