"""The container for development is made of what is here."""

from __future__ import annotations

import json
import re
from typing import Any

from infra.execution.images import IMAGES
from infra.settings import ROOT, Serve

FILE = ROOT / ".devcontainer" / "devcontainer.json"
KNOWN = {
    "name", "build", "runArgs", "features", "remoteUser", "onCreateCommand", "postCreateCommand", "forwardPorts",
    "portsAttributes", "hostRequirements",
}  # fmt: skip
"""Fields of containers.dev's schema that are used."""


def content() -> dict[str, Any]:
    """JSON with comments."""
    text = re.sub(r"^\s*//.*$", "", FILE.read_text("utf-8"), flags=re.M)
    found: dict[str, Any] = json.loads(text)
    return found


def test_it_is_built_from_the_image_of_trainings() -> None:
    build = content()["build"]
    assert content().keys() <= KNOWN
    assert build.keys() == {"dockerfile", "context", "target", "args", "options"}
    file = (FILE.parent / build["dockerfile"]).resolve()
    assert file == ROOT / "docker" / IMAGES["train"].dockerfile
    assert (FILE.parent / build["context"]).resolve() == ROOT
    text = file.read_text("utf-8")
    assert f" AS {build['target']}\n" in text
    for name, value in build["args"].items():
        assert re.search(rf"^ARG {name}\b", text, re.M)
        assert (ROOT / "requirements" / f"{value}.txt").is_file()
    # The files that its stages copy in pass .dockerignore.
    assert "/opt/digitlens" in text
    # Where the locks' architecture is emulated, the whole of it is.
    assert build["options"] == [option for option in content()["runArgs"] if option.startswith("--platform")]


def test_its_environment_counts_as_made_from_the_lock() -> None:
    from infra.execution import environments

    command = content()["onCreateCommand"]
    train = environments.find("train")
    assert f"ln -sfn /opt/digitlens .environments/{train.name}" in command
    assert f"sudo cp {train.lock.relative_to(ROOT)} /opt/digitlens/{train.stamp.name}" in command


def test_its_port_is_the_pages() -> None:
    assert content()["forwardPorts"] == [Serve().port]
    assert list(content()["portsAttributes"]) == [str(Serve().port)]
