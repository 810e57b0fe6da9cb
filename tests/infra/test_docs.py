"""The documents say what is: commands exist with their flags, links lead somewhere, every task is in the table."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/*.md"),
    ROOT / "frontend" / "README.md",
    ROOT / "docker" / "README.md",
)
COMMAND = re.compile(r"\./inv ([a-z][a-z.]*)((?: +[^\s`,|#]+)*)")


@cache
def inv(*arguments: str) -> str:
    done = subprocess.run([ROOT / "inv", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def commands() -> list[tuple[str, str]]:
    found = {match.groups() for path in DOCUMENTS for match in COMMAND.finditer(path.read_text())}
    assert len(found) > 15
    return sorted((task, arguments) for task, arguments in found)


@pytest.mark.parametrize(("task", "arguments"), commands(), ids=lambda value: value.strip() or "-")
def test_a_command_exists_with_its_flags(task: str, arguments: str) -> None:
    flags = set(re.findall(r"--[a-z-]+", arguments))
    known = inv("--help", task)
    for flag in flags:
        assert re.search(rf"{flag}(?![a-z-])", known), f"{task} has no {flag}"


def test_the_readme_lists_every_task() -> None:
    tasks = set(re.findall(r"^  ([a-z][a-z.]+)", inv("--list"), re.MULTILINE))
    named = {task for task, _ in COMMAND.findall((ROOT / "README.md").read_text())}
    assert tasks - named == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target
