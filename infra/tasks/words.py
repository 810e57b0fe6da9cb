"""What the tasks share: paths as users write them, and the words of their flags."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from infra.errors import UsageError

if TYPE_CHECKING:
    from infra.settings import Quantization

RUN = "which run, a folder below runs/ (default: digits-synthetic)"
BUILT = "which run, a folder below runs/ (default: the one whose model the built site has)"
CONFIG = "a YAML file with what is not to be planned (training/config.py explains the keys)"
IMAGES = "folder of photos, or a ZIP of photos and labels"
DATA = "YAML file that lists several such sources, instead of --images"
ANNOTATIONS = "their labels, a file or folder: CSV, COCO, VOC, YOLO, CVAT, LabelMe, … (default: among the photos)"
AS_EXPORTED = "photos stay in the split of their folders train, valid and test, as Roboflow exports them"
GROUPS = "CSV of filename,group: photos of one group stay in one split"
PHOTOS = {
    "images": IMAGES,
    "annotations": ANNOTATIONS,
    "groups": GROUPS,
    "split-as-exported": AS_EXPORTED,
    "data": DATA,
}
"""Flags of the tasks that begin with labelled photos, and their words."""
QUANTIZE = "weights of the web model: none, float16, uint16 or uint8 (default: see digitlens.toml)"
ON = "where steps run: docker, local, ray or auto (default: see digitlens.toml)"
GPUS = "whether steps get GPUs: all, none or auto (default: see digitlens.toml)"
FROM = "what to begin with: a start (models/start/NAME), models/digits, a checkpoint, or the folder of a run"
CLASSES = "which of the labels' classes to learn, with commas between (default: all that aren't slips of the hand)"
MINUTES = "how long to train (default: as planned, at most 30)"
STEPS = "how many steps to train, instead of minutes"
START = "begin with models/start/NAME, with digits, or with nothing (default: the photos choose)"
FOR = "what the model may cost a visitor: desk (default) or phone"
REPLACE = "train anew in the place of a run that holds a finished training of something else"
SKIP_BAD = "go on without the photos whose labels are wrong, and list the faults"


def located(path: str) -> Path:
    """The absolute path that ``path`` stands for, or ``UsageError``."""
    try:
        return Path(path).expanduser().resolve()
    except RuntimeError as error:
        # A home of nobody; two links that lead to each other.
        raise UsageError(f"{path} leads nowhere: {error}; write the whole path") from error


def folder(path: str, flag: str) -> Path:
    """The folder at ``path``, or ``UsageError``."""
    found = located(path)
    if not found.is_dir():
        raise UsageError(f"--{flag}: there is no folder {found}")
    return found


def file(path: str, flag: str) -> Path:
    """The file at ``path``, or ``UsageError``."""
    found = located(path)
    if not found.is_file():
        raise UsageError(f"--{flag}: there is no file {found}")
    return found


def photos(path: str) -> Path:
    """The folder of photos at ``path``, or the ZIP of some, or ``UsageError``."""
    found = located(path)
    if found.suffix.lower() == ".zip" and found.is_file():
        return found
    return folder(path, "images")


def labelled(images: str, annotations: str | None, groups: str | None) -> tuple[Path, Path | None, Path | None]:
    """Photos, their labels and their groups by the flags of these names, or ``UsageError``.

    Labels that aren't named are among the photos.
    """
    chosen = photos(images)
    labels = existing(annotations, "annotations") if annotations else None
    return chosen, labels, file(groups, "groups") if groups else None


def existing(path: str, flag: str) -> Path:
    """The file or folder at ``path``, or ``UsageError``."""
    found = located(path)
    if not found.exists():
        raise UsageError(f"--{flag}: there is no {found}")
    return found


def output(path: str, *inputs: Path) -> Path:
    """The folder at ``path`` to be made, or ``UsageError`` if that would cost what is there or one of ``inputs``."""
    # Here, because `./inv --list` imports this module and shouldn't wait for pydantic.
    from infra import results

    place = located(path)
    if any(one.is_relative_to(place) for one in inputs):
        raise UsageError(f"--out: {place} holds what is to be read; choose another folder")
    is_empty = place.is_dir() and not any(place.iterdir())
    if place.exists() and not is_empty and not results.read(place):
        raise UsageError(f"--out: {place} exists and wasn't made by this task; choose another folder")
    return place


def hashes(text: str | None) -> dict[str, str]:
    """SHA-256 by name from ``name=HASH,name=HASH``, or ``UsageError``."""
    pairs = [pair.partition("=") for pair in (text or "").split(",") if pair]
    for name, _, value in pairs:
        if not re.fullmatch("[0-9a-fA-F]{64}", value):
            raise UsageError(f"--sha256: {name}={value} isn't a name with 64 hexadecimal digits")
    return {name: value for name, _, value in pairs}


PORTS = 65535
WORKERS = 1024


def number(text: str, flag: str, least: int, most: int | None = None) -> int:
    """The whole number in ``text``, or ``UsageError``."""
    try:
        value = int(text)
    except ValueError:
        raise UsageError(f"--{flag}: {text!r} is no whole number") from None
    if value < least:
        raise UsageError(f"--{flag}: {value} is below {least}")
    if most is not None and value > most:
        raise UsageError(f"--{flag}: {value} is above {most}")
    return value


def amount(text: str, flag: str) -> float:
    """The number above 0 in ``text``, or ``UsageError``."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise UsageError(f"--{flag}: {text!r} is no number above 0")
    return value


