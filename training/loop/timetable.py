"""How many steps a training takes, and what follows from it: asked for in steps, or in minutes.

Minutes become steps on the machine that trains: the first batches are trained and timed, then forgotten. What came out
is kept in ``timetable.json`` beside the checkpoints, so that a training that goes on counts as it did. A machine that
turns out faster or slower than it was in the first seconds changes the number of steps at a checkpoint, never between
two: what was trained up to a checkpoint depends on nothing but what is in the folder.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from training.config import TIMED, Training
from training.outputs import write_whole

FILE = "timetable.json"
CHECKPOINTS = 8
"""So many a training of minutes writes, fewer where judging the calibration photos takes long."""
JUDGING = 0.1
"""Of the time at most goes to that."""
LEAST = 20
"""Steps, however little time there is."""
SLIP = 0.15
"""The number of steps changes where the rest of it would take this share more, or less, than there is time for."""
FINISH = 5.0
"""Seconds to write what a training leaves behind."""


@dataclass(frozen=True)
class Timetable:
    """The numbers of steps of a training."""

    steps: int
    warmup: int
    averaging: float
    """decay of the moving average"""
    checkpoint_every: int

    @classmethod
    def written(cls, settings: Training) -> Timetable:
        """As the configuration says it."""
        return cls(settings.steps, settings.warmup, settings.averaging, settings.checkpoint_every)

    @classmethod
    def of_steps(cls, steps: int, settings: Training, checkpoints: int = CHECKPOINTS) -> Timetable:
        """What suits a number of steps; what the configuration says wins."""
        suited = cls(
            steps=steps,
            warmup=min(200, max(1, steps // 15)),
            # An average over the last tenth: a longer one remembers the start.
            averaging=min(0.999, max(0.9, 1 - 10 / steps)),
            checkpoint_every=max(1, -(-steps // checkpoints)),
        )
        told = {name: getattr(settings, name) for name in TIMED if name in settings.model_fields_set}
        return replace(suited, **told)


class Clock:
    """The time that a training was given, and what is left of it."""

    def __init__(self, minutes: float, used: float, began: float) -> None:
        """``used`` seconds went to earlier attempts; this one began at ``began`` by `time.monotonic`."""
        self.minutes, self.began = minutes, began - used

    def used(self) -> float:
        """Seconds, those of earlier attempts too."""
        return time.monotonic() - self.began

    def lap(self, table: Timetable) -> float:
        """Seconds that there are on average from one checkpoint to the next."""
        return self.minutes * 60 * table.checkpoint_every / table.steps

    def left(self) -> float:
        """Seconds, below 0 where it is over."""
        return self.minutes * 60 - FINISH - self.used()

    def plan(self, settings: Training, step_seconds: float, judging_seconds: float) -> Timetable:
        """A timetable for the time that is left."""
        left = max(self.left() - judging_seconds, 0.0)
        checkpoints = max(2, min(CHECKPOINTS, int(JUDGING * left / max(judging_seconds, 1e-3))))
        steps = int((left - checkpoints * judging_seconds) / step_seconds)
        return Timetable.of_steps(max(steps, LEAST), settings, checkpoints)

    def correct(self, table: Timetable, done: int, step_seconds: float, judging_seconds: float) -> Timetable:
        """``table`` with as many steps as there is time for after ``done`` of them, if that is clearly another number.

        Up to twice as many as were planned: by then most of the schedule is behind.
        """
        rest = table.steps - done
        left = max(self.left() - judging_seconds, 0.0)
        fits = int(left / (step_seconds + judging_seconds / table.checkpoint_every))
        if rest <= 0 or abs(fits - rest) <= SLIP * rest:
            return table
        return replace(table, steps=done + max(1, min(fits, 2 * rest)))


class Log:
    """The timetables of a training in its folder, each with the step from which it holds."""

    def __init__(self, folder: Path, first_step: int) -> None:
        """Read those up to ``first_step``; what came later will be decided again."""
        self.path = folder / FILE
        entries = json.loads(self.path.read_text("utf-8")) if self.path.exists() else []
        self.entries = [entry for entry in entries if entry["from"] <= first_step]

    @property
    def latest(self) -> Timetable | None:
        """The one that holds now."""
        return Timetable(**{k: v for k, v in self.entries[-1].items() if k != "from"}) if self.entries else None

    def add(self, table: Timetable, step: int) -> None:
        """Remember what holds after ``step``."""
        self.entries.append({"from": step, **asdict(table)})
        write_whole(self.path, json.dumps(self.entries, indent=1) + "\n")


def seconds_per_step(step: Callable[[], object], least: int, most: int, seconds: float) -> float:
    """Call ``step`` ``least`` to ``most`` times, as often as fits into ``seconds``; how long it takes."""
    taken: list[float] = []
    began = time.monotonic()
    while len(taken) < least or (len(taken) < most and time.monotonic() - began < seconds):
        before = time.monotonic()
        step()
        taken.append(time.monotonic() - before)
    # The mean of the middle: a machine that stutters is as slow as it is on the whole.
    middle = sorted(taken)[len(taken) // 4 : -(len(taken) // 4) or None]
    return sum(middle) / len(middle)


def in_words(seconds: float) -> str:
    """About how long that is."""
    return f"about {seconds / 60:.0f} min" if seconds > 90 else f"about {max(seconds, 0):.0f} s"
