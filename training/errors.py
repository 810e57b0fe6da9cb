"""The error family of this package.

TrainingError
├── ConfigurationError   a training configuration that can't be used
│   └── ShardError       a piece of a step that is none, or pieces that don't make a whole
├── AnnotationError      labels that can't be read or are wrong; lists every finding
├── MachineError         something that was asked for and this machine hasn't
├── LostError            another process of the same training ended
├── RecordsError         records that are missing, truncated or made for other classes
└── ModelError           a checkpoint, SavedModel or predictions file that can't be used

Messages say what, where and what to do next; a step's ``__main__`` prints them without a traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from training import findings as told
from training.findings import Finding


class TrainingError(Exception):
    """Base of everything this package raises for a user's or a file's fault."""


class ConfigurationError(TrainingError):
    """A training configuration that can't be used: unknown key, wrong type, impossible value."""


class ShardError(ConfigurationError):
    """A piece of a step that is none, or pieces that don't make a whole."""


class AnnotationError(TrainingError):
    """Labels that can't be read or are wrong: one finding for each fault, all of them in ``file`` if any."""

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        self.message, self.findings = message, list(findings)
        self.file: Path | None = None
        super().__init__(message)

    def __str__(self) -> str:
        """The message, the first findings of each kind, and where all of them are."""
        every = [f"all of them: {self.file}"] if self.file else []
        return "\n".join([self.message, *told.lines(self.findings), *every])


class MachineError(TrainingError):
    """Something that was asked for and this machine hasn't."""


class LostError(TrainingError):
    """Another process of the same training ended: started again, all go on at the last checkpoint."""


class RecordsError(TrainingError):
    """Records that are missing, truncated or made for other classes."""


class ModelError(TrainingError):
    """A checkpoint, SavedModel or predictions file that is missing, unreadable or of another shape."""
