"""What is in the images, and what isn't."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest
from packaging.requirements import Requirement

from infra.execution import engine, images, inventory
from infra.execution.images import IMAGES, OCI, Image, labels
from infra.settings import ROOT
from tests.images.conftest import inside

STRANGER = "54321:54321"
NAMES = re.compile(r"[-_.]+")
IMPORTS = {
    "train": "training.loop.train, training.export, training.evaluation.evaluate, training.data.synthesis.draw",
    "train-gpu": "training.loop.train, training.export",
    "convert": "conversion.convert, conversion.predict, conversion.converter",
}


def test_it_says_what_it_is(image: Image) -> None:
    found = engine.connect().images.get(image.tag).labels
    for name in ("source", "revision", "created", "version", "licenses", "title"):
        assert found[f"{OCI}.{name}"]
    expected = labels(image)
    assert {key: found[key] for key in expected if key.startswith("digitlens.")} == {
        key: value for key, value in expected.items() if key.startswith("digitlens.")
    }


def test_nobody_is_root_and_anybody_may_be_the_user(image: Image) -> None:
    assert inside(image.tag, "id", "-u").strip() == "10001"
    options = {"user": STRANGER, "read_only": True, "tmpfs": {"/tmp": "mode=1777"}}
    said = inside(image.tag, "python", "-W", "error::UserWarning", "-c", f"import {IMPORTS[image.name]}", **options)
    assert "Traceback" not in said
    assert "annot" not in said, "something complains that it can't write or find"


def test_its_packages_are_those_of_its_lock(image: Image) -> None:
    lock = (ROOT / "requirements" / f"{image.lock}.txt").read_text("utf-8")
    wanted = [Requirement(line.rstrip(" \\")) for line in lock.splitlines() if re.match(r"[a-zA-Z]", line)]
    expected = {
        NAMES.sub("-", one.name).lower(): str(one.specifier).removeprefix("==")
        for one in wanted
        if one.marker is None or one.marker.evaluate({"python_version": "3.11", "python_full_version": "3.11.2"})
    }
    found = {NAMES.sub("-", name).lower(): version for name, version in inventory.packages(image.tag).items()}
    assert found == expected


def test_its_code_is_that_of_its_tag(image: Image) -> None:
    listed = inside(image.tag, "sh", "-c", "cd /app && find . -type f | sort | xargs sha256sum").splitlines()
    found = {line.split("  ./")[1]: line.split()[0] for line in listed}
    code = [path for path in image.files() if path.parts[len(ROOT.parts)] in (image.package, "schemas")]
    words = ["sha256sum", *map(str, code)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    expected = {line.split("  ")[1].removeprefix(f"{ROOT}/"): line.split()[0] for line in said}
    assert found == expected


@pytest.mark.parametrize("program", ["gcc", "cc", "make", "uv", "git"])
def test_it_has_no_tools_of_its_build(image: Image, program: str) -> None:
    assert inside(image.tag, "sh", "-c", f"command -v {program} || echo none").strip() == "none"


def test_it_has_no_caches(image: Image) -> None:
    places = " -o ".join(f"-path '{place}/*'" for place in ("*/.cache", "/build", "/run/secrets", "/tmp"))
    assert inside(image.tag, "sh", "-c", f"find / -xdev \\( {places} \\) -type f", user="0").split() == []


def test_it_passes_signals_on(image: Image) -> None:
    """A first process that is no init has a deaf default for SIGTERM."""
    container = engine.connect().containers.run(image.tag, ["-c", "import time; time.sleep(60)"], detach=True)
    try:
        container.stop(timeout=20)
        assert container.wait()["StatusCode"] == 128 + 15
    finally:
        container.remove(force=True)


def test_the_image_for_gpus_finds_its_libraries(gpu_image: str) -> None:
    code = (
        "import ctypes, glob, json, nvidia, os, tensorflow as tf; "
        "files = [f for p in nvidia.__path__ for f in glob.glob(p + '/*/lib/*.so*')]; "
        "print(json.dumps({'version': tf.__version__, 'cuda': tf.test.is_built_with_cuda(), "
        "'libraries': sorted(os.path.basename(f) for f in files)}))"
    )
    found = json.loads(inside(gpu_image, "python", "-c", code).splitlines()[-1])
    print("CUDA libraries:", *found["libraries"])
    assert found["cuda"]
    assert {name.split(".")[0] for name in found["libraries"]} >= {"libcudart", "libcudnn", "libcublas", "libnccl"}


def test_the_container_for_development_is_made_of_the_same_layers() -> None:
    """As .devcontainer says, but for the features that its tool adds."""
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8")
    build = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.M))["build"]
    tag = "digitlens/test-devcontainer:latest"
    file = ROOT / ".devcontainer" / build["dockerfile"]
    words = [engine.client(), "build", "--file", str(file.resolve()), "--target", build["target"], "--tag", tag]
    arguments = {**build["args"], **images.arguments()}
    words += [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
    images.ensure(IMAGES["train"])  # its layers are made once
    done = subprocess.run(
        [*words, *build["options"], str(ROOT)],
        env={**os.environ, **engine.buildkit()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    try:
        listed = inside(tag, "/opt/digitlens/bin/python", "-c", inventory.LIST_PACKAGES)
        assert json.loads(listed) == inventory.packages(IMAGES["train"].tag)
    finally:
        engine.connect().images.remove(tag, force=True)
