"""The loop: steps, what is said of them, checkpoints, and the time that all of it takes."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.config import Configuration
from training.loop.calibration import Calibration
from training.loop.course import Course, Lap
from training.loop.gang import ALONE, Alone
from training.loop.state import State
from training.loop.steps import Steps
from training.loop.timetable import Clock, Log, in_words, seconds_per_step
from training.models import WEIGHTS

SAY_SECONDS = 20.0
LATE = 2.0
"""A checkpoint is written early where the way to it takes so many times as long as planned."""


class Loop(Steps):
    """Steps and checkpoints, up to the last of them: of a process alone, or of the first of several."""

    def __init__(
        self,
        config: Configuration,
        out: Path,
        state: State,
        calibration: Calibration,
        clock: Clock | None,
        gang: Alone = ALONE,
    ) -> None:
        """Go on from ``state`` in the folder ``out``; ``clock`` where it was given minutes instead of steps."""
        super().__init__(config, state, gang)
        self.out, self.calibration, self.clock = out, calibration, clock
        first = int(state.step)
        self.course, self.log = Course(out, first), Log(out, first)
        self.cold = self.log.latest is not None
        """whether compiling falls into this lap: of a training that goes on, the first one says nothing of speed"""
        self.table = self.log.latest or self.table
        self.judging = 0.0
        """seconds that the last look at the calibration photos took"""
        self.said = time.monotonic()

    def is_unplanned(self) -> bool:
        """Whether a timetable has yet to be made of minutes."""
        return self.clock is not None and not self.log.latest

    def _plan(self, batches: Iterator[Any], first: int, /) -> list[Any]:
        """Make a timetable from how fast this machine is; the batches that it was measured with are trained on yet."""
        state, before, clock = self.state, self.state.snapshot(), self.clock
        assert clock
        self.calibration.judge(state.averaged)
        judged = time.monotonic()
        self.calibration.judge(state.averaged)
        self.judging = time.monotonic() - judged
        seen: list[Any] = []

        def measured() -> None:
            self.gang.tell(True)
            seen.append(next(batches))
            self.step(*seen[-1]).numpy()

        # The first one compiles.
        measured()
        each = seconds_per_step(measured, 4, 40, min(12.0, 0.04 * clock.minutes * 60))
        self.gang.tell(False)
        state.put_back(before)
        self.table = clock.plan(self.config.training, each, self.judging)
        print(
            f"{1 / each:.1f} steps a second: {self.table.steps} steps in {clock.minutes:g} minutes, "
            "with compiling and judging",
            file=sys.stderr,
        )
        self.log.add(self.table, first)
        return seen

    def _is_late(self, lap: Lap, /) -> bool:
        """Whether a checkpoint should be written early, where the machine has become slow."""
        return bool(self.clock and lap.steps > 1 and lap.seconds() > LATE * self.clock.lap(self.table))

    def _check_in(self, number: int, lap: Lap, /) -> None:
        """Judge the average, keep it if it is taken, and write a checkpoint."""
        state = self.state
        state.check()
        entry = {"step": number, **lap.entry()}
        verdict = self.calibration.judge(state.averaged)
        better = verdict.figure > float(state.best)
        state.best.assign(max(verdict.figure, float(state.best)))
        self.stale = 0 if better else self.stale + 1
        state.stale.assign(self.stale)
        taken = verdict.is_taken(float(state.kept))
        if taken:
            state.kept.assign(verdict.figure)
            _save_weights(state.averaged, self.out / WEIGHTS)
        self.judging = lap.seconds() - entry["seconds"]
        figures = {"calibration": verdict.figure, "calibration_low": verdict.low, "calibration_high": verdict.high}
        self.course.add({**entry, **figures, "threshold": verdict.threshold}, verdict.pictures)
        print(f"step {number}: calibration {verdict.figure:.3f}{' (kept)' if taken else ''}", file=sys.stderr)
        if self.clock and not self.cold:
            corrected = self.clock.correct(self.table, number, entry["seconds"] / lap.steps, self.judging)
            if corrected != self.table:
                self.table = corrected
                self.log.add(corrected, number)
                state.follow(corrected)
                print(f"the machine's speed changed: {corrected.steps} steps in all", file=sys.stderr)
        self.cold = False
        self._save()

    def _save(self) -> None:
        if self.clock:
            self.state.seconds.assign(self.clock.used())
        self.state.save()

    def _say(self, line: str) -> None:
        """A line of progress."""
        print(line, file=sys.stderr)

    def _report(self, number: int, lap: Lap, /) -> None:
        """How far it is; of a training in minutes not too often."""
        if self.clock and time.monotonic() - self.said <= SAY_SECONDS:
            return
        self.said = time.monotonic()
        self.state.check()
        class_loss, box_loss = lap.means()
        left = self.table.steps - number
        seconds = left * lap.seconds() / lap.steps + (left // self.table.checkpoint_every + 1) * self.judging
        print(
            f"step {number} of {self.table.steps}, {in_words(seconds)} left, class loss {class_loss:.3f}, "
            f"box loss {box_loss:.3f}, {lap.rate():.0f} photos/s",
            file=sys.stderr,
        )


def _save_weights(model: Any, path: Path) -> None:
    temporary = path.with_name(f"new.{path.name}")
    model.save_weights(temporary)
    temporary.replace(path)
