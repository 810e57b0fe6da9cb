"""Names of photos as labels have them, matched with the files that are there.

A name is taken as it stands where a file has it. Else it may differ from its file's in what people don't mean by it:
Unicode's form, case, blanks, ``%20``, backslashes, folders in front, or a missing ending. Where exactly one photo fits,
it is taken, and that is said; where none or several fit, the label is at fault.
"""

from __future__ import annotations

import difflib
import posixpath
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from training.data.folder import PICTURES, Folder
from training.findings import Kind, shown

SAME_ENDINGS = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".tiff": ".tif"}
ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
DRIVE = re.compile(r"^[a-z]:$")
NEAREST = 20
"""Names for which a similar one is looked for; it takes a look at every file."""
SIMILAR = 0.85
SHOWN = 3


class NoPhotoError(Exception):
    """No photo, or more than one, has a name."""

    def __init__(self, kind: Kind, words: str, candidates: Iterable[str] = ()) -> None:
        super().__init__(words)
        self.kind, self.words, self.candidates = kind, words, tuple(candidates)


@dataclass
class Names:
    """The photos of a folder, to be found by what labels call them."""

    folder: Folder
    taken: dict[str, str] = field(default_factory=dict)
    """files that were taken for names that aren't quite theirs"""
    _found: dict[str, str | NoPhotoError] = field(default_factory=dict)
    _looked: int = 0

    def find(self, name: str, within: str = "", quiet: bool = False) -> str:
        """The file that ``name`` stands for, relative to the folder.

        Args:
            name: as the label has it
            within: folder of the label's file, which its names may be relative to
            quiet: the name needn't be that of a file, so that nothing is to be said

        Raises:
            NoPhotoError: where none or several fit
        """
        for direct in (posixpath.join(within, name), name) if within else (name,):
            plain = posixpath.normpath(direct)
            if plain in self._files:
                return plain
        key = f"{within}\0{name}"
        if key not in self._found:
            try:
                self._found[key] = self._fitting(name, within)
            except NoPhotoError as error:
                self._found[key] = error
        found = self._found[key]
        if isinstance(found, NoPhotoError):
            raise found
        if not quiet and found != posixpath.normpath(name):
            self.taken[name] = found
        return found

    def notes(self) -> list[str]:
        """One line on names that were taken as they were meant."""
        if not self.taken:
            return []
        name, file = next(iter(self.taken.items()))
        said = (
            f"names that aren't quite those of files, each taken for the only one that fits: {len(self.taken):,}, "
            f"{shown(name)} for {shown(file)} first"
        )
        return [said]

    @cached_property
    def _files(self) -> frozenset[str]:
        return frozenset(self.folder.files)

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        """Pictures by the last part of their key."""
        return _index(self.folder.pictures(), lambda parts: parts[-1])

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        return _index(self.folder.pictures(), lambda parts: PurePosixPath(parts[-1]).stem)

    @cached_property
    def _with_pictures(self) -> frozenset[str]:
        """Folders that hold pictures, or have folders that do; not the whole."""
        return frozenset(
            str(above) for file in self.folder.pictures() for above in PurePosixPath(file).parents if above.name
        )

    def _fitting(self, name: str, within: str) -> str:
        parts = key(name)
        if not parts:
            raise NoPhotoError(Kind.NAME, f"{shown(name)} can't be a file's name")
        for files in (
            self._by_name.get(parts[-1], []),
            self._by_stem.get(parts[-1], []) if PurePosixPath(parts[-1]).suffix not in PICTURES else [],
        ):
            near = [file for file in files if within and file.startswith(f"{within}/")]
            fitting = _agreeing(parts, near)
            # A bare name beside photos is that of one of them: another folder's photo of that name is another photo.
            if not fitting and not (len(parts) == 1 and within in self._with_pictures):
                fitting = _agreeing(parts, files)
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                listed = ", ".join(map(shown, fitting[:SHOWN])) + (" …" if len(fitting) > SHOWN else "")
                raise NoPhotoError(Kind.SEVERAL, f"{shown(name)} fits {len(fitting)} photos: {listed}", fitting)
        # A file that was passed over, but is named.
        hidden = not name.startswith("/") and ".." not in PurePosixPath(name).parts and "\0" not in name
        if hidden and _is_file(self.folder.root / name):
            return posixpath.normpath(name)
        raise NoPhotoError(Kind.MISSING, f"{shown(name)}: no such file in the folder{self._nearest(parts)}")

    def _nearest(self, parts: tuple[str, ...]) -> str:
        """The most similar name, for the first that aren't there: words to end a sentence with."""
        same = self._by_name.get(parts[-1], [])
        if same:
            return f"; the same name stands in another folder: {shown(same[0])}"
        self._looked += 1
        if self._looked > NEAREST:
            return ""
        close = difflib.get_close_matches(parts[-1], self._by_name, 1, SIMILAR)
        return f"; the nearest is {shown(self._by_name[close[0]][0])}" if close else ""


def key(name: str) -> tuple[str, ...]:
    """The parts of a path as people mean them; equal for names that differ in nothing else."""
    if ADDRESS.match(name):
        # What is asked of a server beside the photo is no part of its name.
        name = re.split("[?#]", name, maxsplit=1)[0]
    text = unicodedata.normalize("NFC", unquote(name)).casefold().replace("\\", "/")
    parts = [" ".join(unicodedata.normalize("NFC", part).split()) for part in text.split("/")]
    kept = [part for part in parts if part not in ("", ".", "..") and not DRIVE.match(part)]
    if kept:
        last = PurePosixPath(kept[-1])
        kept[-1] = last.stem + SAME_ENDINGS.get(last.suffix, last.suffix)
    return tuple(kept)


def _index(files: Iterable[str], part_of: Callable[[tuple[str, ...]], str]) -> dict[str, list[str]]:
    index: dict[str, list[str]] = defaultdict(list)
    for file in files:
        index[part_of(key(file))].append(file)
    return index


def _agreeing(parts: tuple[str, ...], files: Iterable[str]) -> list[str]:
    """The files whose folders are those of a name, as far as both have some; the longest agreement counts."""
    best: list[str] = []
    longest = (False, 0)
    for file in files:
        mine = key(file)[:-1]
        common = min(len(mine), len(parts) - 1)
        if common and mine[-common:] != parts[:-1][-common:]:
            continue
        rank = (len(mine) == len(parts) - 1, common)
        if rank > longest:
            best, longest = [], rank
        if rank == longest:
            best.append(file)
    return best


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False
