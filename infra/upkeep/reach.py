"""Which tests a change can reach: by what they import, and by what they run of the product.

Where it isn't known what a file reaches, everything is run: too much costs minutes, too little a fault.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infra import fingerprints
from infra.settings import ROOT

PRODUCT = ("training/", "conversion/", "infra/", "tasks.py", "benchmarks/page/")
TASKS = ("infra/", "tasks.py")
SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("small_run", PRODUCT),
    ("small_place", PRODUCT),
    ("images.ensure", ("training/", "conversion/")),
    ("steps_image", ("training/", "infra/")),
    ("inv(", TASKS),
    ("deployer", TASKS),
    ("jobs.", TASKS),
    ("-m training", ("training/",)),
    ("-m conversion", ("conversion/",)),
)
"""What a test's source has where it runs more than it imports, and what that is."""
ALL = (
    *("unit", "training", "conversion", "frontend", "browser", "recognizer"),
    *("hosting", "steps", "pipeline", "cluster", "images"),
)
WHOLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    # The first that fits counts.
    ("tests/browser/references/*", ("browser",)),
    ("tests/infra/*", ("unit",)),
    ("tests/training/*", ("training",)),
    ("tests/conversion/*", ("conversion",)),
    ("tests/browser/page/*", ("browser",)),
    ("tests/browser/*", ("browser", "recognizer")),
    ("tests/hosting/*", ("hosting",)),
    # Its tiny.yaml is what the small run is made by.
    ("tests/pipeline/*", ("pipeline", "steps", "browser", "hosting", "images")),
    ("tests/steps/*", ("steps",)),
    ("tests/cluster/*", ("cluster",)),
    ("tests/images/*", ("images",)),
    ("tests/vectors/*", ("training", "frontend")),
    ("infra/hosting/client/*", ("hosting", "browser", "recognizer", "pipeline")),
    ("benchmarks/page/*", ("recognizer", "unit")),
    ("benchmarks/readers/*", ("recognizer", "unit")),
    ("benchmarks/*", ("unit", "training")),
    ("training/*", ("training", "browser", "steps", "pipeline", "cluster", "images", "unit")),
    ("conversion/*", ("conversion", "browser", "steps", "pipeline", "images", "unit")),
    ("frontend/*", tuple(name for name in ALL if name != "training")),
    ("models/*", ("unit", "conversion", "browser", "recognizer", "hosting", "pipeline")),
    ("docker/*", ("unit", "images")),
    (".github/*", ("unit", "hosting")),
    ("docs/*", ("unit", "hosting")),
    ("*.md", ("unit", "hosting")),
    ("firebase.json", ("unit", "browser", "recognizer", "hosting", "pipeline")),
    ("requirements/train*", ("unit", "training", "steps", "pipeline", "cluster", "browser", "images")),
    ("requirements/ray*", ("unit", "cluster")),
    ("requirements/kubernetes*", ("unit",)),
    ("requirements/convert*", ("unit", "conversion", "steps", "pipeline", "browser", "images")),
    ("*", ALL),
)
"""Suites that a file reaches as a whole, where it isn't Python that tests import."""


@dataclass(frozen=True)
class Reach:
    """What of a suite is to be run: ``files`` of it, or all where there are none; ``reason`` is a changed file."""

    suite: str
    files: tuple[str, ...]
    reason: str


def of(changed: Iterable[str], folders: Mapping[str, tuple[str, ...]], root: Path = ROOT) -> list[Reach]:
    """What ``changed``, paths below ``root``, reaches of the suites whose tests are in ``folders``.

    Suites that nothing reaches are left out.
    """
    names = sorted(set(changed))
    whole: dict[str, str] = {}
    importable = []
    for name in names:
        if _is_imported(name, root):
            importable.append(name)
        else:
            for suite in next(suites for pattern, suites in WHOLE if fnmatch.fnmatch(name, pattern)):
                whole.setdefault(suite, name)
    found = []
    for suite, places in folders.items():
        if suite in whole:
            found.append(Reach(suite, (), whole[suite]))
            continue
        tests = {
            test: reason
            for place in places
            for path in sorted((root / place).rglob("test_*.py"))
            if (reason := _reason(test := path.relative_to(root).as_posix(), importable, root))
        }
        if tests:
            found.append(Reach(suite, tuple(tests), next(iter(tests.values()))))
    return found


def _is_imported(name: str, root: Path) -> bool:
    """Whether it is Python whose importers are known: one that went may have been anybody's."""
    return name.endswith(".py") and (root / name).exists() and Path(name).name != "conftest.py"


def _reason(test: str, changed: list[str], root: Path) -> str:
    """The first of ``changed`` that ``test`` imports or runs; empty where there is none."""
    imported, ran = _known(test, root)
    return next((name for name in changed if name in imported or name.startswith(ran or ("\0",))), "")


@cache
def _known(test: str, root: Path) -> tuple[frozenset[str], tuple[str, ...]]:
    """What ``test`` imports, and the beginnings of what else it runs."""
    modules = [test.removesuffix(".py").replace("/", ".")]
    # Those above the suite's own serve all of them: their fixtures are looked for by name.
    parts = Path(test).parts
    modules += [".".join([*parts[:depth], "conftest"]) for depth in range(2, len(parts))]
    code = [path for module in modules for path in fingerprints.sources(module, root)]
    imported = frozenset(path.relative_to(root).as_posix() for path in code)
    own = [path for path in code if path.is_relative_to(root / "tests") and path != root / "tests" / "conftest.py"]
    text = "\n".join(path.read_text("utf-8") for path in own)
    return imported, tuple({prefix for sign, prefixes in SIGNS if sign in text for prefix in prefixes})
