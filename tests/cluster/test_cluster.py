"""Steps on a real cluster of two nodes make what they make on one machine, whatever dies meanwhile."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from infra.errors import CommandError, MissingPartError, StepError
from infra.execution.cluster import Cluster
from infra.execution.local import Local
from infra.execution.steps import Step, perform
from tests.cluster.conftest import Nodes, contents, with_word
from tests.cluster.tiny_step import LAST

TINY = "tests.cluster.tiny_step"


def tiny(out: Path, **options: str | bool) -> Step:
    """A step of six pieces."""
    return Step("tiny", "train", TINY, out, inputs={}, options=options, shards=6)


def counting(out: Path, **options: str | bool) -> Step:
    """A gang of two."""
    return replace(tiny(out, **options), shards=0, gang=2)


@pytest.fixture(params=[False, True], ids=["shared folders", "sent folders"])
def runner(request: pytest.FixtureRequest, two_nodes: Nodes) -> Cluster:
    """On both nodes."""
    return two_nodes.runner(sent=request.param)


def test_pieces_are_put_together(runner: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    perform(tiny(tmp_path / "out"), runner)
    assert (tmp_path / "out" / "whole").read_text() == "".join(f"{part}/6\n" for part in range(1, 7))
    assert "[tiny] 6 of 6 pieces" in capfd.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_refusal_is_told_once_and_what_is_made_is_kept(two_nodes: Nodes, tmp_path: Path) -> None:
    runner = two_nodes.runner(sent=True)
    with pytest.raises(StepError, match="6/6 is refused"):
        perform(tiny(tmp_path / "out", fail="6/6"), runner)
    assert not (tmp_path / "out").exists()
    (pieces,) = tmp_path.glob(".out.*.pieces")
    assert "6-of-6" not in {path.name for path in pieces.iterdir()}


def test_drawn_photos_are_the_same_when_a_node_dies(two_nodes: Nodes, config_file: Path, tmp_path: Path) -> None:
    runner = two_nodes.runner(sent=True)
    draw = Step(
        "synthesize",
        "train",
        "training.data.synthesis.draw",
        tmp_path / "alone",
        inputs={"config": config_file},
        options={"photos": 12, "seed": 3},
    )
    perform(draw, Local())
    gate = tmp_path / "gate"
    waiting = threading.Thread(target=perform, args=(tiny(tmp_path / "tiny", gate=str(gate)), runner))
    waiting.start()
    # Both nodes hold a piece that waits: one of them dies with it.
    while len(with_word(f"--gate={gate}")) < 2:
        assert waiting.is_alive()
        threading.Event().wait(0.2)
    two_nodes.kill_second()
    gate.write_text("")
    waiting.join(100)
    assert (tmp_path / "tiny" / "whole").read_text() == "".join(f"{part}/6\n" for part in range(1, 7))
    perform(replace(draw, output=tmp_path / "out", shards=4), runner)
    assert contents(tmp_path / "out") == contents(tmp_path / "alone")


def test_a_gang_goes_on_at_its_last_checkpoint_when_a_member_dies(
    two_nodes: Nodes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # The members of this gang meet in a folder, which both have to see.
    perform(counting(tmp_path / "out", gate=str(tmp_path / "gate")), two_nodes.runner())
    assert (tmp_path / "out" / "checkpoint").read_text() == str(LAST)
    assert capfd.readouterr().err.count("all start again from the last checkpoint") == 1


def test_a_gang_that_never_gets_anywhere_is_given_up(
    two_nodes: Nodes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    runner = two_nodes.runner()
    with pytest.raises(CommandError, match="signal 9"):
        perform(counting(tmp_path / "out", die=True), runner)
    said = capfd.readouterr().err
    assert said.count("all start again") == 2
    assert "3 times without a new checkpoint: given up" in said


def test_a_cluster_that_does_not_answer_is_named(two_nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "another")
    with pytest.raises(MissingPartError, match=f"no cluster answers at {two_nodes.address}: start it"):
        Cluster(two_nodes.address).nodes()


@pytest.fixture(scope="session")
def records(config_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of a few drawn photos."""
    folder = tmp_path_factory.mktemp("records")
    draw = Step(
        "synthesize",
        "train",
        "training.data.synthesis.draw",
        folder / "photos",
        inputs={"config": config_file},
        options={"photos": 40, "seed": 3},
    )
    perform(draw, Local())
    inputs = {"images": folder / "photos" / "images", "annotations": folder / "photos" / "annotations.csv"}
    pack = Step(
        "records", "train", "training.data.records", folder / "records", inputs={"config": config_file, **inputs}
    )
    perform(pack, Local())
    return pack.output


def test_a_training_ends_with_the_same_weights_when_a_worker_is_killed(
    two_nodes: Nodes, config_file: Path, records: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    runner = two_nodes.runner(sent=True)
    train = Step(
        "train",
        "train",
        "training.loop.train",
        tmp_path / "whole",
        inputs={"config": config_file, "records": records},
        resumable=True,
        gang=2,
    )
    perform(train, runner)
    again = replace(train, output=tmp_path / "again")
    going = threading.Thread(target=perform, args=(again, runner))
    going.start()
    # Where the nodes keep what they write until it is brought here.
    there = Path(tempfile.gettempdir()) / f"digitlens-{os.getuid()}" / "out"
    while not list(there.glob("*/.again.*.partial/checkpoint")):
        assert going.is_alive()
        threading.Event().wait(0.1)
    os.kill(two_nodes.steps(".again.")[-1], signal.SIGKILL)
    going.join(200)
    assert "all start again from the last checkpoint" in capfd.readouterr().err
    ends = [(tmp_path / name / "best.weights.h5").read_bytes() for name in ("whole", "again")]
    assert ends[0] == ends[1]
