"""One maker at a time, between processes and threads."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from infra.errors import BusyError
from infra.progress import say


@contextlib.contextmanager
def waiting(path: Path) -> Iterator[None]:
    """Hold the lock file ``path``, waiting for whoever holds it."""
    with _opened(path) as file:
        if not _take(file):
            say(f"waiting for another process that holds {path.name} ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def refusing(path: Path, what: str) -> Iterator[int]:
    """Hold the lock file ``path`` and yield its descriptor; the file is gone afterwards.

    A child that inherits the descriptor holds the lock until it ends, too.

    Raises:
        BusyError: ``what`` is being made by another process.
    """
    with _opened(path) as file:
        # A file that was removed in the meantime is no lock any more: somebody made a new one.
        if not _take(file) or not _is(file, path):
            raise BusyError(f"another process is making {what}: wait for it, or end it; `fuser {path}` names it")
        try:
            yield file
        finally:
            path.unlink(missing_ok=True)


def _take(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is(file: int, path: Path) -> bool:
    return path.exists() and os.fstat(file).st_ino == path.stat().st_ino


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield file
    finally:
        os.close(file)
