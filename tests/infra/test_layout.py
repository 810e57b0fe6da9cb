"""Rules of the design that hold for the whole repository."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from infra.settings import ROOT

PACKAGES = ("infra", "training", "conversion")
ALLOWED_PAUSES = {
    **{"tests/infra/tiny_step.py": 1, "tests/infra/vision_service.py": 1, "tests/hosting/google.py": 1},
    # Steps that wait for each other.
    "tests/cluster/tiny_step.py": 3,
}
"""Pauses that are the fault that a test makes: a step that hangs, a service that is slow."""


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository, also those that aren't committed yet."""
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in found.stdout.splitlines() if (path := ROOT / name).is_file()]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_packages_never_import_each_other(package: str) -> None:
    others = set(PACKAGES) - {package}
    files = tracked(f"{package}/*.py")
    assert files
    for file in files:
        for node in ast.walk(ast.parse(file.read_bytes())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            wrong = [name for name in names if name.split(".")[0] in others]
            assert not wrong, f"{file} imports {wrong}"


def test_no_file_names_a_package_registry() -> None:
    hosts = [a + b for a, b in (("py", "pi.org"), ("python", "hosted.org"), ("npm", "js.org"))]
    for file in tracked():
        text = file.read_bytes()
        found = [host for host in hosts if host.encode() in text]
        assert not found, f"{file.relative_to(ROOT)} names {found}"


def test_no_package_lock_says_where_a_package_comes_from() -> None:
    locks = tracked("*package-lock.json")
    assert locks
    for lock in locks:
        assert '"resolved": "http' not in lock.read_text("utf-8"), lock


def waits(node: ast.AST) -> bool:
    """Whether it is a pause of a fixed length."""
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in ("sleep", "wait_for_timeout")


def test_no_test_waits_for_a_fixed_time() -> None:
    """What a test waits for is a condition, looked at again and again: a pause stands in a loop, or is a fault."""
    for file in tracked("tests/*.py"):
        if "browser" in file.parts:
            continue
        tree = ast.parse(file.read_bytes())
        looked_at = {
            inner for loop in ast.walk(tree) if isinstance(loop, ast.For | ast.While) for inner in ast.walk(loop)
        }
        pauses = [node for node in ast.walk(tree) if waits(node) and node not in looked_at]
        allowed = ALLOWED_PAUSES.get(str(file.relative_to(ROOT)), 0)
        assert len(pauses) <= allowed, f"{file}:{[getattr(node, 'lineno', 0) for node in pauses]}"
