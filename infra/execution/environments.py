"""Where steps run locally: Python environments from hashed locks, Node packages from package locks.

Each keeps a copy of the lock it was made from, written last. Another lock, or none: it is made
again.
"""

from __future__ import annotations

import contextlib
import filecmp
import platform
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from infra.errors import DigitlensError
from infra.execution import locks, processes
from infra.progress import say
from infra.settings import ROOT, settings

SECONDS = "installed-seconds.txt"
USUAL = {"train": 60.0, "train-gpu": 240.0, "convert": 60.0, "frontend": 30.0, "hosting": 25.0, "lighthouse": 15.0}
"""Seconds that a first install takes where all has to be downloaded, by the makers' line; others take ten or less."""

Name = Literal[
    "host",
    "train",
    "train-gpu",
    "convert",
    "test",
    "sbom",
    "ray",
    "kubernetes",
    "frontend",
    "hosting",
    "lighthouse",
    "readers",
    "bundlers",
]


@dataclass(frozen=True)
class Environment:
    """Packages in ``folder`` as ``lock`` says; ``stamp`` is a copy of the lock they came from."""

    name: str
    kind: Literal["python", "overlay", "node"]
    folder: Path
    lock: Path
    stamp: Path

    @property
    def python(self) -> Path:
        """The interpreter of a Python environment."""
        return self.folder / "bin" / "python"

    @property
    def is_current(self) -> bool:
        """Whether it was made from the lock as it is now."""
        return self.stamp.exists() and filecmp.cmp(self.lock, self.stamp, shallow=False)

    @property
    def seconds(self) -> float:
        """What installing it took, when it was."""
        file = self.stamp.with_name(SECONDS)
        return float(file.read_text("utf-8")) if file.exists() else 0.0

    @property
    def expected(self) -> float:
        """Seconds that an install takes: as the last one here, else as usual."""
        return self.seconds or USUAL.get(self.name, 5.0)


def find(name: Name) -> Environment:
    """The environment called ``name``."""
    node_projects = {
        "frontend": ROOT / "frontend",
        "hosting": ROOT / "infra/hosting/client",
        "lighthouse": ROOT / "benchmarks/page/lighthouse",
        "readers": ROOT / "benchmarks/readers/peers",
        "bundlers": ROOT / "tests/browser/recognizer/bundlers",
    }
    if name in node_projects:
        project = node_projects[name]
        stamp = project / "node_modules" / ".installed-lock.json"
        return Environment(name, "node", project, project / "package-lock.json", stamp)
    folder = settings().paths.environments / name
    lock = lock_of(name)
    # Tools are laid over the environment that they look at, which stays exactly what its lock says.
    kind: Literal["overlay", "python"] = "overlay" if name in ("test", "sbom", "ray", "kubernetes") else "python"
    return Environment(name, kind, folder, lock, folder / "installed.txt")


def lock_of(name: str, machine: str | None = None) -> Path:
    """The lock of a Python environment for ``machine``, by default this one: arm64 has some of its own."""
    folder = ROOT / "requirements"
    other = folder / f"{name}.arm64.txt"
    is_arm64 = (machine or platform.machine()).lower() in ("arm64", "aarch64")
    return other if is_arm64 and other.exists() else folder / f"{name}.txt"


def ensure(name: Name) -> Environment:
    """The environment called ``name``, made first if it is absent or its lock has changed."""
    environment = find(name)
    if environment.is_current:
        return environment
    with locks.waiting(settings().paths.environments / f"{name}.lock"):
        if not environment.is_current:
            about = environment.expected
            hint = f", about {about:.0f} s" if about >= 10 else ""
            say(f"environment {name} from {environment.lock.relative_to(ROOT)}{hint} ...")
            make(environment)
            say(f"environment {name}: {environment.seconds:.1f} s")
    return environment


def make(environment: Environment) -> None:
    """Install ``environment`` from its lock, whatever is there."""
    if environment.name == "host":
        raise DigitlensError("./inv makes the host environment itself: delete .environments/host and call it again")
    start = time.monotonic()
    environment.stamp.unlink(missing_ok=True)
    seconds = environment.expected
    for command in _commands(environment):
        processes.run(f"environment {environment.name}", command, cwd=environment.lock.parent, seconds=seconds)
    environment.stamp.with_name(SECONDS).write_text(f"{time.monotonic() - start:.1f}\n", "utf-8")
    shutil.copyfile(environment.lock, environment.stamp)


def _commands(environment: Environment) -> list[list[str]]:
    folder, lock = str(environment.folder), str(environment.lock)
    if environment.kind == "node":
        return [["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]]
    uv = str(Path(sys.executable).with_name("uv"))
    install = [uv, "pip", "install", "--require-hashes", "--no-deps", "-r", lock]
    if environment.kind == "overlay":
        return [[*install, "--python", sys.executable, "--target", folder]]
    return [
        [uv, "venv", "--clear", "--quiet", "--python", sys.executable, folder],
        [*install, "--python", str(environment.python)],
    ]


@contextlib.contextmanager
def prepared_in_background(names: Sequence[Name]) -> Iterator[None]:
    """Make ``names`` one after the other while the block runs.

    Whoever needs one earlier waits for it in ``ensure``.
    """
    stopped = threading.Event()

    def prepare() -> None:
        # A failure shows itself where the environment is needed: `ensure` tries again there.
        with contextlib.suppress(DigitlensError, OSError):
            for name in names:
                if not stopped.is_set():
                    ensure(name)

    thread = threading.Thread(target=prepare, daemon=True)
    thread.start()
    try:
        yield
        thread.join()
    except BaseException:
        stopped.set()
        processes.end_all()
        raise
