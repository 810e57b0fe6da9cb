"""Steps: Python modules with read-only inputs and one output folder, and what runs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from infra import fingerprints, results
from infra.errors import DigitlensError, UsageError
from infra.execution import environments
from infra.settings import ROOT

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Step:
    """``python -m module`` with inputs, options, labels as ``--flag=value`` and ``--out output``.

    Labels go into the result without changing what it is (the commit it was made at): a result
    stays current when they change. An option that is None or False is left out; True is a flag
    without value. A resumable step finds its unfinished output again.
    """

    name: str
    environment: environments.Name
    module: str
    output: Path
    inputs: Mapping[str, Path]
    options: Mapping[str, Value] = field(default_factory=dict)
    labels: Mapping[str, Value] = field(default_factory=dict)
    resumable: bool = False
    precious: bool = False
    """Whether an earlier output is kept under another name when a new one takes its place."""
    companions: tuple[str, ...] = ()
    """Inputs that are read together with the files beside them."""
    named: tuple[Path, ...] = ()
    """Further inputs, which one of ``inputs`` names."""
    stand_ins: Mapping[str, Path] = field(default_factory=dict)
    """For inputs that are folders: the file that has the hashes of the others; how they were made is all one then"""
    surroundings: tuple[Path, ...] = ()
    """What the step finds on a machine by itself, where it is there."""
    shards: int = 0
    """Into how many pieces it can be divided by ``--shard I/N`` and put together by ``--parts DIR``; 0: none"""
    gang: int = 0
    """How many processes make it together, told of each other by TF_CONFIG; 0: it isn't made for that"""

    @property
    def lock(self) -> Path:
        """Held while the output is made."""
        return self.output.with_name(f".{self.output.name.lstrip('.')}.lock")

    def arguments(self) -> list[str]:
        """The command line after ``python``."""
        inputs = [f"--{flag}={path}" for flag, path in self.inputs.items()]
        return ["-m", self.module, *inputs, *self.words(), "--out", str(self.output)]

    def words(self) -> list[str]:
        """The options and labels of the command line."""
        given = {**self.options, **self.labels}.items()
        # In one word: a value may begin with a dash.
        return [
            f"--{flag}" if value is True else f"--{flag}={value}"
            for flag, value in given
            if value is not None and value is not False
        ]

    def _stand_in(self, flag: str, path: Path) -> Path:
        file = self.stand_ins.get(flag)
        return file if file and file.exists() else path

    def fingerprint(self) -> str:
        """Of everything that decides what the output is."""
        return fingerprints.of_values(
            {
                "code": fingerprints.of_module(self.module, ROOT),
                "packages": fingerprints.of_file(environments.find(self.environment).lock),
                "options": dict(self.options),
                "inputs": {
                    flag: fingerprints.of_input(self._stand_in(flag, path)) for flag, path in self.inputs.items()
                },
                **({"named": [fingerprints.of_input(path) for path in self.named]} if self.named else {}),
            }
        )


class Runner(Protocol):
    """Where steps run: a local environment, a container of an image made from the same lock, or a cluster."""

    def run(self, step: Step) -> None:
        """Run ``step`` to its end; ``CommandError`` if it fails, and no child left in any case."""


@runtime_checkable
class Wide(Runner, Protocol):
    """A runner that takes several steps at once, from threads."""

    at_once: int

    def interrupt(self) -> None:
        """End what runs in other threads, politely first."""


def perform_all(steps: Sequence[Step], runner: Runner) -> list[results.Stamp | DigitlensError]:
    """Perform ``steps`` that need nothing of each other, as many at once as ``runner`` takes.

    Returns:
        For each step its stamp, or what ended it: the others go on.
    """

    def attempt(step: Step) -> results.Stamp | DigitlensError:
        try:
            return perform(step, runner)
        except UsageError:
            raise
        except DigitlensError as error:
            return error

    if not isinstance(runner, Wide):
        return [attempt(step) for step in steps]
    with ThreadPoolExecutor(runner.at_once) as threads:
        try:
            return list(threads.map(attempt, steps))
        except BaseException:
            runner.interrupt()
            threads.shutdown(wait=True, cancel_futures=True)
            raise


def perform(step: Step, runner: Runner) -> results.Stamp:
    """Run ``step`` unless its output is current.

    Raises:
        UsageError: an input doesn't exist.
        CommandError: the step failed.
    """
    for flag, path in step.inputs.items():
        if not path.exists():
            raise UsageError(f"{step.name} needs {path} (--{flag}), which doesn't exist")
    return results.make_current(
        step.name,
        step.output,
        step.fingerprint(),
        lambda place: runner.run(replace(step, output=place)),
        resumable=step.resumable,
        precious=step.precious,
    )
