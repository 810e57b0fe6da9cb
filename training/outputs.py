"""Outputs that appear whole or not at all, and the fingerprints of files."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 255
"""Bytes of a file's name that file systems take."""


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill beside ``path``; it takes that name at the end, and vanishes if anything fails before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    workspace = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        candidate = workspace / "new"
        candidate.mkdir()
        yield candidate
        if path.exists():
            path.rename(workspace / "old")
        candidate.rename(path)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file under a temporary name and rename it."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_text(text)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def fitting(stem: str, ending: str) -> str:
    """A file's name made of another's ``stem``: as it is, or shortened where a file system would not take it.

    What is lost of a stem becomes eight digits of its hash, so that names that differ stay different; what isn't UTF-8,
    or no sign that a name can show, becomes a question mark, which takes no part in it.
    """
    shown = "".join(sign if sign.isprintable() else "?" for sign in stem)
    whole = shown.encode("utf-8", "replace")
    if shown == stem and len(whole) + len(ending.encode()) <= LONGEST:
        return stem + ending
    digest = hashlib.sha256(stem.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    room = LONGEST - len(f"-{digest}{ending}".encode())
    return f"{whole[:room].decode('utf-8', 'ignore')}-{digest}{ending}"


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
