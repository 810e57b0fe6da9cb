"""The README's first claim: Linux and Python are enough. Tried in a container that has nothing else.

No Node, no browser, no git, no uv, no compiler. What it installs it gets as anybody's machine does: from registries.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from infra.execution import engine, images
from infra.settings import ROOT
from tests.images.conftest import STAND_IN

SCRIPT = """
set -eu
for program in node npm chromium google-chrome git uv; do
  if command -v "$program"; then echo "the machine has $program"; exit 3; fi
done
cd /digitlens
./inv doctor
./inv frontend.build
.environments/host/bin/python -c '
from infra.browser import chromium
from infra.execution import node
node.use()
print("started", chromium.require())
'
./inv doctor
"""
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def checkout() -> bytes:
    """What git would hand to somebody who clones this, as an archive; neither tests nor what only training needs."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    with io.BytesIO() as memory, tarfile.open(fileobj=memory, mode="w") as archive:
        for name in sorted(filter(None, listed.stdout.decode().split("\0"))):
            if not name.startswith(("tests/", "models/digits/checkpoint")) and (ROOT / name).is_file():
                archive.add(ROOT / name, f"digitlens/{name}")
        archive.close()
        return memory.getvalue()


@pytest.fixture
def machine() -> Iterator[Any]:
    """A container with Python, and this repository in /digitlens."""
    if not engine.connect().images.list(name=STAND_IN):
        pytest.skip(f"no base image {STAND_IN} with nothing but Python")
    made = engine.connect().containers.create(
        STAND_IN,
        ["bash", "-c", SCRIPT],
        labels={engine.OURS: "fresh-machine"},
        environment={
            **images.arguments(),
            "NODE_EXTRA_CA_CERTS": AUTHORITIES,
            "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "5000",
        },
    )
    try:
        made.put_archive("/", checkout())
        yield made
    finally:
        engine.connect().api.timeout = 300  # it holds some gigabytes
        made.remove(force=True, v=True)


def test_linux_and_python_are_enough(machine: Any) -> None:
    machine.start()
    lines = []
    for chunk in machine.logs(stream=True, follow=True):
        lines += chunk.decode("utf-8", "replace").splitlines()
    said = "\n".join(lines)
    assert machine.wait()["StatusCode"] == 0, said[-4000:]
    before, after = said.split("started /", 1)
    assert "note     Chromium" in before.split("frontend")[0]
    assert "ok       Chromium" in after
    assert "/digitlens/dist" in before
