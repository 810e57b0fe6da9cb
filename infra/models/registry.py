"""Versions of a model: all of a run that can be used again, as one immutable, verified thing.

``objects/SHA256`` are contents, ``versions/NAME.json`` say which contents at which paths a version is.
That comes last, so an interrupted push leaves nothing that could be seen. Nothing is overwritten; equal
contents of two versions are kept once, and compared before they are relied on.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from infra import fingerprints, git, results
from infra.errors import RefusedError, UsageError
from infra.models.stores import Store
from infra.progress import say
from infra.runs.run import Run

PARTS = {
    "checkpoints": "train",
    "saved_model": "export",
    "web_model": "convert",
    "evaluation": "pipeline",
    "report.json": "pipeline",
    "report.md": "pipeline",
    "run.json": "data.records",
}
"""What a version consists of, and the task that makes it. The report is the model's card."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
TOGETHER = 4

Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Entry:
    """A file of a version."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Version:
    """What is said of a version."""

    name: str
    run: str
    made: str
    commit: str | None
    files: tuple[Entry, ...]

    @property
    def bytes(self) -> int:
        """Of all its files."""
        return sum(entry.bytes for entry in self.files)


def push(store: Store, name: str, run: Run) -> Version:
    """Keep the models of ``run`` as version ``name``; where that is kept already, see that it is whole.

    Raises:
        UsageError: the run lacks a part.
        RefusedError: there is such a version of other files, what is kept is damaged, or the model failed its gate.
    """
    _check(name)
    _require_parts(run)
    files = list(_files(run.folder))
    entries = tuple(
        Entry(file.relative_to(run.folder).as_posix(), file.stat().st_size, fingerprints.of_file(file))
        for file in files
    )
    if store.size(_manifest(name)) is not None:
        _require_same(read(store, name), entries)

    def keep(pair: tuple[Entry, Path]) -> Entry | None:
        entry, file = pair
        return None if store.create(_object(entry.sha256), file) or _is_whole(store, entry) else entry

    if damaged := [entry for entry in _all(keep, zip(entries, files, strict=True)) if entry]:
        raise RefusedError(f"what is kept of version {name} is damaged: {_mending(store, damaged)}, then push again")
    version = Version(name, run.name, datetime.now(UTC).isoformat(timespec="seconds"), git.commit(), entries)
    with tempfile.TemporaryDirectory() as scratch:
        manifest = Path(scratch, "manifest.json")
        manifest.write_text(json.dumps({"format_version": 1, **asdict(version)}, indent=1) + "\n", "utf-8")
        if store.create(_manifest(name), manifest):
            return version
    # It was there, somebody else was faster, or the answer to a first attempt was lost.
    found = read(store, name)
    _require_same(found, entries)
    say(f"current: version {name}")
    return found


def pull(store: Store, name: str, folder: Path) -> Version:
    """Write version ``name`` to ``folder``, a run's, every file compared with its hash.

    Raises:
        UsageError: there is no such version, or ``folder`` holds something else.
        RefusedError: a file isn't what the version says.
    """
    version = read(store, name)
    if folder.exists():
        if not _holds(folder, version):
            raise UsageError(f"{folder} exists and is no copy of version {name}: --run writes to another")
        say(f"current: version {name} ({folder})")
        return version
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)

    def fetch(entry: Entry) -> Entry | None:
        file = new / entry.path
        file.parent.mkdir(parents=True, exist_ok=True)
        store.get(_object(entry.sha256), file)
        return None if fingerprints.of_file(file) == entry.sha256 else entry

    if damaged := [entry for entry in _all(fetch, version.files) if entry]:
        shutil.rmtree(new)
        raise RefusedError(
            f"version {name} is damaged: {_mending(store, damaged)}, then "
            f"./inv model.push {name} --run {version.run} where that run is"
        )
    results.replace(new, folder)
    return version


def versions(store: Store) -> list[Version]:
    """All versions, the newest first."""
    names = [PurePosixPath(path).name.removesuffix(".json") for path in store.names("versions/")]
    return sorted((read(store, name) for name in names), key=lambda version: version.made, reverse=True)


def read(store: Store, name: str) -> Version:
    """What is said of version ``name``.

    Raises:
        UsageError: there is none.
    """
    _check(name)
    if store.size(_manifest(name)) is None:
        raise UsageError(f"there is no version {name}: ./inv model.list shows those there are")
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "manifest.json")
        store.get(_manifest(name), file)
        try:
            content: dict[str, Any] = json.loads(file.read_text("utf-8"))
        except ValueError as error:
            raise RefusedError(
                f"version {name} is damaged, {_manifest(name)} isn't JSON: remove it, then push again"
            ) from error
    if content.pop("format_version") != 1:
        raise RefusedError(f"version {name} was written by a newer digitlens: update this one")
    entries = tuple(Entry(**entry) for entry in content.pop("files"))
    if any(PurePosixPath(entry.path).is_absolute() or ".." in PurePosixPath(entry.path).parts for entry in entries):
        raise RefusedError(f"version {name} names a path outside of its folder")
    return Version(**content, files=entries)


def _check(name: str) -> None:
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} can't name a version: letters, digits, dots, dashes and underscores")


def _require_parts(run: Run) -> None:
    for part, task in PARTS.items():
        if not (run.folder / part).exists():
            raise UsageError(f"run {run.name} has no {part}: ./inv {task} makes it")
    gate = json.loads((run.web_model / "manifest.json").read_text("utf-8")).get("gate", {})
    if not gate.get("passed"):
        raise RefusedError(f"the web model of run {run.name} passed no gate: ./inv convert --run {run.name}")


def _files(folder: Path) -> Iterator[Path]:
    for part in PARTS:
        place = folder / part
        yield from sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else [place]


def _require_same(version: Version, entries: tuple[Entry, ...]) -> None:
    if version.files != entries:
        raise RefusedError(
            f"there is a version {version.name} of other files already, and versions don't change: choose another name"
        )


def _is_whole(store: Store, entry: Entry) -> bool:
    """Whether the content that ``entry`` needs is what it should be."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "copy")
        store.get(_object(entry.sha256), copy)
        return fingerprints.of_file(copy) == entry.sha256


def _mending(store: Store, damaged: list[Entry]) -> str:
    commands = sorted({store.removal(_object(entry.sha256)) for entry in damaged})
    return f"{damaged[0].path} isn't what it should be. Remove it with `{' && '.join(commands)}`"


def _holds(folder: Path, version: Version) -> bool:
    return all(
        (folder / entry.path).is_file() and fingerprints.of_file(folder / entry.path) == entry.sha256
        for entry in version.files
    )


def _all(action: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
    with ThreadPoolExecutor(TOGETHER) as pool:
        return list(pool.map(action, items))


def _manifest(name: str) -> str:
    return f"versions/{name}.json"


def _object(sha256: str) -> str:
    return f"objects/{sha256}"
