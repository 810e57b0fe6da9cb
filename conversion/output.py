"""A step's result folder: whole under its name, or not there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conversion.errors import OutputError


@contextmanager
def replacement(out: Path, marker: str) -> Iterator[Path]:
    """An empty folder beside ``out`` that takes its place when the block ends well.

    Otherwise it vanishes, whatever ended the block.

    Args:
        out: the result's folder; an older result there stays until the new one is whole
        marker: file that every result has; a folder without it is somebody's own and is never
            replaced

    Raises:
        OutputError: ``out`` is a file or holds something else.
    """
    out = out.absolute()
    new, old = out.with_name(f".{out.name}.new"), out.with_name(f".{out.name}.old")
    if old.exists() and not out.exists():
        old.rename(out)  # an earlier run was killed between the two renames below
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out}: is a file; name a folder for the result")
    if out.exists() and any(out.iterdir()) and not (out / marker).is_file():
        raise OutputError(f"{out}: holds other things than a result of this step (no {marker}); name another folder")
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        new.mkdir(parents=True)
        yield new
        if out.exists():
            out.rename(old)
        new.rename(out)
    finally:
        if old.exists() and not out.exists():
            old.rename(out)
        for leftover in (new, old):
            shutil.rmtree(leftover, ignore_errors=True)