def names(text: str, flag: str) -> tuple[str, ...]:
    """The names in a row of CSV: one that has commas itself stands in quotes. Raises UsageError."""
    import csv

    found = tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))
    if not found or not all(found):
        raise UsageError(f"--{flag}: {text!r} is no list of names with commas between")
    return found


def share(text: str, flag: str) -> float:
    """A share from 0 to 1. Raises UsageError."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"--{flag}: {text!r} is no number from 0 to 1")
    return value


def reason(text: str, flag: str) -> str:
    """A reason that can end a sentence, without its full stop. Raises UsageError."""
    words = text.strip().rstrip(".")
    if not words or "\n" in words:
        raise UsageError(f"--{flag}: {text!r} is no reason in one line")
    return words


LONGEST_WHY = 512
"""Characters that Firebase keeps of the message of a release."""


def why(text: str) -> str:
    """The first line of ``text``, as the message of a release: a commit's message has more."""
    lines = text.strip().splitlines()
    return lines[0].strip()[:LONGEST_WHY] if lines else ""


def version(text: str, flag: str = "version") -> str:
    """The name of a deployed version. Raises UsageError."""
    if not re.fullmatch(r"\w[\w-]{0,62}", text):
        raise UsageError(f"--{flag}: {text!r} is no version: ./inv deploy.list shows them")
    return text


def one_of(text: str, flag: str, known: tuple[str, ...]) -> str:
    """``text``, or ``UsageError`` if it isn't among ``known``."""
    if text not in known:
        raise UsageError(f"--{flag}: {text!r} is none of {', '.join(known)}")
    return text


def show(address: str) -> None:
    """Open ``address`` in the browser of whoever sits at this screen."""
    import os
    import sys
    import webbrowser

    # Without a screen, what opens is a browser in the terminal.
    has_screen = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.stdout.isatty() and has_screen:
        webbrowser.open(address)


def quantization(name: str | None) -> Quantization:
    """The quantisation called ``name``, by default that of the settings."""
    # Here, because `./inv --list` imports this module and shouldn't wait for pydantic.
    from infra.settings import Quantization, settings

    if name is None:
        return settings().pipeline.quantize
    known: tuple[Quantization, ...] = get_args(Quantization)
    for one in known:
        if one == name:
            return one
    raise UsageError(f"--quantize: {name!r} is none of {', '.join(known)}")


def only_with(needed: str, **flags: object) -> None:
    """``UsageError`` if one of ``flags`` was given although ``needed`` wasn't."""
    for flag, value in flags.items():
        if value:
            raise UsageError(f"--{flag.replace('_', '-')} needs --{needed}")


def only_without(excluded: str, **flags: object) -> None:
    """``UsageError`` if one of ``flags`` was given although ``excluded`` was."""
    for flag, value in flags.items():
        if value is not None:
            raise UsageError(f"--{flag.replace('_', '-')} doesn't go together with --{excluded}")
