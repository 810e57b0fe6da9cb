"""What every step of this package does around its work: words, progress, signals, exit codes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import TypeVar

from conversion.errors import ConversionError, GateFailed

Item = TypeVar("Item")

REFUSED, UNUSABLE, INTERRUPTED = 1, 2, 128 + signal.SIGINT
LOG_INTERVAL = 5.0
"""Seconds between two lines of progress where stderr is no terminal."""


def run(work: Callable[[], None]) -> int:
    """Do ``work`` and return the exit code; a user's mistake becomes one message on stderr.

    0 done, 1 the result was refused, 2 the input or the output can't be used, 130 and 143
    interrupted.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    signal.signal(signal.SIGTERM, _leave)
    try:
        work()
    except ConversionError as error:
        print(f"error: {error}", file=sys.stderr)
        return REFUSED if isinstance(error, GateFailed) else UNUSABLE
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(
            f"error: {where}{error.strerror or error}; the last good result is untouched",
            file=sys.stderr,
        )
        return UNUSABLE
    except KeyboardInterrupt:
        print("interrupted; nothing was left behind", file=sys.stderr)
        return INTERRUPTED
    return 0


def say(words: str) -> None:
    """One line on stderr."""
    print(words, file=sys.stderr, flush=True)


def progress(items: Iterable[Item], total: int, label: str) -> Iterator[Item]:
    """Pass ``items`` on and say on stderr how far they are, without a terminal a line at times."""
    terminal = sys.stderr.isatty()
    interval = 0.1 if terminal else LOG_INTERVAL
    started = said = time.monotonic()
    done = 0
    for done, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if now - said >= interval:
            said = now
            print(f"{label}: {done} of {total}", end="\r" if terminal else "\n", file=sys.stderr)
    say(f"{label}: {done} of {total} in {time.monotonic() - started:.1f} s")


def _leave(number: int, _frame: FrameType | None) -> None:
    """Unwind on SIGTERM, so that half a result is removed as on Ctrl-C."""
    sys.exit(128 + number)
