"""The checks of this repository: what `./inv check` runs, and `./inv fix`."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.errors import CommandError, DigitlensError, RefusedError
from infra.execution import environments, processes
from infra.progress import say
from infra.settings import ROOT

PYTHON = ("infra", "training", "conversion", "tests", "benchmarks", "tasks.py")
TYPED: dict[environments.Name, tuple[str, ...]] = {
    "host": (
        "infra",
        "tasks.py",
        "tests/infra",
        "tests/browser",
        "tests/hosting",
        "tests/steps",
        "tests/pipeline",
        "tests/images",
        "benchmarks/containers.py",
        "benchmarks/converter.py",
        "benchmarks/page",
        "benchmarks/readers",
        "benchmarks/objects.py",
        "benchmarks/deploying.py",
        "tests/conftest.py",
    ),
    "train": (
        "training",
        "tests/training",
        "tests/vectors",
        "benchmarks/input_pipeline.py",
        "benchmarks/looks.py",
        "benchmarks/precision.py",
        "benchmarks/scaling.py",
        "benchmarks/records.py",
        "benchmarks/scale.py",
    ),
    "convert": ("conversion", "tests/conversion"),
}


GITHUB = {
    "github-workflows": ".github/workflows/*.yml",
    "github-actions": ".github/actions/*/action.yml",
    "dependabot": ".github/dependabot.yml",
}
"""What GitHub reads, and the schema it must follow."""


@dataclass(frozen=True)
class Check:
    """A command that says whether something is in order; a fix is one that puts it in order."""

    name: str
    command: tuple[str, ...]
    environments: tuple[environments.Name, ...] = ("host",)
    cwd: Path = ROOT


def checks() -> list[Check]:
    """Everything that `./inv check` looks at."""
    shell = [path for path in ("inv", ".ci/run", "docker/fetching") if (ROOT / path).exists()]
    shellcheck = _shellcheck()
    return [
        Check("ruff", (_host("ruff"), "check", *_present(PYTHON))),
        Check("format", (_host("ruff"), "format", "--check", *_present(PYTHON))),
        *(_types(name, folders) for name, folders in TYPED.items()),
        Check("yamllint", (_host("yamllint"), "--strict", ".")),
        *([Check("shellcheck", (shellcheck, *shell))] if shellcheck else []),
        Check("hadolint", (_host("hadolint"), *map(str, sorted((ROOT / "docker").glob("*.Dockerfile"))))),
        Check("actionlint", (_host("actionlint"), "-shellcheck", shellcheck, "-pyflakes", "")),
        Check("zizmor", (_host("zizmor"), "--offline", "--no-progress", "--quiet", ".github")),
        *(
            Check(f"schema {kind}", (_host("check-jsonschema"), "--builtin-schema", f"vendor.{kind}", *_matching(glob)))
            for kind, glob in GITHUB.items()
        ),
        *(
            Check(
                f"frontend {script}",
                ("npm", "run", "--silent", script),
                ("frontend",),
                ROOT / "frontend",
            )
            for script in ("lint", "format:check", "typecheck")
        ),
    ]


def fixes() -> list[Check]:
    """What a machine can put in order."""
    return [
        Check("ruff", (_host("ruff"), "check", "--fix", *_present(PYTHON))),
        Check("format", (_host("ruff"), "format", *_present(PYTHON))),
        *(
            Check(
                f"frontend {script}",
                ("npm", "run", "--silent", script),
                ("frontend",),
                ROOT / "frontend",
            )
            for script in ("lint:fix", "format")
        ),
    ]


def run_all(these: list[Check]) -> None:
    """Run ``these``, each whatever the others say.

    Raises:
        RefusedError: some failed.
    """
    failed = []
    for check in these:
        try:
            for environment in check.environments:
                environments.ensure(environment)
            processes.run(check.name, check.command, cwd=check.cwd)
            say(f"ok: {check.name}")
        except DigitlensError as error:
            if not isinstance(error, CommandError):
                say(str(error))
            failed.append(check.name)
            say(f"failed: {check.name}")
    if failed:
        raise RefusedError(f"{len(failed)} of {len(these)} failed: {', '.join(failed)}; ./inv fix mends some")


def _types(name: environments.Name, folders: tuple[str, ...]) -> Check:
    python = sys.executable if name == "host" else str(environments.find(name).python)
    cache = ROOT / ".mypy_cache" / name
    command = (
        _host("mypy"),
        "--python-executable",
        python,
        "--cache-dir",
        str(cache),
        *_present(folders),
    )
    # Their tests import pytest from the overlay, see mypy_path in pyproject.toml.
    return Check(f"types {name}", command, (name, "test"))


def _shellcheck() -> str:
    """The one of the lock, else the machine's: its wheel is for x86-64 alone. Empty where there is none."""
    own = _host("shellcheck")
    found = own if Path(own).exists() else shutil.which("shellcheck")
    if not found:
        say("left out: shellcheck, which has no wheel for this machine: install it by apt-get or brew")
    return found or ""


def _present(paths: tuple[str, ...]) -> list[str]:
    """Those of ``paths`` that hold Python."""
    found = [ROOT / path for path in paths]
    return [str(path.relative_to(ROOT)) for path in found if path.is_file() or any(path.glob("**/*.py"))]


def _matching(glob: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(glob))


def _host(program: str) -> str:
    return str(Path(sys.executable).with_name(program))
