"""Child processes: their output line by line, their exit code, and their end when we end."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.errors import ERROR, CommandError, MissingPartError, StepError
from infra.progress import left, say

LAST_LINES = 20
REFUSALS = (1, 2)
"""Exit codes of a step that refused what it made, or what it was given."""
QUIET_SECONDS = 15.0
"""A child that says nothing for so long is spoken for."""
GRACE_SECONDS = 30.0
"""Time for a child to end by itself after Ctrl-C: training writes a checkpoint."""
LOOK_SECONDS = 0.25
"""How often it is looked whether a child still has a purpose."""

CHATTER = re.compile(
    r"WARNING: All log messages before absl::InitializeLog\(\)|I0000 \d+:\d\d:\d+\.\d+ |"
    r"npm warn Unknown (user|env) config "
)
"""Beginnings of lines that say nothing of our users' business, and that no setting silences: TensorFlow writes them
before it reads its settings, npm about settings of the machine."""

_running: set[subprocess.Popen[str]] = set()


def run(
    name: str,
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
    is_step: bool = False,
    seconds: float = 0,
) -> None:
    """Run ``command`` to its end, its lines on stderr with ``name`` before them.

    ``environment`` is laid over ours; the file descriptors ``keep_open`` live on in the child. What a step says of its
    own refusal isn't shown on the way: the error says it. ``seconds`` is what it is known to take, if it is: while it
    says nothing, what is left is said.

    Raises:
        StepError: it is a step, and refused something.
        CommandError: it ended with another exit code than 0.
        MissingPartError: there is no such program.
    """
    child = _start(command, cwd, environment or {}, keep_open)
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=_read, args=(child, lines), daemon=True).start()
    try:
        last, held = relay(name, lines, is_step, seconds)
        exit_code = child.wait()
    finally:
        end(child)
        _running.discard(child)
    judge(name, command, exit_code, last, held)


def judge(name: str, command: Sequence[str], exit_code: int, last: Sequence[str], held: Sequence[str]) -> None:
    """Raise what `run` raises for an exit code and what `relay` returned; else say what was held back."""
    if held and exit_code in REFUSALS:
        raise StepError(name, command, exit_code, [*last, *held])
    for line in held:
        say(f"[{name}] {line}")
    if exit_code:
        raise CommandError(name, command, exit_code, [*last, *held][-LAST_LINES:])


def relay(
    name: str, lines: queue.Queue[str | None], is_step: bool = False, seconds: float = 0
) -> tuple[list[str], list[str]]:
    """Say ``lines`` up to a None, with ``name`` before them; where none comes for a while, what is left of ``seconds``.

    Returns the last that were said, and what wasn't: of a step, all lines from an error's first on.
    """
    start = time.monotonic()
    last: deque[str] = deque(maxlen=LAST_LINES)
    held: list[str] = []
    while True:
        try:
            line = lines.get(timeout=QUIET_SECONDS)
        except queue.Empty:
            passed = time.monotonic() - start
            say(f"[{name}] ... {passed:.0f} s{left(seconds, passed)}")
            continue
        if line is None:
            return list(last), held
        if CHATTER.match(line):
            continue
        if is_step and (held or line.startswith(ERROR)):
            held.append(line)
        else:
            last.append(line)
            say(f"[{name}] {line}")


def capture(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    seconds: float,
    is_hopeless: Callable[[], bool] = lambda: False,
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` in silence, whatever becomes of it; ``environment`` is laid over ours.

    It is ended early once ``is_hopeless`` says so, which is asked now and then.

    Raises:
        subprocess.TimeoutExpired: it took longer than ``seconds`` and was ended.
        MissingPartError: there is no such program.
    """
    child = _start(command, cwd, environment, ())
    try:
        with child:
            try:
                output = _output(child, seconds, is_hopeless)
            finally:
                end(child, 2.0)
    finally:
        _running.discard(child)
    return subprocess.CompletedProcess(list(command), child.returncode, output)


def _output(child: subprocess.Popen[str], seconds: float, is_hopeless: Callable[[], bool]) -> str:
    limit = time.monotonic() + seconds
    while True:
        try:
            return child.communicate(timeout=min(LOOK_SECONDS, max(limit - time.monotonic(), 0.0)))[0]
        except subprocess.TimeoutExpired:
            if is_hopeless():
                end(child, 2.0)
            elif time.monotonic() >= limit:
                raise


def _start(
    command: Sequence[str], cwd: Path, environment: Mapping[str, str], keep_open: Sequence[int]
) -> subprocess.Popen[str]:
    try:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,  # with universal newlines: a progress bar's returns become lines
            encoding="utf-8",
            errors="replace",
            # A group of its own: the terminal's Ctrl-C reaches us alone, and we pass it on to all
            # of them.
            start_new_session=True,
            pass_fds=tuple(keep_open),
        )
    except FileNotFoundError as error:
        raise MissingPartError(f"there is no {command[0]}: ./inv doctor says how to install what is missing") from error
    _running.add(child)
    return child


def _read(child: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert child.stdout is not None
    with child.stdout:
        for line in child.stdout:
            if line.strip():
                lines.put(line.rstrip())
    lines.put(None)


def end(child: subprocess.Popen[Any], grace: float = GRACE_SECONDS) -> None:
    """End ``child`` and its group, politely first; nothing if it has ended."""
    for number, seconds in ((signal.SIGINT, grace), (signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        if child.poll() is not None:
            return
        try:
            os.killpg(child.pid, number)
            child.wait(seconds)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            # A second Ctrl-C means: now.
            continue
        except ProcessLookupError:
            return


def end_all() -> None:
    """End every child of every thread."""
    for child in list(_running):
        end(child, 5.0)
