"""Rules of the design that hold for the whole repository."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from infra.settings import ROOT

PACKAGES = ("infra", "training", "conversion")


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
