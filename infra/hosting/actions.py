"""What a job at GitHub is told besides what it prints: outputs of a step, and the summary of a run.

The runner names a file for each; elsewhere there is none, and nothing is written.
"""

from __future__ import annotations

import os
from pathlib import Path

OUTPUT = "GITHUB_OUTPUT"
SUMMARY = "GITHUB_STEP_SUMMARY"


def output(**values: str) -> None:
    """Let later steps and jobs know ``values``, each of one line."""
    _append(OUTPUT, "".join(f"{name}={' '.join(value.split())}\n" for name, value in values.items()))


def summarize(markdown: str) -> None:
    """Show ``markdown`` on the page of the run, which needs no right to write anywhere."""
    _append(SUMMARY, f"{markdown}\n")


def _append(variable: str, text: str) -> None:
    if os.environ.get(variable):
        with Path(os.environ[variable]).open("a", encoding="utf-8") as file:
            file.write(text)
