"""The hashed locks of requirements/ and the package locks, made from the inputs beside them."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.errors import UsageError
from infra.execution import processes
from infra.settings import ROOT
from infra.upkeep import bases, pins

FOLDER = ROOT / "requirements"
NAMES = ("host", "test", "image", "sbom", "train", "train-gpu", "convert", "ray", "kubernetes", "peers")
ARM64 = ("host", "train", "convert")
"""Those that have another lock for arm64: of the same versions, of what there are wheels for."""
NODE_PROJECTS = (
    "frontend",
    "infra/hosting/client",
    "benchmarks/page/lighthouse",
    "benchmarks/readers/peers",
    "tests/browser/recognizer/bundlers",
)
BASE = "base"
OLDEST_PYTHON = "3.11"
REST_DAYS = 7
"""What is upgraded to is at least so old: most packages that turn out to be harmful are found within days."""
NPM = ("--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund")


def update(*, upgrade: bool = False, raised: bool = False, only: str | None = None) -> list[str]:
    """Make every lock from its input, or those that ``only`` names (with commas).

    What is locked stays where it may; ``upgrade`` takes the newest that the inputs allow. ``raised`` also raises the
    inputs' own pins, and that of the base image. Nothing is changed where a lock can't be made.

    Returns:
        The pins that were raised, a line each.
    """
    known = (*NAMES, *NODE_PROJECTS, BASE)
    chosen = only.split(",") if only else known
    if unknown := [name for name in chosen if name not in known]:
        raise UsageError(f"--only: there is no lock {unknown[0]}; there are {', '.join(known)}")
    with tempfile.TemporaryDirectory(prefix="digitlens-locks-") as name:
        scratch = Path(name)
        said = _python([name for name in NAMES if name in chosen], scratch / "requirements", upgrade, raised)
        for project in (name for name in NODE_PROJECTS if name in chosen):
            said += _node(ROOT / project, scratch / project, upgrade, raised)
        for file in (path for path in scratch.rglob("*") if path.is_file()):
            home = ROOT / file.relative_to(scratch)
            if not home.exists() or home.read_bytes() != file.read_bytes():
                shutil.copyfile(file, home)
    if raised and BASE in chosen:
        said += bases.update()
    return said


def _python(names: Sequence[str], folder: Path, upgrade: bool, raised: bool) -> list[str]:
    shutil.copytree(FOLDER, folder)
    files = sorted({file for name in names for file in _inputs(folder, name)})
    said: list[str] = []
    if raised:
        texts = {file: file.read_text("utf-8") for file in files}
        for file, text in texts.items():
            file.write_text(pins.loosened(text), "utf-8")
        for name in names:
            processes.run(f"newest {name}", _command(folder, name, upgrade=True), cwd=folder)
        versions = pins.lowest(pins.locked((folder / f"{name}.txt").read_text("utf-8")) for name in names)
        for file, text in texts.items():
            text, changes = pins.pinned(text, versions)
            file.write_text(text, "utf-8")
            said += [f"{change} ({file.name})" for change in changes]
    for name in names:
        # After pins were raised, what was found newest for them is in the lock already, and stays.
        processes.run(f"lock {name}", _command(folder, name, upgrade=upgrade and not raised), cwd=folder)
        if name in ARM64:
            other = folder / f"{name}.arm64.txt"
            shutil.copyfile(folder / f"{name}.txt", other)
            words = _command(folder, name, upgrade=False, out=other.name)
            only_wheels = ["--python-platform", "aarch64-manylinux_2_28", "--only-binary", ":all:"]
            processes.run(f"lock {name} for arm64", [*words, *only_wheels], cwd=folder)
    return said


def _inputs(folder: Path, name: str) -> Iterator[Path]:
    """What the lock ``name`` is made from."""
    file = folder / f"{name}.in"
    yield file
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("-r "):
            yield from _inputs(folder, line.removeprefix("-r ").strip().removesuffix(".in"))
    if (overrides := folder / f"{name}.overrides").exists():
        yield overrides


def _command(folder: Path, name: str, *, upgrade: bool, out: str | None = None) -> list[str]:
    uv = str(Path(sys.executable).with_name("uv"))
    overrides = folder / f"{name}.overrides"
    return [
        *(uv, "pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--python-version", OLDEST_PYTHON),
        *(["--override", overrides.name] if overrides.exists() else []),
        *(["--upgrade", "--exclude-newer", f"{REST_DAYS} days"] if upgrade else []),
        *("--output-file", out or f"{name}.txt", f"{name}.in"),
    ]


def _node(project: Path, copy: Path, upgrade: bool, raised: bool) -> list[str]:
    """Make the package lock of ``project`` in ``copy``, where only what it is made from is."""
    said: list[str] = []
    workspaces = ["", *json.loads((project / "package.json").read_text("utf-8")).get("workspaces", [])]
    for file in ["package-lock.json", *(f"{workspace}/package.json".lstrip("/") for workspace in workspaces)]:
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(project / file, copy / file)
    before = (datetime.now(UTC) - timedelta(days=REST_DAYS)).date().isoformat()
    if raised:
        for workspace in workspaces:
            pins.loosen_package(copy / workspace / "package.json")
    if raised or upgrade:
        processes.run(f"newest {project.relative_to(ROOT)}", ["npm", "update", *NPM, f"--before={before}"], cwd=copy)
    if raised:
        lock: dict[str, Any] = json.loads((copy / "package-lock.json").read_text("utf-8"))
        for workspace in workspaces:
            file = copy / workspace / "package.json"
            shutil.copyfile(project / workspace / "package.json", file)
            said += [f"{change} ({project.name})" for change in pins.pin_package(file, lock, workspace)]
    processes.run(f"lock {project.relative_to(ROOT)}", ["npm", "install", *NPM], cwd=copy)
    forget_addresses(copy / "package-lock.json")
    return said


def forget_addresses(lock: Path) -> None:
    """Take the download addresses out of a package lock.

    Its hashes say what a package is; where it comes from is the user's own setting.
    """
    content = json.loads(lock.read_text("utf-8"))
    for package in content["packages"].values():
        if not package.get("link"):
            package.pop("resolved", None)
    lock.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
