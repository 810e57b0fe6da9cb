"""Words for the person who waits. They go to stderr: stdout is for results."""

from __future__ import annotations

import sys
import threading

_one_line_at_a_time = threading.Lock()


def say(text: str) -> None:
    """Write a line that is whole even when several threads speak."""
    with _one_line_at_a_time:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
