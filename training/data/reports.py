"""Where a step's findings go: in short onto the terminal, all of them into ``findings.csv``.

With the result, if there is one; beside it, if faults ended the step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from training import findings as told
from training.data.labels import Annotations
from training.errors import AnnotationError
from training.findings import Finding, counted


@contextmanager
def kept(output: Path) -> Iterator[None]:
    """Around a step: faults that end it are written beside its output, and forgotten when it succeeds."""
    file = beside(output)
    try:
        yield
    except AnnotationError as error:
        if error.findings:
            file.parent.mkdir(parents=True, exist_ok=True)
            told.write(error.findings, file)
            error.file = file
        raise
    if told.is_ours(file):
        file.unlink()


def beside(output: Path) -> Path:
    """The file of findings beside an output; somebody else's file of that name stays."""
    file = output.parent / told.FILE
    return file if told.is_ours(file) or not file.exists() else output.parent / f"{output.name}-{told.FILE}"


def put(findings: Sequence[Finding], folder: Path) -> None:
    """Put all findings into a step's output, if there are any."""
    if findings:
        told.write(findings, folder / told.FILE)


def tell(found: Annotations, output: Path) -> None:
    """Say what was noted and what was left out; ``output`` is where `put` has put it."""
    for note in (*found.causes, *found.notes):
        print(f"note: {note}")
    tell_skipped(found.skipped, output)


def tell_skipped(findings: Sequence[Finding], output: Path) -> None:
    """Say what was left out, in short."""
    if findings:
        number = counted(len(findings), "fault")
        print(f"left out, with what stands in the same photos: {number}; all of them: {output / told.FILE}")
    for line in told.lines(findings):
        print(f"skipped: {line}")
