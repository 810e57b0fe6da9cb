"""The tests of this repository, each suite in the environment of what it tests."""

from __future__ import annotations

import os
import sys
import threading
import time
import uuid
import xml.etree.ElementTree
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from infra import git
from infra.browser import frontend
from infra.errors import CommandError, DigitlensError, UsageError
from infra.execution import environments, processes
from infra.progress import say
from infra.settings import ROOT, settings
from infra.upkeep import reach

ENGINES = ("chromium", "firefox", "webkit")
SHARING = ("pipeline", "recognizer", "images", "frontend")
"""Suites that use what frontend/ holds as it was built last, or build it anew: never beside each other. The first that
needs the small run makes it (tests/conftest.py)."""
ROOM = 6 * 2**30
"""Bytes of memory for a suite beside others: a training and a browser need some 4 GiB each."""
BESIDE = 3
"""Suites beside each other on two cores: about half of what each takes is waiting, for a browser or a server."""
SESSION = "ONE_TEST_CALL"
"""Names one call of `./inv test` to its suites: what the first has made, the others take as it is."""
MESSAGE = 300
"""Characters of a failed test's line."""
NOTHING_COLLECTED = 5
"""Pytest's exit code where -k leaves no test of a suite."""


@dataclass(frozen=True)
class Suite:
    """Tests below ``folders``, run by pytest in ``environment`` (frontend: by vitest)."""

    name: str
    environment: environments.Name
    folders: tuple[str, ...]
    needs: tuple[environments.Name, ...] = ()
    needs_recognizer: bool = False


SUITES = (
    # Those that take longest first: each begins where another has ended.
    Suite("browser", "host", ("tests/browser/page",), needs=("hosting",), needs_recognizer=True),
    Suite("hosting", "host", ("tests/hosting",), needs=("hosting",), needs_recognizer=True),
    Suite("training", "train", ("tests/training",), needs=("test",)),
    Suite("steps", "host", ("tests/steps",), needs=("hosting",), needs_recognizer=True),
    Suite("unit", "host", ("tests/infra",), needs=("hosting",)),
    Suite("conversion", "convert", ("tests/conversion",), needs=("test",), needs_recognizer=True),
    Suite("pipeline", "host", ("tests/pipeline",), needs=("hosting",), needs_recognizer=True),
    Suite(
        "recognizer",
        "host",
        ("tests/browser/recognizer", "tests/browser/benchmarks"),
        needs=("hosting",),
        needs_recognizer=True,
    ),
    Suite("cluster", "host", ("tests/cluster",), needs=("train", "ray")),
    Suite("images", "host", ("tests/images",), needs=("hosting",), needs_recognizer=True),
    Suite("frontend", "frontend", ("frontend",), needs_recognizer=True),
)


@dataclass
class Tally:
    """What became of the tests."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    broken: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    """Of each failed test, the first line of what it says."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Of each test, what it waited for among them."""

    def slowest(self, count: int = 10) -> list[str]:
        """A line for each of the slowest tests that took a second or more."""
        found = sorted(self.seconds.items(), key=lambda item: -item[1])[:count]
        lines = [f"  {taken:6.1f} s  {name}" for name, taken in found if taken >= 1]
        return ["the slowest tests (with the fixtures that they were first to need):", *lines] if lines else []

    def why(self) -> list[str]:
        """A line for each failed test: whoever reads only a log's end knows what to mend."""
        lines = [f"  {name}: {message}"[:MESSAGE] for name, message in self.failures.items()]
        return ["what failed:", *lines] if lines else []

    def __str__(self) -> str:
        """The closing line that CI reads."""
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def choose(names: str | None) -> list[Suite]:
    """The suites called ``names`` (with commas between), or all."""
    if names is None:
        return list(SUITES)
    known = {suite.name: suite for suite in SUITES}
    unknown = [name for name in names.split(",") if name not in known]
    if unknown:
        raise UsageError(f"there is no suite {unknown[0]}; --only takes {', '.join(known)}")
    return [known[name] for name in names.split(",")]


def reached(suites: Sequence[Suite]) -> list[Suite]:
    """What the changes since main can reach of ``suites``; says what is left out.

    Raises:
        UsageError: there is no history to compare with.
    """
    changed = git.changed()
    found = {one.suite: one for one in reach.of(changed, {suite.name: suite.folders for suite in suites})}
    say(f"{len(changed)} files differ from main")
    chosen = []
    for suite in suites:
        if suite.name not in found:
            say(f"left out: {suite.name}, which nothing of it reaches")
            continue
        one = found[suite.name]
        of = len([path for folder in suite.folders for path in (ROOT / folder).rglob("test_*.py")])
        if one.files and suite.environment != "frontend":
            say(f"{suite.name}: {len(one.files)} of {of} files, reached by {one.reason} and its like")
            suite = replace(suite, folders=one.files)
        else:
            say(f"{suite.name}: all, because of {one.reason}")
        chosen.append(suite)
    return chosen


