"""What this machine has and lacks, each finding with its remedy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from infra.browser import chromium
from infra.errors import MissingPartError
from infra.execution import environments, gpus
from infra.execution.node import wheel
from infra.settings import ROOT, settings

DISK_GIB = 6
MEMORY_GIB = 4


@dataclass(frozen=True)
class Finding:
    """One fact about the machine.

    Without a ``remedy`` all is well; ``needed`` says whether work stops without it.
    """

    subject: str
    found: str
    remedy: str = ""
    needed: bool = True

    @property
    def is_well(self) -> bool:
        """Whether nothing has to be done."""
        return not self.remedy


def python() -> Finding:
    """The Python that runs this."""
    version = sys.version_info
    found = f"{version.major}.{version.minor}.{version.micro}"
    well = (3, 11) <= version < (3, 14)
    return Finding(
        "Python",
        found,
        "" if well else "install Python 3.11, 3.12 or 3.13 and delete .environments",
    )


def node() -> Finding:
    """The Node that builds the front end and runs the emulator: the wheel's."""
    home = wheel()
    found = _version(str(home / "bin" / "node") if home else "node")
    if found:
        return Finding("Node", f"{found}, {'of the host environment' if home else 'of this machine'}")
    remedy = "delete .environments/host: the next ./inv makes it anew (its Node needs glibc 2.28 or musl 1.2)"
    return Finding("Node", "missing", remedy)


def browser() -> Finding:
    """The browser of the smoke test, started once."""
    search = chromium.search()
    if search.chosen:
        return Finding("Chromium", str(search.chosen))
    ways = f"tasks that need one get one themselves, or: {chromium.remedy()}"
    named = settings().tools.chromium
    return Finding("Chromium", str(search), chromium.remedy() if named else ways, needed=bool(named))


def disk() -> Finding:
    """Room for environments, photos and runs."""
    free = shutil.disk_usage(ROOT).free / 2**30
    remedy = "" if free >= DISK_GIB else f"free some space: {DISK_GIB} GiB are needed for all environments and a run"
    return Finding("disk", f"{free:.1f} GiB free", remedy)


def memory() -> Finding:
    """Room for training."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    remedy = (
        ""
        if total >= MEMORY_GIB
        else f"training needs about {MEMORY_GIB} GiB: lower the batch size in the configuration"
    )
    return Finding("memory", f"{total:.1f} GiB", remedy, needed=False)


def environment(name: environments.Name) -> Finding:
    """Whether an environment is what its lock says."""
    current = environments.find(name).is_current
    remedy = "" if current else f"./inv environments.install --name {name} (tasks that need it do so by themselves)"
    return Finding(
        f"environment {name}",
        "current" if current else "not installed, or from another lock",
        remedy,
        needed=False,
    )


def _version(program: str) -> str:
    try:
        return subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


PARTS: tuple[Callable[[], Finding], ...] = (python, node, browser, disk, memory)


def findings() -> list[Finding]:
    """All findings."""
    for_gpus: tuple[environments.Name, ...] = ("train-gpu",) if gpus.found() else ()
    names: tuple[environments.Name, ...] = (
        "host",
        "train",
        *for_gpus,
        "convert",
        "test",
        "frontend",
        "hosting",
        "lighthouse",
    )
    return [part() for part in PARTS] + [environment(name) for name in names]


def require(*parts: Callable[[], Finding]) -> None:
    """Check ``parts`` before work starts.

    Raises:
        MissingPartError: what is missing, all at once, each with its remedy.
    """
    missing = [finding for part in parts if not (finding := part()).is_well and finding.needed]
    if missing:
        lines = [f"  {finding.subject} ({finding.found}): {finding.remedy}" for finding in missing]
        raise MissingPartError("\n".join(["this machine lacks what the work needs:", *lines]))
