"""Imports run one way: from wing to wing from top to bottom, and without circles inside of one."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from infra.settings import ROOT

GROUND = "ground floor"
WINGS = {
    "infra": (
        *(
            "tasks",
            "program",
            "pipeline",
            "vertex",
            "models",
            "hosting.setup",
            "hosting",
            "labelling",
            "page",
            "kubernetes",
            "runs",
            "upkeep",
            "browser",
            "execution",
        ),
        *("datasets", GROUND),
    ),
    "training": (
        *("loop", "starts", "evaluation", "export", "models", "planning", "data.review", "data.synthesis", "data"),
        *("data.augmentation", "drawing", "detector", GROUND),
    ),
    "conversion": (GROUND,),
    "benchmarks": ("readers", "page", GROUND),
}
"""From top to bottom; what is named nowhere belongs to the ground floor."""
CONTRIBUTING = ROOT / "CONTRIBUTING.md"


def _modules(package: str) -> dict[str, Path]:
    files = (file for file in (ROOT / package).rglob("*.py") if "node_modules" not in file.parts)
    return {".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file for file in files}


def _imports(module: str, modules: dict[str, Path]) -> Iterator[str]:
    """Modules of the same package that ``module`` imports, wherever it does."""
    for node in ast.walk(ast.parse(modules[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module:
            named = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in modules else node.module for name in named if node.module in modules)


def _graph(package: str) -> dict[str, set[str]]:
    modules = _modules(package)
    return {module: set(_imports(module, modules)) - {module} for module in modules}


def _wing(module: str) -> str:
    package, _, inner = module.partition(".")
    fitting = [wing for wing in WINGS[package] if inner == wing or inner.startswith(f"{wing}.")]
    return max(fitting, key=len, default=GROUND)


def _between_wings(package: str) -> dict[str, set[str]]:
    """For each wing those that it imports from."""
    between: dict[str, set[str]] = {wing: set() for wing in WINGS[package]}
    for module, imported in _graph(package).items():
        between[_wing(module)] |= {_wing(other) for other in imported if other != package} - {_wing(module)}
    return between


def _drawn(package: str) -> str:
    """The wings as a Mermaid graph, without arrows that others already imply."""
    between = _between_wings(package)

    def reached(wing: str) -> set[str]:
        return between[wing].union(*(reached(lower) for lower in between[wing]))

    arrows = [
        f"  {upper.replace(' ', '_')} --> {lower.replace(' ', '_')}"
        for upper in WINGS[package]
        for lower in WINGS[package]
        if lower in between[upper] and not any(lower in reached(other) for other in between[upper] - {lower})
    ]
    return "\n".join(["```mermaid", "graph TD", *arrows, "```"])


@pytest.mark.parametrize("package", WINGS)
def test_no_arrow_runs_back_up(package: str) -> None:
    height = {wing: place for place, wing in enumerate(WINGS[package])}
    upward = [
        f"{module} imports {other}"
        for module, imported in _graph(package).items()
        for other in imported
        if other != package and height[_wing(other)] < height[_wing(module)]
    ]
    assert not upward


@pytest.mark.parametrize("package", WINGS)
def test_no_circle(package: str) -> None:
    try:
        TopologicalSorter(_graph(package)).prepare()
    except CycleError as error:
        pytest.fail(f"imports run in a circle: {' -> '.join(error.args[1])}")


def test_a_wing_that_is_named_exists() -> None:
    for package, wings in WINGS.items():
        modules = _modules(package)
        assert all(f"{package}.{wing}" in modules for wing in wings if wing != GROUND)


@pytest.mark.parametrize("package", ["infra", "training"])
def test_contributing_shows_the_picture(package: str) -> None:
    text = CONTRIBUTING.read_text("utf-8")
    place = re.compile(rf"(?<=<!-- imports of {package} -->\n).*?(?=\n<!-- end -->)", re.DOTALL)
    if os.environ.get("WRITE_REFERENCES"):
        CONTRIBUTING.write_text(place.sub(_drawn(package), text), "utf-8")
        return
    found = place.search(text)
    assert found
    assert found[0] == _drawn(package), "WRITE_REFERENCES=1 ./inv test --only unit -k picture draws it again"
