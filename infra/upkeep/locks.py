"""The hashed locks of requirements/, made from the inputs beside them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from infra.execution import processes
from infra.settings import ROOT

FOLDER = ROOT / "requirements"
NAMES = ("host", "test", "image", "sbom", "train", "train-gpu", "convert", "peers")
NODE_PROJECTS = (
    ROOT / "frontend",
    ROOT / "infra/hosting/client",
    ROOT / "benchmarks/page/lighthouse",
    ROOT / "tests/browser/recognizer/bundlers",
)
OLDEST_PYTHON = "3.11"


def update(*, upgrade: bool) -> None:
    """Make every lock from its input; without ``upgrade``, what is locked stays where it may."""
    for name in NAMES:
        processes.run(f"lock {name}", _command(name, upgrade=upgrade), cwd=FOLDER)
    for project in NODE_PROJECTS:
        words = [
            "npm",
            "update" if upgrade else "install",
            "--package-lock-only",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
        ]
        processes.run(f"lock {project.relative_to(ROOT)}", words, cwd=project)
        forget_addresses(project / "package-lock.json")


def _command(name: str, *, upgrade: bool) -> list[str]:
    uv = str(Path(sys.executable).with_name("uv"))
    overrides = FOLDER / f"{name}.overrides"
    return [
        *(
            uv,
            "pip",
            "compile",
            "--quiet",
            "--generate-hashes",
            "--no-header",
        ),
        *("--python-version", OLDEST_PYTHON),
        *(["--override", overrides.name] if overrides.exists() else []),
        *(["--upgrade"] if upgrade else []),
        *("--output-file", f"{name}.txt", f"{name}.in"),
    ]


def forget_addresses(lock: Path) -> None:
    """Take the download addresses out of a package lock.

    Its hashes say what a package is; where it comes from is the user's own setting.
    """
    content = json.loads(lock.read_text("utf-8"))
    for package in content["packages"].values():
        if not package.get("link"):
            package.pop("resolved", None)
    lock.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
