"""A ZIP of photos and labels, unpacked: nothing lands outside of its folder, and no bomb fills the disk."""

from __future__ import annotations

import posixpath
import re
import shutil
import stat
import zipfile
import zlib
from pathlib import Path

from training.errors import AnnotationError
from training.findings import shown

ENDING = ".zip"
UTF8, ENCRYPTED = 0x800, 0x1
"""Flags of a member."""
RATIO, ALWAYS = 200, 2**28
"""Bytes that an archive may hold: so many times its own, or 256 MiB."""
DRIVE = re.compile(r"^[A-Za-z]:")
FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What a broken archive, or one of another kind, raises."""


def is_archive(path: Path) -> bool:
    """Whether photos are to be unpacked."""
    return path.suffix.lower() == ENDING and path.is_file()


def unpack(path: Path, folder: Path) -> list[str]:
    """Unpack an archive into an empty folder; returns notes on what was left out.

    Raises:
        AnnotationError: naming the member that is broken, encrypted, or would leave the folder
    """
    links: list[str] = []
    name = ""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            left = max(ALWAYS, RATIO * path.stat().st_size)
            if sum(member.file_size for member in members) > left:
                raise AnnotationError(
                    f"{path}: would unpack to more than {left / 1e9:.1f} GB: it isn't an archive of photos"
                )
            taken: set[str] = set()
            for member in members:
                name = _name(member)
                if stat.S_ISLNK(member.external_attr >> 16):
                    links.append(name)
                    continue
                place = _place(path, name)
                if member.flag_bits & ENCRYPTED:
                    raise AnnotationError(f"{path}, {shown(name)}: is encrypted; unpack it and name the folder")
                if place in taken:
                    raise AnnotationError(f"{path}, {shown(name)}: stands twice in the archive")
                taken.add(place)
                target = folder / place
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as packed, target.open("xb") as file:
                    shutil.copyfileobj(packed, file)
    except FAULTS as error:
        where = f"{path}, {shown(name)}" if name else str(path)
        raise AnnotationError(f"{where}: can't be unpacked: {error}; make the archive again") from error
    return [f"links in {path.name}, left out: {len(links):,}, {shown(links[0])} first"] if links else []


def _name(member: zipfile.ZipInfo) -> str:
    """A member's name; many programs write UTF-8 without saying so."""
    if not member.flag_bits & UTF8:
        try:
            return member.filename.encode("cp437").decode()
        except UnicodeError:
            pass
    return member.filename


def _place(path: Path, name: str) -> str:
    """Where a member goes below the folder. Raises AnnotationError where that would be outside."""
    plain = posixpath.normpath(name.replace("\\", "/"))
    if plain.startswith(("/", "../")) or plain in ("..", ".") or DRIVE.match(plain) or "\0" in plain:
        raise AnnotationError(f"{path}, {shown(name)}: would be unpacked outside of its folder")
    return plain