def run_all(
    suites: Sequence[Suite], expression: str | None, options: Mapping[str, Sequence[str]] | None = None
) -> Tally:
    """Run ``suites``, each whatever became of the others, with pytest's -k or vitest's -t.

    Some run beside each other where the machine has room: much of what they do is waiting, for a browser or a server.
    ``options`` are further words for the command of a suite.
    """
    tally, counting = Tally(), threading.Lock()
    os.environ[SESSION] = uuid.uuid4().hex
    folder = settings().paths.cache / "tests"
    folder.mkdir(parents=True, exist_ok=True)

    def run(suite: Suite) -> None:
        began = time.monotonic()
        broken = _run(suite, expression, (options or {}).get(suite.name, ()), folder)
        with counting:
            tally.broken += broken
            for report in folder.glob(f"{suite.name}*.xml"):
                count(report, tally)
            say(f"{suite.name} is through, {time.monotonic() - began:.0f} s: {tally} so far")

    def run_lane(lane: Sequence[Suite]) -> None:
        for suite in lane:
            run(suite)

    with ThreadPoolExecutor(_beside()) as threads:
        try:
            for _ in threads.map(run_lane, _lanes(suites)):
                pass
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            processes.end_all()
            raise
    return tally


def _lanes(suites: Sequence[Suite]) -> list[list[Suite]]:
    """Suites that run one after the other, each list beside the others as there is room."""
    sharing = [suite for suite in suites if suite.name in SHARING]
    return [*([sharing] if sharing else []), *([suite] for suite in suites if suite not in sharing)]


def _beside() -> int:
    """How many suites this machine has room for."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(BESIDE, memory // ROOM)) if (os.cpu_count() or 1) > 1 else 1


def _run(suite: Suite, expression: str | None, words: Sequence[str], folder: Path) -> list[str]:
    """Run one suite; returns what of it failed."""
    for old in folder.glob(f"{suite.name}*.xml"):
        old.unlink()
    broken = []
    try:
        _prepare(suite)
        for name, command, cwd in _commands(suite, expression, folder):
            if not _succeeds(name, [*command, *words], cwd, _overlay(suite), expression):
                broken.append(name)
    except DigitlensError as error:
        say(f"{suite.name} can't run: {error}")
        broken.append(suite.name)
    return broken


def _prepare(suite: Suite) -> None:
    for name in (suite.environment, *suite.needs):
        environments.ensure(name)
    if suite.needs_recognizer:
        frontend.build_recognizer()


def _commands(suite: Suite, expression: str | None, folder: Path) -> Iterator[tuple[str, list[str], Path]]:
    if suite.environment == "frontend":
        for workspace in ("recognizer", "app"):
            name = f"{suite.name}-{workspace}"
            words = [
                "npm",
                "test",
                "--workspace",
                workspace,
                "--",
                "--reporter=default",
                "--reporter=junit",
            ]
            output = f"--outputFile.junit={folder / name}.xml"
            yield (
                name,
                [*words, output, *(["-t", expression] if expression else [])],
                frontend.FRONTEND,
            )
        return
    python = sys.executable if suite.environment == "host" else str(environments.find(suite.environment).python)
    report = str(folder / f"{suite.name}.xml")
    words = [python, "-m", "pytest", "-q", "--no-header", "--junitxml", report, *suite.folders]
    yield suite.name, [*words, *(["-k", expression] if expression else [])], ROOT


def _overlay(suite: Suite) -> dict[str, str]:
    return {"PYTHONPATH": f"{ROOT}:{environments.find('test').folder}"} if "test" in suite.needs else {}


def _succeeds(name: str, command: list[str], cwd: Path, environment: dict[str, str], expression: str | None) -> bool:
    try:
        processes.run(name, command, cwd=cwd, environment=environment)
    except CommandError as error:
        return expression is not None and error.exit_code == NOTHING_COLLECTED
    return True


def count(report: Path, tally: Tally) -> None:
    """Add the tests of one JUnit ``report`` to ``tally``."""
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        tally.seconds[name] = tally.seconds.get(name, 0.0) + float(case.get("time") or 0)
        fault = case.find("failure") if case.find("failure") is not None else case.find("error")
        if fault is not None:
            tally.failed += 1
            tally.failures[name] = next(iter((fault.get("message") or fault.text or "").split("\n")), "")
        elif case.find("skipped") is not None:
            tally.skipped += 1
        else:
            tally.passed += 1
