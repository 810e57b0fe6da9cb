"""A project and a repository with nothing in them, and programs that know them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.certificate import Certificate
from infra import settings as infra_settings
from infra.execution import processes
from tests.hosting.conftest import environment_of
from tests.hosting.google import Google
from tests.hosting.setup.cloud import Cloud


@pytest.fixture
def google(standin: Google, certificate: Certificate, tmp_path: Path) -> dict[str, str]:
    """The environment in which the stand-in for Google answers."""
    return environment_of(standin, certificate, tmp_path)


@pytest.fixture
def there(google: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A project with Firebase and a repository, and nothing else; `gcloud` and `gh` answer from here."""
    for name, value in google.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DIGITLENS_HOSTING_PATIENCE", "20")
    infra_settings.settings.cache_clear()
    found = Cloud()
    run = processes.capture

    def capture(command: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        if command[0] not in {"gcloud", "gh"}:
            return run(command, **options)
        return subprocess.CompletedProcess(command, *found.run(list(command)))

    monkeypatch.setattr(processes, "capture", capture)
    yield found
    infra_settings.settings.cache_clear()
    assert found.violations == []
