"""What is labelled: the photos of a folder, the classes, and the model that proposes, if there is one."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra import schemas
from infra.errors import RefusedError, UsageError
from infra.execution.steps import Runner, Step
from infra.labelling.annotations import NAME, Annotations, Object
from infra.progress import say
from infra.settings import settings

LISTING = "photos.json"
FAR = 1e9
"""Pixels beyond which nothing lies."""


@dataclass(frozen=True)
class Photo:
    """One of the folder; ``file`` is what a browser is shown, None where there is a ``problem``."""

    name: str
    size: tuple[int, int] = (0, 0)
    file: Path | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Session:
    """A folder under work; ``web_model`` is None where frames are only drawn by hand."""

    folder: Path
    photos: Mapping[str, Photo]
    classes: tuple[str, ...]
    web_model: Path | None
    labels: Annotations
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def describe(self) -> dict[str, Any]:
        """What the page is told, in JSON's types; photos that were looked at have ``objects``, if only none."""
        with self._turn:
            known = self.labels.read()
        return {
            "folder": self.folder.name,
            "file": NAME,
            "classes": list(self.classes),
            "model": self.web_model is not None,
            "command": self.command,
            "photos": [_described(photo, known.get(photo.name)) for photo in self.photos.values()],
        }

    @property
    def command(self) -> str:
        """What is done with the labels."""
        return f"./inv pipeline --images {shlex.quote(str(self.folder))} --annotations " + shlex.quote(
            str(self.labels.path)
        )

    def put(self, name: str, document: object) -> None:
        """Keep what the page says of a photo: ``{"objects": [...]}``, or null for one that wasn't looked at.

        Raises:
            UsageError: that can't be on this photo, or the file of labels can't be read.
            OSError: the file can't be written.
        """
        photo = self.photos[name]
        objects = _objects(document, photo.size, self.classes)
        with self._turn:
            self.labels.put(name, objects)

    def progress(self) -> tuple[int, int]:
        """How many photos were looked at, of how many that can be."""
        known = self.labels.read()
        fit = [photo.name for photo in self.photos.values() if photo.file]
        return sum(name in known for name in fit), len(fit)


def begin(
    folder: Path, web_model: Path | None, classes: Sequence[str], runner: Runner, *, released: bool = False
) -> Session:
    """Take up the work on ``folder``.

    Args:
        folder: of photos; its annotations.csv, if there is one, is gone on with
        web_model: what proposes
        classes: those to label; none: those of the model and of the file
        runner: where the folder is looked through
        released: nobody asked for ``web_model``: where the labels are of quite other objects, it isn't used

    Raises:
        UsageError: there is nothing to label, or labels that can't be gone on with.
    """
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{folder} can't be written to, and its labels are kept there: change its owner, or copy it")
    photos = _looked_through(folder, runner)
    fit = {photo.name: photo.size for photo in photos.values() if photo.file}
    labels = Annotations(folder, fit)
    known = labels.read()
    if strangers := [name for name in known if name not in photos]:
        say(f"{NAME} has labels of {len(strangers)} photos that aren't in {folder}, {strangers[0]} first: they stay")
    used = list(dict.fromkeys(one.name for objects in known.values() for one in objects))
    own = _classes(web_model) if web_model else []
    if released and used and not set(used) & set(own):
        say(f"the released model knows none of {', '.join(used[:5])}: frames are drawn by hand; --model proposes")
        web_model, own = None, []
    wanted = list(classes) or own
    if more := [name for name in used if name not in wanted]:
        say(f"{NAME} has other classes, too: {', '.join(more[:10])}")
    chosen = tuple(dict.fromkeys([*wanted, *more]))
    if classes and web_model and not set(own) & set(chosen):
        say("the model has none of these classes: what it sees is shown without a name, and counts once you name it")
    return Session(folder, photos, chosen, web_model, labels)


def _classes(web_model: Path) -> list[str]:
    try:
        found: list[str] = json.loads((web_model / "manifest.json").read_text("utf-8"))["classes"]
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{web_model} has no readable manifest.json; ./inv convert makes a web model") from error
    return found


def _looked_through(folder: Path, runner: Runner) -> dict[str, Photo]:
    """The photos of ``folder``, as training reads them."""
    place = settings().paths.cache / "labelling" / hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    place.mkdir(parents=True, exist_ok=True)
    (place / LISTING).unlink(missing_ok=True)
    # Copies that are there already are kept: never by another name.
    runner.run(Step("look through", "train", "training.data.viewing", place, inputs={"images": folder}))
    document = json.loads((place / LISTING).read_text("utf-8"))
    if fault := schemas.fault(document, "photos"):
        raise RefusedError(f"{place / LISTING}, {fault}")
    for note in document["notes"]:
        say(note)
    photos = {one["name"]: _photo(folder, place, one) for one in document["photos"]}
    broken = [photo for photo in photos.values() if photo.problem]
    for photo in broken[:10]:
        say(f"{photo.name}: {photo.problem}")
    if len(broken) > 10:
        say(f"and {len(broken) - 10} more that can't be shown; the page lists them")
    if len(broken) == len(photos):
        raise UsageError(f"{folder} has no photos that can be shown: put some into it, as JPEG or PNG for example")
    return photos


def _photo(folder: Path, place: Path, one: Mapping[str, Any]) -> Photo:
    if problem := one.get("problem"):
        return Photo(one["name"], problem=problem)
    file = place / one["copy"] if "copy" in one else folder / one["name"]
    return Photo(one["name"], (one["width"], one["height"]), file)


def _described(photo: Photo, objects: Sequence[Object] | None) -> dict[str, Any]:
    if photo.problem:
        return {"name": photo.name, "problem": photo.problem}
    width, height = photo.size
    return {
        "name": photo.name,
        "width": width,
        "height": height,
        "objects": None if objects is None else [_object(one) for one in objects],
    }


def _object(one: Object) -> dict[str, Any]:
    xmin, ymin, xmax, ymax = one.box
    return {"class": one.name, "xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax}


def _objects(document: object, size: tuple[int, int], classes: Sequence[str]) -> list[Object] | None:
    if not isinstance(document, dict) or set(document) != {"objects"}:
        raise UsageError("expected an object with objects")
    listed = document["objects"]
    if listed is None:
        return None
    if not isinstance(listed, list):
        raise UsageError("objects: expected a list, or null")
    return [_checked(one, size, classes) for one in listed]


def _checked(one: object, size: tuple[int, int], classes: Sequence[str]) -> Object:
    if not isinstance(one, dict) or set(one) != {"class", "xmin", "ymin", "xmax", "ymax"}:
        raise UsageError("an object has class, xmin, ymin, xmax and ymax, and nothing else")
    if one["class"] not in classes:
        raise UsageError(f"class: {one['class']!r} is none of {', '.join(classes)}")
    sides = [one[side] for side in ("xmin", "ymin", "xmax", "ymax")]
    if not all(isinstance(side, int | float) and not isinstance(side, bool) and abs(side) < FAR for side in sides):
        raise UsageError("sides are numbers")
    xmin, ymin, xmax, ymax = map(float, sides)
    width, height = size
    if not (0 <= xmin < xmax <= width and 0 <= ymin < ymax <= height):
        raise UsageError(f"the box {sides} doesn't lie in a photo of {width} × {height} pixels")
    return Object(one["class"], (xmin, ymin, xmax, ymax))
