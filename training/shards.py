"""Pieces of a step: ``--shard I/N`` makes one, ``--parts DIR`` puts all N together.

What comes of it is, byte for byte, what one process makes. Where the pieces are made is nobody's business here.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from training.errors import ShardError

Item = TypeVar("Item")
PART = re.compile("([0-9]+)-of-([0-9]+)")


@dataclass(frozen=True)
class Shard:
    """Piece ``part`` of ``parts``, counted from 1."""

    part: int
    parts: int

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        """Its share of ``items``: each Nth from the Ith on."""
        return items[self.part - 1 :: self.parts]


def read(text: str, most: int | None = None) -> Shard:
    """The shard that ``2/4`` says, of at most ``most`` pieces.

    Raises:
        ShardError: it is none
    """
    found = re.fullmatch("([0-9]{1,9})/([0-9]{1,9})", text)
    part, parts = (int(number) for number in found.groups()) if found else (0, 0)
    if not 1 <= part <= parts or (most is not None and parts > most):
        raise ShardError(f"--shard {text}: say 1/4 to 4/4 for the quarters of at least four photos")
    return Shard(part, parts)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The two arguments of a step that can be made in pieces."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--shard", metavar="I/N", help="make only this piece, to be put together by --parts")
    choice.add_argument("--parts", type=Path, metavar="DIR", help="put the pieces DIR/I-of-N together")


def whole(folder: Path) -> list[Path]:
    """The pieces of a folder, in their order.

    Raises:
        ShardError: one is missing, or they are of different divisions
    """
    found = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        if name := PART.fullmatch(path.name):
            found[int(name[1]), int(name[2])] = path
    divisions = {parts for _, parts in found}
    if len(divisions) != 1:
        said = f"pieces of different divisions ({', '.join(map(str, sorted(divisions)))})" if divisions else "no pieces"
        raise ShardError(f"{folder}: {said}; make each with --shard I/N into {folder}/I-of-N")
    parts = divisions.pop()
    if missing := [part for part in range(1, parts + 1) if (part, parts) not in found]:
        said = ", ".join(map(str, missing[:10]))
        raise ShardError(f"{folder}: of {parts} pieces {said} lacks; make it with --shard {missing[0]}/{parts}")
    return [found[part, parts] for part in range(1, parts + 1)]


def bring(source: Path, target: Path) -> None:
    """Give a piece's file another name, without copying where the file system can."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def cores() -> int:
    """How many processes or threads a step may keep busy: all processors, or fewer where OMP_NUM_THREADS says so."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    count = os.cpu_count() or 1
    return max(1, min(count, int(said))) if said.isdigit() else count
