"""SVHN's official archives of full numbers: fetched from Stanford, checked, and unpacked.

The publishers give no checksums. Sizes, and where there are any the SHA-256, are those that many public programs
compare with (docTR among them); without one, that of what first unpacked holds from then on. Either is kept beside an
archive, in the form that ``sha256sum --check`` reads.
"""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra import fingerprints
from infra.datasets import fetching
from infra.errors import MissingPartError, RefusedError, UsageError
from infra.progress import say

ADDRESS = "http://ufldl.stanford.edu/housenumbers"
LABELS = "digitStruct.mat"


@dataclass(frozen=True)
class Part:
    """An archive, its size in bytes, how many photos it holds, and its SHA-256 where it is known."""

    size: int
    photos: int
    sha256: str | None = None


PARTS: Mapping[str, Part] = {
    "train": Part(404_141_560, 33_402, "4b17bb33b6cd8f963493168f80143da956f28ec406cc12f8e5745a9f91a51898"),
    "test": Part(276_555_967, 13_068, "57ac9ceb530e4aa85b55d991be8fc49c695b3d71c6f6a88afea86549efde7fb5"),
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
        try:
            found = _verify(archive, parts[name].size, hashes.get(name, parts[name].sha256))
            _unpack(archive, folder / name)
        except RefusedError:
            archive.rename(_rejected(archive))
            raise
        _record(archive).write_text(f"{found}  {archive.name}\n", "utf-8")
    return [folder / name for name in names]


def _verify(archive: Path, size: int, trusted: str | None) -> str:
    """The SHA-256 of an archive, compared with its size, with the hash that is trusted, else with the recorded one."""
    remedy = _remedy(archive)
    length, found = archive.stat().st_size, fingerprints.of_file(archive)
    if length != size:
        raise RefusedError(f"{archive} has {length} bytes instead of {size}; {remedy}")
    if trusted:
        _compare(archive, found, trusted, remedy)
    else:
        doubt = f"{remedy}, or remove {_record(archive)} if you trust the new one"
        _compare(archive, found, _recorded(archive), doubt)
    if _recorded(archive) is None:
        said = "as expected" if trusted else "which holds from now on: there is none to compare with"
        say(f"{archive.name}: SHA-256 {found}, {said}")
    return found


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
        with gzip.open(archive) as content:
            with tarfile.open(fileobj=content) as tar:
                # Refuses what leads out of the folder, links there, devices and odd permissions.
                tar.extractall(new, filter="data")
            # The checksum stands at the very end, behind what a tar file ends with.
            while content.read(1 << 20):
                pass
        if not (new / place.name / LABELS).is_file():
            raise RefusedError(
                f"{archive} holds no {place.name}/{LABELS}: it isn't an archive of SVHN's full numbers; "
                f"{_remedy(archive)}"
            )
        (new / place.name).rename(place)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise RefusedError(f"{archive} can't be unpacked: {error}; {_remedy(archive)}") from error
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


def _remedy(archive: Path) -> str:
    return f"it is {_rejected(archive).name} now; repeat to fetch it again"


def _rejected(archive: Path) -> Path:
    return archive.with_name(f"{archive.name}.rejected")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
