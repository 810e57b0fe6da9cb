"""Invoke with our manners: an error is one message and an exit code, unless ``--debug``."""

from __future__ import annotations

import difflib
import errno
import os
import re
import shutil
import signal
import sys
from types import FrameType

import invoke

from infra.errors import DigitlensError
from infra.execution import node

_CLOSED = "choose another folder with the task's flags or in [paths] of digitlens.toml, or have this one made yours"
REMEDIES = {
    errno.ENOENT: "it was never made, or somebody removed it meanwhile: ./inv --list says which task makes what",
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
    errno.EROFS: _CLOSED,
    errno.ENOTDIR: "a file is where a folder should be: move it away, or choose another folder in digitlens.toml",
    errno.ENOSPC: "free some room (`df -h` shows where), then run the same command again: what was made stays",
    errno.EMFILE: "too many files are open: `ulimit -n 4096`, then run the same command again",
}
"""What helps where the system itself refuses; an error that is foreseen has a better one."""


class Program(invoke.Program):
    """Runs the tasks of ``tasks.py``."""

    def parse_tasks(self) -> None:
        """Read the tasks and their flags; exits with 2 for what isn't understood."""
        try:
            super().parse_tasks()
        except invoke.ParseError as error:
            raise invoke.Exit(f"error: {self._said(error)}", 2) from error

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
        except BrokenPipeError:
            raise
        except OSError as error:
            if self.args.debug.value:
                raise
            raise invoke.Exit(f"error: {_explained(error)}", 1) from error

    def _said(self, error: invoke.ParseError) -> str:
        """What Invoke didn't understand, in the words of our tasks, and the nearest that it knows."""
        words = str(error)
        if missing := re.fullmatch(r"'(\S+)' did not receive required positional arguments: (.+)", words):
            flags = ", ".join(f"--{name.replace('_', '-')}" for name in re.findall(r"'(\w+)'", missing[2]))
            return f"{missing[1]} needs {flags} (./inv --help {missing[1]})"
        if empty := re.match(r"Flag <Argument: (\w+).*> needed value", words):
            return f"--{empty[1].replace('_', '-')} needs a value"
        unknown = re.match(r"No idea what '(.+)' is", words)
        word = unknown[1] if unknown else ""
        is_flag = word.startswith("-")
        known = error.context.flags if is_flag and error.context else self.collection.task_names
        near = difflib.get_close_matches(word, list(known), 1)
        guess = f"did you mean {near[0]}? " if near else ""
        return f"{words} {guess}({'./inv --help TASK lists its flags' if is_flag else './inv --list shows the tasks'})"


def _explained(error: OSError) -> str:
    """What the system refused, and what helps: nobody foresaw it where it happened."""
    number, what = error.errno or 0, f"{error.filename}: {error.strerror}" if error.filename else str(error)
    if isinstance(error, shutil.Error):
        # Of a folder that was copied: a list with an entry per file, whose last part is what the system said.
        failures = error.args[0]
        _, place, said = failures[0]
        found = re.match(r"\[Errno (\d+)\] ([^:]+)", str(said))
        number = int(found[1]) if found else 0
        more = f" (and {len(failures) - 1} more files)" if len(failures) > 1 else ""
        what = f"{place}: {found[2] if found else said}{more}"
    name = str(error.filename or "")
    if number == errno.ENOENT and name and os.sep not in name and shutil.which(name) is None:
        return f"there is no program {name} on PATH\n  install it, for example `apt-get install -y {name}`"
    return f"{what}\n  {REMEDIES.get(number, 'the traceback: --debug')}"


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Entry of ``./inv``."""
    # Being ended (by a supervisor, `kill`, CI) takes the same way out as Ctrl-C: children end
    # first.
    signal.signal(signal.SIGTERM, _end)
    node.use()
    try:
        Program(name="digitlens", binary="inv").run(["inv", *sys.argv[1:]])
    except BrokenPipeError:
        # Who read what we say has seen enough (`| head`).
        _give_up_output()
        sys.exit(128 + signal.SIGPIPE)
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            _give_up_output()


def _give_up_output() -> None:
    """Write to nowhere from now on, so that Python's own last flush doesn't complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())


if __name__ == "__main__":
    main()
