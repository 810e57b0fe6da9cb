from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from infra.errors import CommandError
from infra.execution import environments
from infra.execution.environments import Environment
from infra.settings import ROOT


def lock_of(package: str, name: str = "test") -> str:
    """The lines for ``package`` of the lock called ``name``."""
    lines = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{package}=="))
    end = next((n for n in range(start + 1, len(lines)) if not lines[n].startswith(" ")), len(lines))
    return "\n".join(lines[start:end]) + "\n"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    folder = tmp_path / "tiny"
    lock = tmp_path / "tiny.txt"
    lock.write_text(lock_of("iniconfig"), "utf-8")
    return Environment("tiny", "python", folder, lock, folder / "installed.txt")


def test_an_environment_is_current_until_its_lock_changes(environment: Environment) -> None:
    assert not environment.is_current
    environments.make(environment)
    assert environment.is_current
    assert list(environment.folder.glob("lib/*/site-packages/iniconfig"))
    assert environment.seconds > 0
    environment.lock.write_text(lock_of("pluggy"), "utf-8")
    assert not environment.is_current
    environments.make(environment)
    assert not list(environment.folder.glob("lib/*/site-packages/iniconfig"))


def test_a_failed_install_is_never_taken_for_whole(environment: Environment) -> None:
    environments.make(environment)
    wrong = environment.lock.read_text("utf-8").replace("sha256:", "sha256:0000")
    environment.lock.write_text(wrong, "utf-8")
    with pytest.raises(CommandError, match="environment tiny ended with exit code"):
        environments.make(environment)
    assert not environment.is_current
    assert not environment.stamp.exists()


def test_every_environment_has_a_lock() -> None:
    names: tuple[environments.Name, ...] = (
        "host",
        "train",
        "convert",
        "test",
        "frontend",
        "hosting",
    )
    assert all(environments.find(name).lock.exists() for name in names)


def test_an_install_is_expected_to_take_what_the_last_one_took_or_what_is_usual(environment: Environment) -> None:
    assert environment.expected > 0
    environments.make(environment)
    assert environment.expected == environment.seconds
    assert environments.USUAL.keys() <= set(get_args(environments.Name))
