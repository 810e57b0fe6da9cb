"""Listing, describing, pushing and pruning the images."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from infra.errors import DigitlensError, UsageError
from infra.execution import bills, engine, environments, images, inventory
from infra.execution.images import Image
from tests.conftest import Place
from tests.images.conftest import inside


def test_the_list_has_size_tag_digest_and_packages(image: Image, tmp_path: Path) -> None:
    listed = Place(tmp_path).inv("images.list", "--json")
    assert listed.returncode == 0, listed.stderr
    [entry] = [entry for entry in json.loads(listed.stdout) if entry["tag"] == image.tag]
    found = engine.connect().images.get(image.tag)
    assert (entry["digest"], entry["size"], entry["current"]) == (found.id, found.attrs["Size"], True)
    assert entry["packages"]["numpy"] == "2.4.6"


VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
sys.exit(fault and str(fault))
"""


def test_the_bill_of_materials_names_every_package(image: Image) -> None:
    text = bills.make(image)
    bill = json.loads(text)
    assert bill["metadata"]["component"]["name"] == image.repository
    found: dict[str, dict[str, str]] = {"pypi": {}, "deb": {}}
    for part in bill["components"]:
        kind = part.get("purl", "pkg:/").split("/")[0].removeprefix("pkg:")
        if kind == "deb" or (kind == "pypi" and not part["bom-ref"].startswith("base ")):
            found[kind][part["name"]] = part["version"]
    assert found["pypi"] == inventory.packages(image.tag)
    said = inside(image.tag, "dpkg-query", "--show").splitlines()
    assert found["deb"] == {line.split("\t")[0].split(":")[0]: line.split("\t")[1] for line in said}
    assert {"libc6", "dpkg"} <= found["deb"].keys()
    assert {"debian", "python"} <= {part["name"] for part in bill["components"]}
    # By the schemas that the standard's own library carries.
    overlay = {**os.environ, "PYTHONPATH": str(environments.ensure("sbom").folder)}
    checked = subprocess.run(
        [sys.executable, "-c", VALIDATE], input=text, env=overlay, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_a_pushed_image_is_in_the_registry_under_its_tag(small_image: Image, registry: str) -> None:
    images.ensure(small_image)
    name = inventory.push(small_image, f"{registry}/team")
    repository, digest = name.split("@")
    assert repository == f"{registry}/team/digitlens/test"
    version = small_image.tag.rpartition(":")[2]
    request = urllib.request.Request(
        f"http://{registry}/v2/team/digitlens/test/manifests/{version}",
        headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Docker-Content-Digest"] == digest
        assert json.load(answer)["config"]["digest"] == engine.connect().images.get(small_image.tag).id
    assert [tag for tag in engine.connect().images.get(small_image.tag).tags if registry in tag] == []


def test_a_registry_that_is_not_there_is_named(small_image: Image) -> None:
    images.ensure(small_image)
    with pytest.raises(DigitlensError, match=r"127\.0\.0\.1:9/.* can't be pushed(.|\n)*remedy"):
        inventory.push(small_image, "127.0.0.1:9")
    with pytest.raises(UsageError, match="is no registry"):
        inventory.push(small_image, "https://127.0.0.1:9")


def test_pruning_takes_what_is_ours_and_old_and_nothing_else(
    small_image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    images.ensure(small_image)
    code = small_image.folder / "training" / "loop" / "train.py"
    code.write_text(code.read_text("utf-8") + "# changed\n", "utf-8")
    newer = replace(small_image)
    images.ensure(newer)
    engine.connect().images.get(newer.tag).tag("somebody/else", "kept")
    monkeypatch.setitem(images.IMAGES, "test", newer)  # type: ignore[misc]
    every = inventory.ours()
    # The images of whoever runs this test stay out of it.
    monkeypatch.setattr(
        inventory, "ours", lambda: [one for one in every if one.labels[engine.OURS] == small_image.name]
    )
    before = {tag for one in engine.connect().images.list() for tag in one.tags}
    try:
        assert inventory.prune() == [small_image.tag]
        assert {tag for one in engine.connect().images.list() for tag in one.tags} == before - {small_image.tag}
    finally:
        engine.connect().images.remove("somebody/else:kept")
