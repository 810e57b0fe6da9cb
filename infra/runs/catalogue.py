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
    for theirs, ours in ((origin.plan, run.plan), (origin.race, run.race), (origin.records, run.records)):
        if theirs.exists() and not ours.exists():
            shutil.copytree(theirs, ours, copy_function=os.link)


def find(name: str) -> Run:
    """The run called ``name``, whether it exists or not.

    Raises:
        UsageError: ``name`` can't be a folder's name.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UsageError(f"{name!r} can't name a run: letters, digits, dots, dashes and underscores")
    return Run(settings().paths.runs / name)


def free(place: Path, photos: Path, flag: str = "name") -> Run:
    """The run for photos that nobody gave a name: called like ``place``, or like the folder around it as well.

    A run of other photos isn't taken. ``photos`` is what a run remembers of its own: the folder, or the file of sources;
    ``flag`` is what the task calls a run's name.

    Raises:
        UsageError: both names are taken.
    """
    place = place if place.is_dir() else place.with_suffix("")
    name = name_of(place)
    around = name_of(place.parent.parent if place.name.lower() in GENERIC else place.parent)
    for run in (find(name), find(f"{around}-{name}")):
        if _is_of(run, photos):
            return run
    raise UsageError(f"the runs {name} and {around}-{name} are of other photos; choose a name with --{flag}")


def _is_of(run: Run, photos: Path) -> bool:
    """Whether a run is free, or of these photos."""
    if not run.folder.exists() or not any(run.folder.glob("*")):
        return True
    if not (run.folder / "run.json").exists():
        return not run.checkpoints.exists() and not run.web_model.exists()
    request = run.request()
    return photos in (request.origin.photos if request.origin else request.data or request.images, request.images)


GENERIC = {"images", "photos", "jpegimages"}
"""Folders that are called like what is in them, not like what it shows."""


def name_of(images: Path) -> str:
    """A run's name from its folder of photos: ``svhn`` for ``svhn/images``."""
    folder = images.parent if images.name.lower() in GENERIC else images
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).lstrip(".-_") or "run"
