"""What must hold of a site before it is deployed. Each finding names the task that mends it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infra import fingerprints, site
from infra.errors import RefusedError, UsageError
from infra.runs import Run
from infra.settings import ROOT


def require(findings: Iterable[str | None]) -> None:
    """Nothing, if there are no ``findings``.

    Raises:
        RefusedError: with all that were made.
    """
    made = [finding for finding in findings if finding]
    if made:
        raise RefusedError("\n".join(["not deployed:", *(f"  - {finding}" for finding in made)]))


def of_site(folder: Path, run: Run, budget_mb: float) -> list[str | None]:
    """What is wrong with the built site itself.

    Raises:
        UsageError: there is none.
    """
    if not (folder / site.BUILD).is_file():
        raise UsageError(f"{folder} has no {site.BUILD}: ./inv frontend.build makes the site")
    found = [_files(folder), _model(folder), _gate(folder), _budget(folder, budget_mb)]
    return found if any(found) else [_smoke(run.smoke, folder, f"./inv smoke --run {run.name}")]


def of_preview(run: Run, folder: Path, url: str) -> str | None:
    """Whether the smoke test passed on the channel at ``url`` with the very files of ``folder``."""
    remedy = f"./inv smoke --run {run.name} --site {url}"
    if _read(run.smoke_deployed / "smoke.json").get("site") != url:
        return f"the preview at {url} wasn't smoke-tested: {remedy}"
    return _smoke(run.smoke_deployed, folder, remedy)


def of_tree() -> str | None:
    """Whether the working tree is what its commit says; what is live can be found in the history."""
    if is_dirty():
        return "the working tree has changes that no commit has: `git status` shows them; commit, then deploy.preview"
    return None


def is_dirty() -> bool:
    """Whether the working tree differs from its commit, or there is none."""
    words = ["git", "status", "--porcelain"]
    answer = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.returncode != 0 or bool(answer.stdout.strip())


def build_of(folder: Path) -> str:
    """A hash that stands for every file of a site."""
    return fingerprints.of_file(folder / site.BUILD)


def _files(folder: Path) -> str | None:
    said = {entry["path"]: entry["sha256"] for entry in _read(folder / site.BUILD).get("files", ())}
    there = {entry["path"]: entry["sha256"] for entry in site.describe(folder)["files"]}
    wrong = sorted(path for path in said.keys() | there.keys() if said.get(path) != there.get(path))
    return f"{_names(wrong)} of {folder} aren't as {site.BUILD} says: ./inv frontend.build" if wrong else None


def _model(folder: Path) -> str | None:
    model = folder / site.MODEL
    entries = _read(model / "manifest.json").get("files", ())
    wrong = [
        entry["path"]
        for entry in entries
        if not (model / entry["path"]).is_file() or fingerprints.of_file(model / entry["path"]) != entry["sha256"]
    ]
    return f"{_names(wrong)} of the model aren't as its manifest says: ./inv frontend.build" if wrong else None


def _gate(folder: Path) -> str | None:
    gate = _read(folder / site.MODEL / "manifest.json").get("gate")
    if gate is None:
        return "the model went through no gate: ./inv convert makes one that did, then ./inv frontend.build"
    return None if gate["passed"] else "the model failed its gate: ./inv convert, then ./inv frontend.build"


def _budget(folder: Path, budget_mb: float) -> str | None:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    if size <= budget_mb:
        return None
    return (
        f"the site has {size:.1f} MB, more than [hosting] budget_mb = {budget_mb:g} in digitlens.toml allows: "
        "./inv convert --quantize uint8 makes the model smaller, then ./inv frontend.build"
    )


def _smoke(result: Path, folder: Path, remedy: str) -> str | None:
    smoke = _read(result / "smoke.json")
    if not smoke:
        return f"the site wasn't smoke-tested: {remedy}"
    if smoke.get("build") != build_of(folder):
        return f"the smoke test is older than the build: {remedy}"
    return None if smoke["passed"] else f"the smoke test failed ({_names(smoke['failed'])}): {remedy}"


def _names(wrong: list[str]) -> str:
    return ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
