"""Which start suits these photos: each is trained a little on the same batches, and judged on the calibration photos.

Objects in natural photos do best from a body that has seen many, signs from one that knows glyphs, and nobody has to
know which are which. The step writes the configuration that the training goes by, with the network of the start that
was chosen, and ``race.json``, which says why. Where there is nothing to choose, or no time to, it trains nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
import yaml

from training import command
from training.config import Configuration, load, parse
from training.data.batches import training_batches
from training.errors import ModelError
from training.loop.calibration import Calibration, Verdict
from training.loop.state import State, make_step
from training.loop.timetable import Timetable, seconds_per_step
from training.loop.warm_start import Start, network_of
from training.models import validate
from training.outputs import whole_folder
from training.starts.folder import is_start

RATES: Mapping[str, Mapping[str, Any]] = {
    "plain": {"learning_rate": 2.5e-3, "body_rate": 1.0, "frozen_stem": False},
    "mobilenet_v2": {"learning_rate": 1.5e-3, "body_rate": 0.1, "frozen_stem": True},
}
"""How a training goes on from a start of a body; what the configuration says wins. See docs/history/objects.md."""
QUICK: Mapping[str, Mapping[str, Any]] = {
    **RATES,
    "mobilenet_v2": {"learning_rate": 3.0e-3, "body_rate": 0.3, "frozen_stem": True},
}
"""The same of a training of few steps, as in the race: careful rates would find nothing yet."""
FEW_STEPS, FEW_MINUTES = 500, 4.0
"""Below which a training is a quick one."""
STEPS = 100
"""Of each start; fewer where time is short, and no race below `LEAST`."""
LEAST = 30
SHARE = 0.18
"""Of the time, or of the steps, that the training was given, a race takes at most."""
MOST = 240.0
"""Seconds, for all of them."""
NEEDED = 30.0
"""Seconds that a start needs at least, mostly to be compiled."""
PHOTOS = 120
"""Calibration photos that judge."""
AVERAGING = 0.9
"""Decay of the average of so short a training."""
FOUND = 0.01
"""Figures below it say nothing."""


@dataclass(frozen=True)
class Runner:
    """A start in the race."""

    name: str
    folder: Path
    config: Configuration


class _TooSlowError(Exception):
    """There is no time for a race, as the machine is; says why."""


@dataclass(frozen=True)
class Outcome:
    """What became of it."""

    name: str
    steps: int
    seconds: float
    loss: float
    verdict: Verdict


def choose(config: Configuration, text: str, records: Path, folders: Sequence[Path], out: Path) -> str:
    """Write the configuration with the network of the start that suits best to ``out``, with race.json; say why.

    Args:
        config: as planned
        text: its YAML, of which what is written is kept
        records: to train and to be judged on
        folders: of the starts to choose from, the likeliest first
        out: folder to make

    Raises:
        ModelError: no start is left that can be used
    """
    began = time.monotonic()
    runners, left_out = _entered(config, text, folders)
    outcomes: list[Outcome] = []
    why = ""
    chosen: Runner | None = runners[0] if runners else None
    seconds = min(MOST, SHARE * config.training.minutes * 60) if config.training.minutes else MOST
    steps = STEPS if config.training.minutes else min(STEPS, int(SHARE * config.training.steps / max(1, len(runners))))
    if chosen is None:
        why = "no start was asked for: the training begins from nothing"
    elif len(runners) == 1:
        why = f"{chosen.name} is the only start"
    elif seconds / len(runners) < NEEDED or steps < LEAST:
        why = f"there is no time for a race: {chosen.name} is the likeliest"
    else:
        try:
            outcomes = _race(runners, records, seconds, steps)
        except _TooSlowError as error:
            why = (
                f"the machine is too slow, or too busy, for a race in {seconds:.0f} seconds ({error}): {chosen.name} "
                "is the likeliest. More --minutes give it time; --start NAME chooses without one"
            )
        best = max(outcomes, key=lambda outcome: outcome.verdict.figure, default=None)
        if best is None:
            why = why or f"none can be trained on: {chosen.name} is the likeliest"
        elif best.verdict.figure >= FOUND:
            chosen = next(runner for runner in runners if runner.name == best.name)
            why = _reason(best, outcomes)
        else:
            why = f"in so little time none finds anything: {chosen.name} is the likeliest"
    if left_out:
        why += "; " + "; ".join(left_out)
    result = {
        "format_version": 1,
        "chosen": chosen.name if chosen else None,
        "why": why,
        "candidates": [
            {
                "name": one.name,
                "steps": one.steps,
                "seconds": round(one.seconds, 1),
                "loss": one.loss,
                "calibration": one.verdict.figure,
                "interval": [one.verdict.low, one.verdict.high],
            }
            for one in outcomes
        ],
        "seconds": round(time.monotonic() - began, 1),
    }
    validate(result, "race", str(out / "race.json"))
    training = config.training
    is_quick = training.minutes < FEW_MINUTES if training.minutes else training.steps < FEW_STEPS
    rates = QUICK if is_quick else RATES
    document = yaml.safe_load(text) if chosen is None else _with_start(text, chosen.name, chosen.folder, rates)
    with whole_folder(out) as folder:
        reasons = "".join(f"# {line}\n" for line in ("The planned configuration, and the start: " + why).splitlines())
        written = reasons + yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
        parse(written, str(out / "config.yaml"))
        (folder / "config.yaml").write_text(written, "utf-8")
        (folder / "race.json").write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", "utf-8")
    return why


def _entered(config: Configuration, text: str, folders: Sequence[Path]) -> tuple[list[Runner], list[str]]:
    """Starts that fit what the configuration says of the network, and why others don't."""
    runners, left_out = [], []
    for folder in folders:
        name = folder.name
        try:
            body = network_of(folder).body
        except ModelError as error:
            left_out.append(f"{name} can't be used: {error}")
            continue
        if "network" in config.model_fields_set and config.network.body != body:
            left_out.append(f"{name} has another body than the configuration's network")
            continue
        document = _with_start(text, name, folder, QUICK)
        runners.append(Runner(name, folder, Configuration.model_validate(document)))
    if folders and not runners:
        raise ModelError("no start can be used: " + "; ".join(left_out))
    return runners, left_out


