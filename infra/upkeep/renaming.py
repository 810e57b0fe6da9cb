"""A project of one's own made of this repository: its packages, images and Firebase project get other names.

What only this repository's code says to itself (``digitlens.toml``, ``DIGITLENS_…``, errors, labels) keeps its name, so
that changes of this project can still be merged.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from infra import git
from infra.errors import UsageError
from infra.settings import ROOT

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""What npm's scopes, Docker's repositories and Hosting's sites all take."""
LONGEST = 30
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
MARK = ROOT / "infra" / "execution" / "images.py"
LIBRARY = "frontend/recognizer/package.json"
LEFT_OUT = ("CHANGELOG.md", "docs/history/", "models/", "infra/upkeep/renaming.py", "tests/infra/test_renaming.py")
"""History, and what names are hashed in."""


def rename(name: str, repository: str | None = None, project: str | None = None, root: Path = ROOT) -> list[str]:
    """Call the packages and images ``name``, after what they are called now; returns the files that changed.

    Args:
        name: small letters, digits and dashes
        repository: OWNER/NAME on GitHub, for the library's package
        project: of Firebase
        root: of the repository

    Raises:
        UsageError: a name that can't be one, or there is no history that could bring the old names back.
    """
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise UsageError(f"{name!r} can't be the name: small letters, digits and single dashes, at most {LONGEST}")
    if repository is not None and not REPOSITORY.fullmatch(repository):
        raise UsageError(f"--repository: {repository!r} isn't OWNER/NAME")
    if project is not None and not PROJECT.fullmatch(project):
        raise UsageError(f"--project: {project!r} is no Firebase project: 6 to 30 small letters, digits and dashes")
    old = re.escape(called(root))
    rules = [
        (re.compile(rf"@{old}(?=[\"'/\\])"), f"@{name}"),
        (re.compile(rf"(?<=\"){old}(?=-frontend\")"), name),
        (re.compile(rf"(?<![\w/.@-]){old}/(?=[a-z\"])"), f"{name}/"),
        (re.compile(rf"\A# {old}$", re.M), f"# {name}"),
    ]
    changed = []
    for path in git.files(root):
        file = root / path
        if path.startswith(LEFT_OUT) or file.is_symlink() or not file.is_file():
            continue
        try:
            before = text = file.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for pattern, new in rules:
            text = pattern.sub(new, text)
        if repository and path == LIBRARY:
            text = _at(repository, text)
        if project and path == "digitlens.toml":
            text = re.sub(r'^(# )?project = "[^"]*"', f'project = "{project}"', text, flags=re.M)
        if text != before:
            file.write_text(text, "utf-8")
            changed.append(path)
    return changed


def _at(repository: str, package: str) -> str:
    """The library's package.json with the repository that it comes from; it names none before."""
    content = json.loads(package)
    where = {"type": "git", "url": f"git+https://github.com/{repository}.git", "directory": str(Path(LIBRARY).parent)}
    pairs = [pair for pair in content.items() if pair[0] != "repository"]
    place = [key for key, _ in pairs].index("description") + 1
    return json.dumps(dict([*pairs[:place], ("repository", where), *pairs[place:]]), indent=2) + "\n"


def called(root: Path = ROOT) -> str:
    """What the project is called: as its images' names begin."""
    found = re.search(r'^PREFIX = "(.+)/"$', (root / MARK.relative_to(ROOT)).read_text("utf-8"), re.M)
    assert found
    return found[1]
