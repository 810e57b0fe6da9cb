"""Results that know what they were made from, so that nothing is made twice.

A result is a folder with a stamp inside: the fingerprint of its inputs, what the folder held when
it was whole, and the seconds it took. Who makes it writes under another name and renames; the stamp
comes last.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from infra import fingerprints
from infra.errors import DigitlensError
from infra.progress import begin, say


@dataclass(frozen=True)
class Stamp:
    """What a result says about itself."""

    fingerprint: str
    listing: str
    seconds: float


def read(folder: Path) -> Stamp | None:
    """The stamp of ``folder``, or None where there is none that can be read."""
    try:
        return Stamp(**json.loads((folder / fingerprints.STAMP).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def is_current(folder: Path, fingerprint: str) -> bool:
    """Whether ``folder`` was made from what ``fingerprint`` stands for and is as it was then."""
    stamp = read(folder)
    return stamp is not None and stamp.fingerprint == fingerprint and stamp.listing == fingerprints.of_listing(folder)


def make_current(
    name: str,
    folder: Path,
    fingerprint: str,
    make: Callable[[Path], None],
    *,
    resumable: bool = False,
    precious: bool = False,
) -> Stamp:
    """Call ``make(folder)`` unless ``folder`` is current, and stamp what it made.

    With ``resumable``, ``make`` works in a folder of its own that outlives an interruption and is
    found again by the same fingerprint; it takes the result's name when it is whole. With ``precious``,
    what had that name is kept under another.
    """
    if is_current(folder, fingerprint):
        stamp = read(folder)
        assert stamp is not None
        say(f"current: {name} ({_shown(folder)})")
        return stamp
    begin(name)
    start = time.monotonic()
    folder.parent.mkdir(parents=True, exist_ok=True)
    place = folder.with_name(f".{folder.name}.{fingerprint[:12]}.partial") if resumable else folder
    make(place)
    if not place.is_dir():
        raise DigitlensError(f"{name} ended well but left no {_shown(place)}")
    seconds = round(time.monotonic() - start, 1)
    stamp = Stamp(fingerprint, fingerprints.of_listing(place), seconds)
    (place / fingerprints.STAMP).write_text(json.dumps(asdict(stamp)) + "\n", "utf-8")
    if resumable:
        if precious:
            _set_aside(folder)
        replace(place, folder)
        forget_unfinished(folder)
    say(f"{name}: {seconds:.1f} s ({_shown(folder)})")
    return stamp


def _set_aside(folder: Path) -> None:
    """Keep the finished result of an earlier attempt under another name: it took its time."""
    earlier = folder.with_name(f"{folder.name}.earlier")
    if read(folder):
        shutil.rmtree(earlier, ignore_errors=True)
        folder.rename(earlier)
        say(f"what was in {_shown(folder)} is now in {_shown(earlier)}")


def forget_unfinished(folder: Path) -> None:
    """Remove what interrupted attempts at ``folder`` left to go on with."""
    for left in folder.parent.glob(f".{folder.name}.*.partial"):
        shutil.rmtree(left)


def replace(new: Path, folder: Path) -> None:
    """Give the folder ``new`` the name ``folder``; what had that name goes once it is in place."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
