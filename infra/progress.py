"""Words for the person who waits. They go to stderr: stdout is for results."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_one_line_at_a_time = threading.Lock()
_place: ContextVar[str] = ContextVar("_place", default="")


def say(text: str) -> None:
    """Write a line that is whole even when several threads speak."""
    with _one_line_at_a_time:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def begin(name: str) -> None:
    """Say that something begins, and where on its road it is."""
    say(_place.get().format(name=name) or f"{name} ...")


def left(seconds: float, passed: float) -> str:
    """What is left after ``passed`` of something that takes about ``seconds``; empty where nobody knows."""
    if not seconds:
        return ""
    rest = seconds - passed
    if rest <= 0:
        return ", longer than usual"
    return f", about {rest / 60:.0f} min left" if rest >= 90 else f", about {max(5, round(rest, -1)):.0f} s left"


@contextmanager
def place(number: int, count: int, seconds_left: float) -> Iterator[None]:
    """Around step ``number`` of ``count``, when about ``seconds_left`` are left from its beginning on."""
    minutes = round(seconds_left / 60)
    left = f"about {minutes} min left" if minutes > 1 else "about a minute left"
    token = _place.set(f"step {number} of {count}: {{name}}, {left}")
    try:
        yield
    finally:
        _place.reset(token)
