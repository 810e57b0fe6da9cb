"""A project made of this one: renamed, and its checks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.errors import UsageError
from infra.upkeep import renaming
from tests.conftest import copy_tracked

NAMES = """
from infra.execution.images import IMAGES
from infra.settings import settings
print(settings().hosting.project, IMAGES['train'].tag)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """All that is tracked here, in a repository of its own."""
    root = tmp_path / "mine"
    copy_tracked(root)
    return root


def texts(root: Path, *patterns: str) -> dict[str, str]:
    found = [path for pattern in patterns for path in root.glob(pattern) if "node_modules" not in path.parts]
    return {str(path.relative_to(root)): path.read_text("utf-8") for path in found if path.is_file()}


def findings(root: Path, ruff: str) -> set[tuple[str, str]]:
    """File and rule of what is wrong already."""
    said = subprocess.run([ruff, "check", "--output-format", "json", "."], cwd=root, capture_output=True, check=False)
    return {(str(Path(one["filename"]).relative_to(root)), one["code"]) for one in json.loads(said.stdout)}


@pytest.mark.parametrize("name", ["raccoons", "my-own-lens-2"])
def test_a_renamed_project_has_its_names_everywhere_and_passes_its_checks(copy: Path, name: str) -> None:
    before = findings(copy, str(Path(sys.executable).with_name("ruff")))
    changed = renaming.rename(name, "Some-One/Their.Lens", "their-project", copy)
    assert renaming.called(copy) == name
    sources = texts(copy, "frontend/**/*.ts", "frontend/**/*.mjs", "**/package*.json", "docs/*.md", "tests/**/*.py")
    assert [
        path
        for path, text in sources.items()
        if re.search(r"@digitlens(?=[\"'/\\\\])", text) and "renaming" not in path
    ] == []
    packages = [json.loads(text) for path, text in sources.items() if path.endswith("package.json")]
    assert {f"@{name}/recognizer", f"@{name}/app", f"{name}-frontend"} <= {package["name"] for package in packages}
    assert json.loads(sources["frontend/recognizer/package.json"])["repository"]["url"].endswith(
        "/Some-One/Their.Lens.git"
    )
    # The lock knows its workspaces by their new names.
    lock = json.loads(sources["frontend/package-lock.json"])
    assert lock["packages"][f"node_modules/@{name}/recognizer"] == {"resolved": "recognizer", "link": True}
    assert (copy / "README.md").read_text("utf-8").startswith(f"# {name}\n")
    # Its own checks: format and lint, settings with the project, names of images, and what the tasks say.
    ruff = str(Path(sys.executable).with_name("ruff"))
    subprocess.run([ruff, "format", "--quiet", "."], cwd=copy, check=True)
    assert findings(copy, ruff) <= before
    listed = [sys.executable, "-m", "infra.program", "--search-root", str(copy), "--list"]
    subprocess.run(listed, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, capture_output=True, check=True)
    said = subprocess.run([sys.executable, "-c", NAMES], cwd=copy, capture_output=True, text=True, check=True).stdout
    assert re.fullmatch(rf"their-project {name}/train:[0-9a-f]{{16}}\n", said)
    # Again, to another name: nothing of the first is left.
    assert set(renaming.rename("second", root=copy)) >= {path for path in changed if path != "digitlens.toml"}
    assert [
        path for path, text in texts(copy, "frontend/**/*.ts", "**/package*.json").items() if f"@{name}" in text
    ] == []


@pytest.mark.parametrize("name", ["", "Lens", "my_lens", "-lens", "lens-", "a--b", "ä", "x" * 31, "a/b", "1st"])
def test_what_can_not_be_a_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be the name"):
        renaming.rename(name, root=tmp_path)


@pytest.mark.parametrize(
    ("flag", "value"), [("repository", "name"), ("repository", "a/b/c"), ("project", "Ab"), ("project", "x")]
)
def test_so_are_a_repository_and_a_project_that_are_none(flag: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"--{flag}: '{value}'"):
        renaming.rename("lens", **{flag: value}, root=tmp_path)
