"""The whole path in containers makes what it makes locally, whatever happens to its training."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from infra.execution import containers, engine, images
from infra.execution.images import IMAGES
from tests.conftest import TINY, Place


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    for name in ("train", "convert"):
        images.ensure(IMAGES[name])
    return Place(tmp_path_factory.mktemp("place"))


def training(place: Place) -> str:
    """The name of the container that trains."""
    found = engine.connect().containers.list(filters={"label": containers.PLACE})
    [name] = [str(one.name) for one in found if one.labels[containers.PLACE] == f"{place.run('small')}:train"]
    return name


def given(small_run: Path) -> list[str]:
    """The photos of the small run, and its configuration."""
    photos = small_run / "photos"
    return ["--images", str(photos / "images"), "--annotations", str(photos / "annotations.csv"), "--config", str(TINY)]


def begun(said: str) -> int:
    match = re.search(r"training: step (\d+) of 600", said)
    assert match, said
    return int(match[1])


def test_the_web_model_equals_the_local_one_although_training_was_stopped_and_killed(
    place: Place, small_run: Path
) -> None:
    pipeline = ["pipeline", *given(small_run), "--name", "small", "--no-serve", "--on", "docker"]
    client = engine.connect().containers
    # `docker stop` is SIGTERM: it ends after a checkpoint, between two of the regular ones.
    code, said = place.inv_until(pipeline, "step 50 of 600", lambda _: client.get(training(place)).stop(timeout=30))
    assert code == 130, said
    stopped = time.monotonic()
    train = ["train", "--run", "small", "--resume", "--on", "docker"]
    code, said = place.inv_until(train, "step 300: ", lambda _: client.get(training(place)).kill())
    assert 50 <= begun(said) < 150, "it didn't go on where it was stopped"
    assert code == 128 + 9, said
    assert "train was ended by signal 9" in said
    assert time.monotonic() - stopped < 300
    done = place.inv(*pipeline)
    assert done.returncode == 0, done.stderr
    assert 150 <= begun(done.stderr) <= 300
    run = place.run("small")
    names = {path.name for path in (small_run / "web_model").iterdir() if not path.name.startswith(".")}
    assert {path.name for path in (run / "web_model").iterdir() if not path.name.startswith(".")} == names
    for name in names - {"manifest.json"}:
        assert (run / "web_model" / name).read_bytes() == (small_run / "web_model" / name).read_bytes(), name
    assert manifest(run) == manifest(small_run)


def manifest(run: Path) -> dict[str, object]:
    """A web model's manifest without what two runs can't share: seconds and the commit."""
    content = json.loads((run / "web_model" / "manifest.json").read_text("utf-8"))
    content.get("provenance", {}).pop("commit", None)
    for figures in content.get("evaluation", {}).values():
        if isinstance(figures, dict):
            for name in [name for name in figures if name.startswith("milliseconds")]:
                del figures[name]
    return content


@pytest.mark.parametrize("kind", ["container", "local"])
def test_tensorboard_shows_a_run_wherever_it_was_trained(
    kind: str, place: Place, small_run: Path, small_place: Place
) -> None:
    shown = place if kind == "container" else small_place
    if not (shown.run("small") / "checkpoints").exists():
        for words in (["data.records", *given(small_run)], ["train"]):
            done = shown.inv(*words, "--run", "small", "--on", "docker")
            assert done.returncode == 0, done.stderr
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found: dict[str, dict[str, object]] = {}

    def look(task: subprocess.Popen[str]) -> None:
        deadline = time.monotonic() + 60
        while not found and time.monotonic() < deadline:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/data/plugin/scalars/tags") as answer:
                found.update(json.load(answer))
            time.sleep(0.5)
        addresses = {str(one[4][0]) for one in socket.getaddrinfo(socket.gethostname(), port)}
        for address in (address for address in addresses if not address.startswith("127.")):
            with pytest.raises(OSError, match="refused"):
                socket.create_connection((address, port), timeout=5)
        task.send_signal(signal.SIGINT)

    code, said = shown.inv_until(["tensorboard", "--run", "small", "--port", str(port)], f"127.0.0.1:{port}", look)
    assert code == 130, said
    assert [tags for tags in found.values() if any("loss" in tag for tag in tags)], found
