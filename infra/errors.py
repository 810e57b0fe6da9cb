"""The error family of this package.

DigitlensError            exit code 1
├── UsageError            exit code 2: a flag, path or setting that can't be used
├── MissingPartError      something this machine lacks; the message has the command that installs it
├── BusyError             another process is making the same thing
├── RefusedError          a result that was made and isn't good enough: a failed gate or smoke test
├── ServiceError          a service on the network that refused; the message has the remedy
│   └── TransientError    one that may succeed when it is tried again, see infra.hosting.patience
└── CommandError          a command that failed; carries it, its exit code and its last lines
    └── StepError         a step that refused what it was given, or what it made: its own words are the message

Messages say what, where and what to do next. ``infra.program`` prints them without a traceback,
unless ``--debug``.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

ERROR = "error: "
"""Begins the message of a step that refuses something."""


class DigitlensError(Exception):
    """Base of everything this package raises for a user's, a file's or the machine's fault."""

    exit_code = 1


class UsageError(DigitlensError):
    """A flag, path or setting that can't be used."""

    exit_code = 2


class MissingPartError(DigitlensError):
    """Something this machine lacks."""


class BusyError(DigitlensError):
    """Another process is making the same thing."""


class RefusedError(DigitlensError):
    """A result that was made and isn't good enough to be used."""


class ServiceError(DigitlensError):
    """A service on the network that refused."""


class TransientError(ServiceError):
    """A refusal that may pass; ``after`` are the seconds that the service asked to be left alone.

    ``is_silence`` where nothing was answered: an earlier answer says more.
    """

    def __init__(self, message: str, after: float = 0.0, *, is_silence: bool = False) -> None:
        self.after = after
        self.is_silence = is_silence
        super().__init__(message)


class CommandError(DigitlensError):
    """A command that ended with another exit code than 0.

    ``name`` is what it was run as (a step, an environment); ``lines`` are the last it wrote.
    """

    def __init__(self, name: str, command: Sequence[str], exit_code: int, lines: Sequence[str]) -> None:
        self.name = name
        self.command = list(command)
        self.exit_code = exit_code
        self.lines = list(lines)
        ended = f"was ended by signal {-exit_code}" if exit_code < 0 else f"ended with exit code {exit_code}"
        if exit_code < 0:
            self.exit_code = 128 - exit_code
        said = "".join(f"\n  | {line}" for line in lines)
        super().__init__(f"{name} {ended}\n  command: {shlex.join(command)}{said}")


class StepError(CommandError):
    """A step that refused what it was given (exit code 2), or what it made (1).

    Its own words say all: they are the message, once and whole.
    """

    def __str__(self) -> str:
        """The step's words."""
        first = next((place for place, line in enumerate(self.lines) if line.startswith(ERROR)), 0)
        return "\n".join(self.lines[first:]).removeprefix(ERROR)