def _with_start(text: str, name: str, folder: Path, rates: Mapping[str, Mapping[str, Any]]) -> Any:
    """The configuration in ``text`` with the start's network and ``rates``, where it says nothing of them."""
    document = yaml.safe_load(text)
    network = network_of(folder)
    document["starts"] = [name] if is_start(folder) else []
    document.setdefault("network", json.loads(network.model_dump_json()))
    document["training"] = {**rates[network.body], **(document.get("training") or {})}
    return document


def _race(runners: Sequence[Runner], records: Path, seconds: float, steps: int) -> list[Outcome]:
    """Train each the same number of steps on the same batches, as many as there is time for.

    Raises:
        _TooSlowError: time would be up before there is something to compare
    """
    ready = []
    began = time.monotonic()
    for runner in runners:
        said = time.monotonic()
        trainee = _Trainee(runner, records)
        ready.append(trainee)
        print(f"{runner.name}: ready after {time.monotonic() - said:.0f} s", file=sys.stderr)
        # A busy machine: to go on would cost more than the race is worth.
        if time.monotonic() - began > seconds * (len(ready) + 1) / (len(runners) + 1):
            raise _TooSlowError(f"{len(ready)} of {len(runners)} starts took {time.monotonic() - began:.0f} of them")
    left = seconds - (time.monotonic() - began) - sum(trainee.judging for trainee in ready)
    fits = int(left / sum(trainee.each for trainee in ready))
    if fits < LEAST:
        raise _TooSlowError(f"{max(0, fits)} steps of each start would fit, {LEAST} tell something")
    steps = min(steps, fits)
    outcomes = []
    for trainee in ready:
        try:
            outcome = trainee.train(steps)
        except ModelError as error:
            print(f"{trainee.runner.name} is out: {error}", file=sys.stderr)
            continue
        verdict = outcome.verdict
        print(
            f"{outcome.name}: {steps} steps in {outcome.seconds:.0f} s, calibration {verdict.figure:.3f} "
            f"({verdict.low:.3f} to {verdict.high:.3f})",
            file=sys.stderr,
        )
        outcomes.append(outcome)
    return outcomes


class _Trainee:
    """A start, compiled and timed."""

    def __init__(self, runner: Runner, records: Path) -> None:
        self.runner = runner
        keras.utils.set_random_seed(runner.config.training.seed)
        # Its folder is needed only for checkpoints, of which there are none.
        self.state = State(runner.config, None)
        start = Start(runner.folder, runner.config)
        start.fill(self.state.model)
        self.state.averaged.set_weights(self.state.model.get_weights())
        self.before = self.state.snapshot()
        self.calibration = Calibration(records, runner.config, limit=PHOTOS)
        self.batches = iter(training_batches(records, runner.config, 0))
        self.step = make_step(self.state, runner.config)
        self.seen = [next(self.batches)]
        self.step(*self.seen[0]).numpy()

        def measured() -> None:
            self.seen.append(next(self.batches))
            self.step(*self.seen[-1]).numpy()

        self.each = seconds_per_step(measured, 3, 12, 4.0)
        self.calibration.judge(self.state.averaged)
        judged = time.monotonic()
        self.calibration.judge(self.state.averaged)
        # More is found, and compared, by what has learned something.
        self.judging = 2 * (time.monotonic() - judged)
        self.state.put_back(self.before)

    def train(self, steps: int) -> Outcome:
        """Train ``steps`` steps from the start and judge the average."""
        began = time.monotonic()
        self.state.follow(Timetable(steps, max(1, steps // 10), AVERAGING, steps))
        losses = tf.zeros(2)
        for number, batch in enumerate(chain(self.seen, self.batches), 1):
            losses = self.step(*batch)
            if number == steps:
                break
        self.state.check()
        loss = float(tf.reduce_sum(losses))
        verdict = self.calibration.judge(self.state.averaged)
        return Outcome(self.runner.name, steps, time.monotonic() - began, loss, verdict)


def _reason(best: Outcome, outcomes: Sequence[Outcome]) -> str:
    others = ", ".join(
        f"{one.name} {one.verdict.figure:.3f} ({one.verdict.low:.3f} to {one.verdict.high:.3f})"
        for one in outcomes
        if one is not best
    )
    verdict = best.verdict
    return (
        f"{best.name} does best on the calibration photos after {best.steps} steps: "
        f"{verdict.figure:.3f} ({verdict.low:.3f} to {verdict.high:.3f}), {others}"
    )


def main() -> None:
    """Choose the start that suits the photos."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--config", type=Path, required=True, help="as planned; its starts are the candidates")
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--starts", type=Path, help="folder of the starts")
    parser.add_argument("--from", dest="start_from", type=Path, help="this start or training, whatever the candidates")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    config = load(options.config)
    if options.start_from:
        folders = [options.start_from]
    elif config.starts and not options.starts:
        parser.error("--starts is missing, the folder of the starts that the configuration names")
    else:
        folders = [options.starts / name for name in config.starts]
    print(choose(config, options.config.read_text("utf-8"), options.records, folders, options.out))


if __name__ == "__main__":
    command.run(main, tf.errors.OpError)
