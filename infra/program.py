"""Invoke with our manners: an error is one message and an exit code, unless ``--debug``."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import invoke

from infra.errors import DigitlensError


class Program(invoke.Program):
    """Runs the tasks of ``tasks.py``."""

    def parse_tasks(self) -> None:
        """Read the tasks and their flags; exits with 2 for what isn't understood."""
        try:
            super().parse_tasks()
        except invoke.ParseError as error:
            raise invoke.Exit(f"error: {error} (./inv --help TASK lists its flags)", 2) from error

    def execute(self) -> None:
        """Run the tasks that were asked for; exits with a message for every foreseen error."""
        try:
            super().execute()
        except KeyboardInterrupt:
            raise invoke.Exit("interrupted: run the same command again to go on", 130) from None
        except DigitlensError as error:
            if self.args.debug.value:
                raise
            raise invoke.Exit(f"error: {error}", error.exit_code) from error
        except OSError as error:
            if self.args.debug.value:
                raise
            raise invoke.Exit(f"error: {error} (the traceback: --debug)", 1) from error


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Entry of ``./inv``."""
    # Being ended (by a supervisor, `kill`, CI) takes the same way out as Ctrl-C: children end
    # first.
    signal.signal(signal.SIGTERM, _end)
    Program(name="digitlens", binary="inv").run(["inv", *sys.argv[1:]])


if __name__ == "__main__":
    main()
