"""What every step's command line shares: one message for a fault, an exit code, progress in lines or on a terminal."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from training.errors import LostError, TrainingError

Item = TypeVar("Item")
FAULT = 2
LOST = 75
"""Another process of the same training ended; to be started again. sysexits.h calls it EX_TEMPFAIL."""
INTERRUPTED = 130


def run(main: Callable[[], None], *faults: type[Exception]) -> None:
    """Call a step's ``main``; a user's fault ends in one message and exit code 2 (75: `LostError`), Ctrl-C in 130.

    ``faults`` are further errors of a library that stand for unreadable files and full disks.
    """
    known: tuple[type[Exception], ...] = (TrainingError, *faults)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names of files needn't be UTF-8.
            stream.reconfigure(errors="backslashreplace")
    try:
        main()
    except known as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(LOST if isinstance(error, LostError) else FAULT)
    except OSError as error:
        print(f"error: {error.filename or 'writing'}: {error.strerror}", file=sys.stderr)
        sys.exit(FAULT)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)


def progress(items: Iterable[Item], total: int, noun: str) -> Iterator[Item]:
    """Pass ``items`` on and say every few seconds how many of ``total`` are done, and how long the rest takes."""
    started = said = time.monotonic()
    pause = 0.5 if sys.stderr.isatty() else 5.0
    end = "\r" if sys.stderr.isatty() else "\n"
    for done, item in enumerate(items):
        yield item
        now = time.monotonic()
        if now - said > pause:
            said = now
            rate = (done + 1) / (now - started)
            words = f"{done + 1}/{total} {noun}, {rate:.0f}/s, {_duration((total - done - 1) / rate)} left"
            print(words, file=sys.stderr, end=end, flush=True)


def _duration(seconds: float) -> str:
    """A time to come, as exact as it is known."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
