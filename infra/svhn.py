"""SVHN's official archives of full numbers: fetched from Stanford, checked, and unpacked.

The publishers give no checksums. Sizes are those that many public programs compare with; the SHA-256 of what came first
is kept beside an archive, in the form that ``sha256sum --check`` reads, and holds from then on.
"""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra import fetching, fingerprints
from infra.errors import MissingPartError, RefusedError, UsageError
from infra.progress import say

ADDRESS = "http://ufldl.stanford.edu/housenumbers"
LABELS = "digitStruct.mat"


@dataclass(frozen=True)
class Part:
    """An archive, its size in bytes, and how many photos it holds."""

    size: int
    photos: int


PARTS: Mapping[str, Part] = {
    "train": Part(404_141_560, 33_402),
    "test": Part(276_555_967, 13_068),
    "extra": Part(1_955_489_752, 202_353),
}


def fetch(
    names: Sequence[str],
    folder: Path,
    hashes: Mapping[str, str],
    address: str = ADDRESS,
    parts: Mapping[str, Part] = PARTS,
) -> list[Path]:
    """Have the parts called ``names`` in ``folder``, each as a folder of PNGs with its digitStruct.mat.

    What is there already is kept; an interrupted download goes on where it was.

    Args:
        names: of ``parts``
        folder: where archives and folders go
        hashes: SHA-256 that somebody trusts, by name
        address: where the archives are, without their file names
        parts: what there is

    Raises:
        MissingPartError: no network, or no room on the disk
        RefusedError: an archive isn't what was expected; it is removed
    """
    for name in (*names, *hashes):
        if name not in parts:
            raise UsageError(f"there is no part {name} of SVHN; there are {', '.join(parts)}")
    wanted = [name for name in names if not (folder / name).is_dir()]
    if wanted:
        total = sum(parts[name].size for name in wanted)
        listed = ", ".join(f"{name} {_megabytes(parts[name].size)} ({parts[name].photos} photos)" for name in wanted)
        say(f"SVHN, for non-commercial use (Netzer et al. 2011): {listed}; {_megabytes(total)} in all, to {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        archive = folder / f"{name}.tar.gz"
        if (folder / name).is_dir():
            # The archive may have been removed since: its hash stays.
            _compare(archive, _recorded(archive), hashes.get(name), "remove both, and fetch them again")
            say(f"current: {folder / name}")
            continue
        if not archive.exists():
            _require_room(folder, 2 * parts[name].size)
            fetching.fetch(f"{address}/{archive.name}", archive, parts[name].size)
        _verify(archive, parts[name].size, hashes.get(name))
        _unpack(archive, folder / name)
    return [folder / name for name in names]


def _verify(archive: Path, size: int, trusted: str | None) -> None:
    """Compare an archive with its size, the hash that somebody trusts, and the one that was recorded."""
    remedy = f"it is {_rejected(archive).name} now; repeat to fetch it again"
    length, found = archive.stat().st_size, fingerprints.of_file(archive)
    try:
        if length != size:
            raise RefusedError(f"{archive} has {length} bytes instead of {size}; {remedy}")
        _compare(archive, found, trusted, remedy)
        _compare(archive, found, _recorded(archive), f"{remedy}, or remove {_record(archive)} if you trust the new one")
    except RefusedError:
        archive.rename(_rejected(archive))
        raise
    if _recorded(archive) is None:
        said = "as --sha256 says" if trusted else "recorded at first use: the publishers give none to compare with"
        say(f"{archive.name}: SHA-256 {found}, {said}")
        _record(archive).write_text(f"{found}  {archive.name}\n", "utf-8")


def _compare(archive: Path, found: str | None, expected: str | None, remedy: str) -> None:
    if found and expected and found != expected.lower():
        raise RefusedError(f"{archive} has the SHA-256 {found}, expected was {expected}; {remedy}")


def _unpack(archive: Path, place: Path) -> None:
    """Unpack ``archive``, which holds one folder called like ``place``, beside it; the name comes last."""
    if not hasattr(tarfile, "data_filter"):
        raise MissingPartError("this Python can't unpack archives safely: 3.11.4 or later is needed")
    new = place.with_name(f".{place.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    say(f"unpacking {archive.name} ...")
    try:
        with tarfile.open(archive) as tar:
            # Refuses what leads out of the folder, links there, devices and odd permissions.
            tar.extractall(new, filter="data")
        if not (new / place.name / LABELS).is_file():
            raise RefusedError(f"{archive} holds no {place.name}/{LABELS}: it isn't an archive of SVHN's full numbers")
        (new / place.name).rename(place)
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise RefusedError(f"{archive} can't be unpacked: {error}; remove it, and fetch it again") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _require_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise MissingPartError(
            f"{folder} has {_megabytes(free)} of room; archive and photos need {_megabytes(needed)}: "
            "choose another disk with --out"
        )


def _recorded(archive: Path) -> str | None:
    try:
        return _record(archive).read_text("utf-8").split()[0]
    except (OSError, IndexError, UnicodeDecodeError):
        return None


def _record(archive: Path) -> Path:
    return archive.with_name(f"{archive.name}.sha256")


def _rejected(archive: Path) -> Path:
    return archive.with_name(f"{archive.name}.rejected")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
