"""What git says of the files here, and why it says nothing: never what another repository's history says.

A copy of this repository may lie in somebody else's (unpacked in a folder that another project ignores), belong to
another user, have a history that was cut, or none. A hook's variables point git elsewhere; they are left out.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from infra.errors import UsageError
from infra.settings import ROOT

WITNESS = "inv"
"""A file that every copy of this repository has: where git doesn't know it, the history is another's."""
UNSHALLOW = "`git fetch --unshallow`; in a workflow actions/checkout with `fetch-depth: 0`"


def trouble() -> str:
    """Why the history says nothing of the files here, with what helps; empty if it does."""
    try:
        known = _git("ls-files", "--", WITNESS)
    except FileNotFoundError:
        return "git isn't installed: `apt-get install -y git`"
    if "dubious ownership" in known.stderr:
        return f"{ROOT} belongs to another user: `git config --global --add safe.directory {ROOT}` trusts it"
    if known.returncode:
        return f"{ROOT} is in no git repository: clone it, or `git init` and commit"
    if not known.stdout.strip():
        above = _git("rev-parse", "--show-toplevel").stdout.strip()
        whose = f"is in the repository {above}, which doesn't track it" if above != str(ROOT) else "tracks nothing yet"
        return f"{ROOT} {whose}: `git init` here, or add it there, and commit"
    if _git("rev-parse", "--verify", "HEAD").returncode:
        return f"{ROOT} has no commit yet: commit"
    return ""


def commit() -> str | None:
    """The commit of the working tree, or None where the history says nothing of it."""
    return None if trouble() else _git("rev-parse", "HEAD").stdout.strip()


def is_dirty() -> bool:
    """Whether the files here differ from their commit, or there is none; what lies beside them isn't looked at."""
    if trouble():
        return True
    answer = _git("status", "--porcelain", "--", ".")
    return answer.returncode != 0 or bool(answer.stdout.strip())


def changed(trunk: str = "main") -> list[str]:
    """Paths below here that differ from where this branch left ``trunk``, uncommitted and new ones among them.

    Raises:
        UsageError: there is no history to compare with.
    """
    if reason := trouble():
        raise UsageError(f"what changed can't be told: {reason}")
    base = "HEAD"
    for name in (f"origin/{trunk}", trunk):
        found = _git("merge-base", "HEAD", name)
        if found.returncode == 0:
            base = found.stdout.strip()
            break
    said = _git("diff", "--name-only", "--no-renames", "--relative", "-z", base).stdout
    said += _git("ls-files", "--others", "--exclude-standard", "-z").stdout
    return sorted({name for name in said.split("\0") if name})


def files(root: Path) -> list[str]:
    """Paths below ``root`` that git tracks.

    Raises:
        UsageError: there is no history.
    """
    if root == ROOT and (reason := trouble()):
        raise UsageError(f"what belongs to the project can't be told: {reason}")
    return [name for name in _git("ls-files", "-z", root=root).stdout.split("\0") if name]


def describe(*flags: str) -> str:
    """The commit in the words of ``git describe --always``, ``-dirty`` at its end if so; empty where there is none."""
    if trouble():
        return ""
    said = _git("describe", "--always", *flags).stdout.strip()
    return f"{said}-dirty" if said and is_dirty() else said


def address() -> str:
    """Where the repository was cloned from; empty where it wasn't."""
    return "" if trouble() else _git("remote", "get-url", "origin").stdout.strip()


def subjects() -> str:
    """The first lines of all commits of this branch, newest first.

    Raises:
        UsageError: there is no history, or not all of it.
    """
    if reason := trouble():
        raise UsageError(f"the history of this branch can't be read: {reason}")
    if _git("rev-parse", "--is-shallow-repository").stdout.strip() == "true":
        raise UsageError(f"the history of this branch is cut off (a shallow clone): {UNSHALLOW}")
    return _git("log", "--format=%s").stdout


def _git(*words: str, root: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What git answers about the files here, in English."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", *words], cwd=root or ROOT, env={**own, "LC_ALL": "C"}, capture_output=True, text=True, check=False
    )
