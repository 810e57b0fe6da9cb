"""A folder as people have it: its files below all its folders, links followed, and what is passed over, said once.

Other programs leave files behind that are none of a set's: previews, locks, halves of a Mac's files. A link may lead to
nothing, or back to where it stands; a name from an old archive needn't be UTF-8. None of it ends a step, and none of it
is passed over in silence.
"""

from __future__ import annotations

import errno
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from training.errors import AnnotationError
from training.findings import shown

LEFTOVERS = frozenset({"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "icon\r", "$recycle.bin"})
"""Of file managers, in small letters; so is everything that begins with a dot or ~$, which people don't see."""
SHOWN_BY_BROWSERS = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".avif", ".bmp", ".dib")
OTHERS = (".mpo", ".tif", ".tiff", ".jp2", ".j2k", ".jpx", ".ppm", ".pgm", ".pbm", ".pnm", ".heic", ".heif", ".jxl")
RAW = (".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2")
PICTURES = frozenset(SHOWN_BY_BROWSERS + OTHERS + RAW)
"""Endings of pictures, in small letters; what can't be read of them is to be said, not passed over."""
HIDDEN = "hidden files and leftovers of other programs"
NOWHERE = "links that lead to nothing"
LOOP = "links that lead back to a folder above them"
CODED = "names that aren't UTF-8 (rename them)"
CLOSED = "entries that can't be opened"
SPECIAL = "entries that are neither files nor folders"


@dataclass
class Folder:
    """Names of all files below ``root``, relative to it and sorted."""

    root: Path
    files: list[str] = field(default_factory=list)
    passed_over: dict[str, list[str]] = field(default_factory=dict)
    """names by reason"""

    def with_ending(self, *endings: str) -> list[str]:
        """Names of the files with one of some endings, in small letters with their dot."""
        return [name for name in self.files if name.lower().endswith(endings)]

    def pictures(self) -> list[str]:
        """Names of the files that are called like pictures; whether they can be read is another matter."""
        return [name for name in self.files if PurePosixPath(name).suffix.lower() in PICTURES]

    def notes(self) -> list[str]:
        """A line for each reason that something was passed over for."""
        return [
            f"passed over in {shown(self.root.name)}: {len(names):,} {reason}, {shown(names[0])} first"
            for reason, names in self.passed_over.items()
        ]


def walk(root: Path) -> Folder:
    """Everything below a folder.

    Raises:
        AnnotationError: where there is no such folder, or it can't be opened
    """
    if not root.is_dir():
        raise AnnotationError(f"{root}: no such folder of photos")
    found = Folder(root)
    passed: dict[str, list[str]] = defaultdict(list)
    found.files.extend(_below(root, passed))
    found.files.sort()
    found.passed_over = {reason: sorted(names) for reason, names in passed.items()}
    return found


def _below(root: Path, passed: dict[str, list[str]]) -> Iterator[str]:
    waiting: list[tuple[str, frozenset[tuple[int, int]]]] = [("", frozenset({_identity(root)}))]
    while waiting:
        prefix, above = waiting.pop()
        try:
            entries = list(os.scandir(root / prefix))
        except OSError as error:
            if not prefix:
                raise AnnotationError(f"{root}: can't be opened: {error.strerror}") from error
            passed[CLOSED].append(prefix)
            continue
        for entry in entries:
            name = prefix + entry.name
            if reason := _unwanted(entry):
                passed[reason].append(name)
            elif not entry.is_dir():
                yield name
            else:
                try:
                    identity = _identity(entry.path)
                except OSError:
                    passed[CLOSED].append(name)
                    continue
                if identity in above:
                    passed[LOOP].append(name)
                else:
                    waiting.append((f"{name}/", above | {identity}))


def _unwanted(entry: os.DirEntry[str]) -> str | None:
    """Why an entry is passed over, or None."""
    name = entry.name
    if name.startswith((".", "~$")) or name.lower() in LEFTOVERS:
        return HIDDEN
    try:
        name.encode()
    except UnicodeEncodeError:
        return CODED
    try:
        if entry.is_file() or entry.is_dir():
            return None
        if not entry.is_symlink():
            return SPECIAL
        Path(entry.path).stat()
    except FileNotFoundError:
        return NOWHERE
    except OSError as error:
        return LOOP if error.errno == errno.ELOOP else CLOSED
    return SPECIAL


def _identity(path: str | Path) -> tuple[int, int]:
    status = Path(path).stat()
    return status.st_dev, status.st_ino
