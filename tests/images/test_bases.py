"""The base image's digest is what its tag is in the registry."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from infra.execution import engine
from infra.settings import ROOT
from infra.upkeep import bases

PINNED = "FROM scratch\nLABEL digitlens.test={number}\n"


@pytest.fixture
def published(registry: str) -> str:
    """A name in a registry, and an image under it."""
    name = f"{registry}/python:3.11-slim-bookworm"
    publish(name, 1)
    return name


def publish(name: str, number: int) -> None:
    file = io.BytesIO(PINNED.format(number=number).encode())
    engine.connect().images.build(fileobj=file, tag=name, rm=True)
    engine.connect().images.push(name)


def test_the_digest_is_moved_to_what_the_tag_is_now_and_then_stays(published: str, tmp_path: Path) -> None:
    file = tmp_path / "train.Dockerfile"
    old = f"ARG BASE_IMAGE={published}@sha256:{'0' * 64}\n\nFROM ${{BASE_IMAGE}}\n"
    file.write_text(old, "utf-8")
    [said] = bases.update(tmp_path)
    first = file.read_text("utf-8")
    assert "train.Dockerfile" in said
    assert first == old.replace("0" * 64, bases.current(published).removeprefix("sha256:")) != old
    assert bases.update(tmp_path) == []
    publish(published, 2)
    assert len(bases.update(tmp_path)) == 1
    assert file.read_text("utf-8") not in (old, first)


def test_a_registry_that_does_not_answer_leaves_it_as_it_is(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "train.Dockerfile"
    old = f"ARG BASE_IMAGE=127.0.0.1:9/python:3@sha256:{'0' * 64}\n"
    file.write_text(old, "utf-8")
    assert bases.update(tmp_path) == []
    assert file.read_text("utf-8") == old
    assert "base image left as it is" in capfd.readouterr().err


def test_every_base_of_ours_is_found() -> None:
    for file in (ROOT / "docker").glob("*.Dockerfile"):
        assert len(bases.PIN.findall(file.read_text("utf-8"))) == 1, file
