"""What must hold of a site before it is deployed. Each finding names the task that mends it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infra import fingerprints, git
from infra.errors import RefusedError
from infra.page import site
from infra.runs import catalogue
from infra.runs.run import Run


def require(findings: Iterable[str | None]) -> None:
    """Nothing, if there are no ``findings``.

    Raises:
        RefusedError: with all that were made.
    """
    made = [finding for finding in findings if finding]
    if made:
        raise RefusedError("\n".join(["not deployed:", *(f"  - {finding}" for finding in made)]))


def of_site(folder: Path, run: Run, budget_mb: float) -> list[str | None]:
    """What is wrong with the built site itself."""
    remedy = site.task(run.name)
    found = [
        _files(folder, remedy),
        _model(folder, remedy),
        _gate(folder, run),
        _budget(folder, run, budget_mb),
    ]
    return found if any(found) else [_smoke(run.smoke, folder, f"./inv smoke --run {run.name}")]


def of_preview(run: Run, folder: Path, url: str) -> str | None:
    """Whether the smoke test passed on the channel at ``url`` with the very files of ``folder``."""
    remedy = f"./inv smoke --run {run.name} --site {url}"
    if _read(run.smoke_deployed / "smoke.json").get("site") != url:
        return f"the preview at {url} wasn't smoke-tested: {remedy}"
    return _smoke(run.smoke_deployed, folder, remedy)


def of_version(run: Run, folder: Path) -> str | None:
    """Whether the smoke test passed on a preview, at whichever address, with the very files of ``folder``."""
    remedy = f"./inv deploy.preview, then ./inv smoke --run {run.name} --site ADDRESS"
    if not str(_read(run.smoke_deployed / "smoke.json").get("site", "")).startswith("https://"):
        return f"no preview of it was smoke-tested: {remedy}"
    return _smoke(run.smoke_deployed, folder, remedy)


def of_tree(folder: Path, run: Run) -> str | None:
    """Whether the working tree was what its commit says when the site was built, and is now.

    What is live can be found in the history; ``firebase.json`` is read when the site is deployed.
    """
    if reason := git.trouble():
        return f"what is live must be found in the history, and {reason}; then {site.task(run.name)}"
    if git.is_dirty():
        return "the working tree has changes that no commit has: `git status` shows them; commit, then deploy.preview"
    if site.origin(folder).is_dirty:
        return f"{folder} was built in a tree with changes that no commit has: {site.task(run.name)}"
    return None


def build_of(folder: Path) -> str:
    """A hash that stands for every file of a site."""
    return fingerprints.of_file(folder / site.BUILD)


def _files(folder: Path, remedy: str) -> str | None:
    said = {entry["path"]: entry["sha256"] for entry in _read(folder / site.BUILD).get("files", ())}
    there = {entry["path"]: entry["sha256"] for entry in site.contents(folder)}
    wrong = sorted(path for path in said.keys() | there.keys() if said.get(path) != there.get(path))
    return f"{_names(wrong)} of {folder} aren't as {site.BUILD} says: {remedy}" if wrong else None


def _model(folder: Path, remedy: str) -> str | None:
    model = folder / site.MODEL
    entries = _read(model / "manifest.json").get("files", ())
    wrong = [
        entry["path"]
        for entry in entries
        if not (model / entry["path"]).is_file() or fingerprints.of_file(model / entry["path"]) != entry["sha256"]
    ]
    return f"{_names(wrong)} of the model aren't as its manifest says: {remedy}" if wrong else None


def _gate(folder: Path, run: Run) -> str | None:
    gate = _read(folder / site.MODEL / "manifest.json").get("gate")
    if gate is None:
        return f"the model went through no gate: {_another_model(run)}"
    return None if gate["passed"] else f"the model failed its gate: {_another_model(run)}"


def _budget(folder: Path, run: Run, budget_mb: float) -> str | None:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    if size <= budget_mb:
        return None
    return (
        f"the site has {size:.1f} MB, more than [hosting] budget_mb = {budget_mb:g} in digitlens.toml allows; "
        f"a smaller model: {_another_model(run, ' --quantize uint8')}"
    )


def _another_model(run: Run, flags: str = "") -> str:
    """The tasks that put another model of ``run`` into the site."""
    if run.name == catalogue.RELEASED:
        return f"./inv model.release with a run that was converted (./inv convert{flags}), then {site.task(run.name)}"
    return f"./inv convert{flags} --run {run.name}, then {site.task(run.name)}"


def _smoke(result: Path, folder: Path, remedy: str) -> str | None:
    smoke = _read(result / "smoke.json")
    if not smoke:
        return f"the site wasn't smoke-tested: {remedy}"
    if smoke.get("build") != build_of(folder):
        return f"the smoke test is older than the build: {remedy}"
    if smoke.get("rules") != fingerprints.of_values(site.rules()):
        return f"the smoke test is older than firebase.json, the headers were others: {remedy}"
    return None if smoke["passed"] else f"the smoke test failed ({_names(smoke['failed'])}): {remedy}"


def _names(wrong: list[str]) -> str:
    return ", ".join(wrong[:3]) + (f" and {len(wrong) - 3} more" if len(wrong) > 3 else "")


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
