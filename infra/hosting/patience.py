"""Trying again: only what may pass, with growing and jittered pauses, and not for ever."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from infra.errors import ServiceError, TransientError
from infra.progress import say

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0

Answer = TypeVar("Answer")


def persist(what: str, action: Callable[[float], Answer], seconds: float) -> Answer:
    """What ``action`` returns; it is given the seconds that are left, and called again while it fails transiently.

    Raises:
        ServiceError: it still failed after ``seconds``, or failed for good.
    """
    start = time.monotonic()
    attempts = 0
    told: TransientError | None = None
    while True:
        attempts += 1
        try:
            return action(seconds - (time.monotonic() - start))
        except TransientError as error:
            told = error if told is None or not error.is_silence else told
            # Jitter keeps two clients that failed together from coming back together.
            pause = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE) * random.uniform(0.5, 1.0)
            pause = max(pause, error.after)
            passed = time.monotonic() - start
            if passed + pause >= seconds:
                raise ServiceError(
                    f"{what}: given up after {attempts} attempts in {passed:.0f} s: {told}\n"
                    "  Nothing else was changed; run the same command again later, "
                    "or raise [hosting] patience in digitlens.toml"
                ) from error
            say(f"{what}: {error}; again in {pause:.1f} s")
            time.sleep(pause)
