"""What git says of the working tree."""

from __future__ import annotations

import subprocess

from infra.settings import ROOT


def commit() -> str | None:
    """The commit of the working tree, or None outside of a repository or without git."""
    try:
        answer = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def is_dirty() -> bool:
    """Whether the working tree differs from its commit, or there is none."""
    words = ["git", "status", "--porcelain"]
    try:
        answer = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError:
        return True
    return answer.returncode != 0 or bool(answer.stdout.strip())
