"""The error family of this package.

TrainingError
├── ConfigurationError   a training configuration that can't be used
├── AnnotationError      labels that can't be read or are wrong; lists every finding
├── RecordsError         records that are missing, truncated or made for other classes
└── ModelError           a checkpoint, SavedModel or predictions file that can't be used

Messages say what, where and what to do next; a step's ``__main__`` prints them without a traceback.
"""

from __future__ import annotations


class TrainingError(Exception):
    """Base of everything this package raises for a user's or a file's fault."""


class ConfigurationError(TrainingError):
    """A training configuration that can't be used: unknown key, wrong type, impossible value."""


class AnnotationError(TrainingError):
    """Labels that can't be read or are wrong; ``findings`` has one line per fault."""

    def __init__(self, message: str, findings: list[str] | None = None) -> None:
        self.findings = findings or []
        super().__init__("\n".join([message, *self.findings]))


class RecordsError(TrainingError):
    """Records that are missing, truncated or made for other classes."""


class ModelError(TrainingError):
    """A checkpoint, SavedModel or predictions file that is missing, unreadable or of another shape."""
