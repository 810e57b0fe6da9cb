"""The error family of this package.

ConversionError
├── SavedModelError   a SavedModel or detector.json that is missing or can't run in a browser
├── PhotoError        annotations or a photo that can't be read
├── RuntimeFailure    Node or its runtime that is missing, refused the web model, or died
├── OutputError       a place for the result that can't be used
└── GateFailed        the converted model differs from the trained one; lists every finding

Messages say what, where and what to do next; a step's ``__main__`` prints them without a traceback.
"""

from __future__ import annotations


class ConversionError(Exception):
    """Base of everything this package raises for a user's or a file's fault."""


class SavedModelError(ConversionError):
    """A SavedModel or its detector.json that is missing, unreadable or can't run in a browser."""


class PhotoError(ConversionError):
    """Annotations or a photo that can't be read."""


class RuntimeFailure(ConversionError):
    """Node or its runtime that is missing, refused the web model, or died."""


class OutputError(ConversionError):
    """A place for the result that can't be used."""


class GateFailed(ConversionError):
    """The converted model differs from the trained one; ``findings`` has one line per fault."""

    def __init__(self, findings: list[str]) -> None:
        self.findings = findings
        super().__init__(
            "\n".join(["the gate refused the converted model; what was converted before is untouched", *findings])
        )
