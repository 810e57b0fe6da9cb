"""Which run a name means, and what the next one is called."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from infra.errors import UsageError
from infra.runs.run import Run
from infra.settings import settings

SYNTHETIC = "digits-synthetic"
"""The run that needs no photos: it makes them."""
RELEASED = "released"
"""The run of the released model, which needs no training either."""


def derive(run: Run, origin: Run) -> None:
    """Make ``run`` one of the same photos and records as ``origin``, whose training is another."""
    run.save(origin.request())
    if not run.records.exists():
        shutil.copytree(origin.records, run.records, copy_function=os.link)


def find(name: str) -> Run:
    """The run called ``name``, whether it exists or not.

    Raises:
        UsageError: ``name`` can't be a folder's name.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UsageError(f"{name!r} can't name a run: letters, digits, dots, dashes and underscores")
    return Run(settings().paths.runs / name)


def name_of(images: Path) -> str:
    """A run's name from its folder of photos: ``svhn`` for ``svhn/images``."""
    folder = images.parent if images.name.lower() in {"images", "photos", "jpegimages"} else images
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).lstrip(".-_") or "run"
