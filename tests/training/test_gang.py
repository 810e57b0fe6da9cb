"""Several processes train one detector over gRPC: the same weights at each, and none is waited for once it is gone."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.conftest import SERVER, _step, _whole, run_step
from tests.training.test_train import weights
from training import command
from training.config import load
from training.data.batches import portion, training_batches
from training.errors import ConfigurationError, TrainingError
from training.loop import claim, crew, machine
from training.loop.gang import Alone, Cluster, Gang, read, silent

LIMIT = 200.0


def described(addresses: list[str], index: object, kind: str = "worker") -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": {kind: addresses}, "task": {"type": kind, "index": index}})}


class Pair:
    """Two workers that train in processes of their own."""

    def __init__(self, *arguments: object) -> None:
        self.files: list[tuple[IO[str], IO[str]]] = []
        self.processes: list[Any] = []
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
            for one in sockets:
                one.bind(("127.0.0.1", 0))
            addresses = [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]
        for index in range(2):
            out, err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")  # noqa: SIM115 - `ended` closes them
            words = ["training.loop.train", *map(str, arguments)]
            given = (described(addresses, index), words, DupFd(out.fileno()), DupFd(err.fileno()))
            self.files.append((out, err))
            self.processes.append(SERVER.Process(target=_worker, args=given))
            self.processes[-1].start()

    def until(self, ready: Callable[[], bool]) -> None:
        """Wait until it is ``ready``, or one has ended."""
        began = time.monotonic()
        while not ready() and all(one.is_alive() for one in self.processes):
            assert time.monotonic() - began < LIMIT
            self.processes[1].join(0.02)

    def ended(self) -> list[tuple[int, str, str]]:
        """Exit code and what was said on both streams, of each."""
        found = []
        for process, files in zip(self.processes, self.files, strict=True):
            process.join(LIMIT)
            if process.exitcode is None:
                process.kill()
            found.append((process.exitcode, *(_whole(file) for file in files)))
            for file in files:
                file.close()
        return found


def _worker(variables: dict[str, str], words: list[str], out: Any, err: Any) -> None:
    os.environ.update(variables)
    share = Gang.share

    def told(self: Gang, variables: list[Any]) -> None:
        # But for the last, which only the first worker knows by then.
        digest = hashlib.sha256(b"".join(variable.numpy().tobytes() for variable in variables[:-5]))
        print("state", digest.hexdigest())
        share(self, variables)

    Gang.share = told  # type: ignore[method-assign,assignment]
    _step(words, out, err)


@pytest.fixture(scope="module")
def arguments(config_file: Path, records: Path, tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    path = tmp_path_factory.mktemp("gang") / "c.yaml"
    text = config_file.read_text().replace("steps: 12", "steps: 60")
    path.write_text(text.replace("checkpoint_every: 4", "checkpoint_every: 10"))
    return ["--config", path, "--records", records]


@pytest.fixture(scope="module")
def undisturbed(arguments: list[object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two workers trained together that nobody disturbed."""
    folder = tmp_path_factory.mktemp("together") / "checkpoints"
    ends = Pair(*arguments, "--out", folder).ended()
    assert [code for code, _, _ in ends] == [0, 0], ends
    states = [re.findall("state .+", said) for _, said, _ in ends]
    # At the start, before the first step and at each checkpoint, before the first one's were given to all.
    assert len(states[0]) == 8
    assert states[0] == states[1]
    assert len(set(states[0])) == 7
    return folder


def test_a_gang_leaves_what_one_process_does_and_says_that_it_was_one(undisturbed: Path) -> None:
    assert claim.workers(undisturbed) == [claim.Share(2, 0)]
    assert json.loads((undisturbed / "training.json").read_text())["workers"] == [{"workers": 2, "step": 0}]
    assert load(undisturbed / "config.yaml").name == "tiny"
    assert len((undisturbed / "history.jsonl").read_text().splitlines()) == 6


def test_a_killed_worker_ends_the_other_and_both_go_on_to_the_same_weights(
    arguments: list[object], undisturbed: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "checkpoints"
    pair = Pair(*arguments, "--out", folder)
    pair.until((folder / "checkpoint").exists)
    pair.processes[1].kill()
    killed = time.monotonic()
    (code, _, said), (other, _, _) = pair.ended()
    assert (code, other) == (command.LOST, -signal.SIGKILL)
    assert time.monotonic() - killed < 60
    assert re.search(r"^error: worker 1 of 2: worker 2 of 2 \(127\.0\.0\.1:\d+\) ended", said, re.MULTILINE)
    assert "Traceback" not in said
    ends = Pair(*arguments, "--out", folder).ended()
    assert [code for code, _, _ in ends] == [0, 0], ends
    assert "training: step 0 of" not in ends[0][2]
    expected, found = weights(undisturbed), weights(folder)
    assert {name for name, value in expected.items() if value.tobytes() != found[name].tobytes()} == set()


def test_a_signal_at_one_ends_both_after_a_checkpoint_with_which_one_process_goes_on(
    arguments: list[object], tmp_path: Path
) -> None:
    folder = tmp_path / "checkpoints"
    pair = Pair(*arguments, "--out", folder)
    pair.until((folder / "checkpoint").exists)
    os.kill(pair.processes[1].pid, signal.SIGTERM)
    ends = pair.ended()
    assert [code for code, _, _ in ends] == [command.INTERRUPTED] * 2, ends
    reached = int(re.findall(r"ckpt-(\d+)", (folder / "checkpoint").read_text())[0])
    alone = run_step("training.loop.train", *arguments, "--out", folder)
    assert alone.returncode == 0, alone.stderr
    assert f"2 workers trained the first {reached} steps, one process goes on" in alone.stderr
    assert claim.workers(folder) == [claim.Share(2, 0), claim.Share(1, reached)]


def test_the_first_starts_the_others_of_its_machine(config_file: Path, records: Path, tmp_path: Path) -> None:
    words = ["--config", config_file, "--records", records, "--out", tmp_path / "out"]
    done = run_step("training.loop.train", *words, "--workers", 2)
    assert done.returncode == 0, done.stderr
    assert "worker 1 of 2: computes on" in done.stderr
    assert "worker 2 of 2: computes on" in done.stderr
    assert claim.workers(tmp_path / "out") == [claim.Share(2, 0)]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"cluster": {}, "task": {}}',
        described(["a:1", "b:1"], 2)["TF_CONFIG"],
        described(["a:1", "b:1"], -1)["TF_CONFIG"],
        described(["a:1", "b:1"], "first")["TF_CONFIG"],
        described(["a:1", "b:1"], 0, "ps")["TF_CONFIG"],
        described(["a:1", "a:1"], 0)["TF_CONFIG"],
        described(["a", "b:1"], 0)["TF_CONFIG"],
        described([":1", "b:1"], 0)["TF_CONFIG"],
        described(["a:0", "b:1"], 0)["TF_CONFIG"],
        described(["a:65536", "b:1"], 0)["TF_CONFIG"],
        '{"cluster": {"chief": ["a:1"], "worker": ["b:1"]}, "task": {"type": "worker", "index": -1}}',
        '{"cluster": ["a:1"], "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": 3}, "task": {"type": "worker", "index": 0}}',
    ],
)
def test_a_cluster_that_cannot_be_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(TrainingError, match=r"TF_CONFIG .*it has to be like"):
        read({"TF_CONFIG": text})


def test_a_cluster_of_one_is_one_process() -> None:
    assert read({}) is read({"TF_CONFIG": ""}) is read(described(["a:1"], 0)) is None
    assert read(described(["a:1"], 0, "chief")) is None
    assert read(described(["a:1", "b:1", "a:2"], 2)) == Cluster(("a:1", "b:1", "a:2"), 2)


@pytest.mark.parametrize(("kind", "index", "place"), [("chief", 0, 0), ("worker", 0, 1), ("worker", 1, 2)])
def test_vertex_calls_the_first_worker_chief(kind: str, index: int, place: int) -> None:
    cluster = {"chief": ["a:1"], "worker": ["b:1", "c:1"]}
    text = json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}, "environment": "cloud"})
    assert read({"TF_CONFIG": text}) == Cluster(("a:1", "b:1", "c:1"), place)


def test_workers_that_fell_silent_are_those_that_tensorflow_names() -> None:
    said = (
        "Collective ops is aborted by: Error reported from /job:worker/task:1: The following tasks are unhealthy "
        "(stopped sending heartbeats):\n/job:worker/replica:0/task:1\n/job:worker/replica:0/task:12\nThe tasks have "
        "crashed. Check the task logs for an earlier error"
    )
    assert silent(said) == [1, 12]
    assert silent("Socket closed /job:worker/replica:0/task:1") == []


def test_workers_of_a_machine_take_its_gpus_in_turn() -> None:
    addresses = ("a:1", "b:1", "a:2", "b:2", "a:3")
    assert [Cluster(addresses, index).neighbours_before for index in range(5)] == [0, 0, 1, 1, 2]


@given(batch=st.integers(1, 300), size=st.integers(1, 40))
def test_portions_are_a_whole_batch_and_as_good_as_equal(batch: int, size: int) -> None:
    found = [portion(batch, index, size) for index in range(size)]
    assert sum(found) == batch
    assert max(found) - min(found) <= 1


def test_workers_draw_other_crops_and_the_same_again_from_any_step(config_file: Path, records: Path) -> None:
    config = load(config_file)
    drawn = [[batch[0].numpy() for batch in training_batches(records, config, 0, index, 3).take(4)] for index in (0, 2)]
    assert [crops[0].shape[0] for crops in drawn] == [2, 1]
    assert all((first[:1] != last).any() for first, last in zip(*drawn, strict=True))
    later = next(iter(training_batches(records, config, 3, 2, 3)))[0].numpy()
    assert (later == drawn[1][3]).all()


def test_another_configuration_than_the_first_ones_is_refused() -> None:
    class Second(Alone):
        name = "worker 2 of 2"

        def tell(self, *values: float) -> tuple[float, ...]:
            return tuple(value + 1 for value in values)

    Alone().require_same("records", "x")
    with pytest.raises(TrainingError, match="worker 2 of 2: records here and at worker 1 differ: copy"):
        Second().require_same("records", "x")


def test_who_goes_on_is_remembered_from_the_step_that_counts(tmp_path: Path, config_file: Path) -> None:
    config = load(config_file)
    claim.claim(tmp_path, config, "f", None)
    alone = (tmp_path / "config.yaml").read_text()
    for step, size, expected in [
        (0, 1, []),
        (10, 4, [(4, 10)]),
        (20, 4, [(4, 10)]),
        (30, 1, [(4, 10), (1, 30)]),
        # A checkpoint before it: what came after is trained again.
        (30, 2, [(4, 10), (2, 30)]),
        (10, 1, []),
        (0, 2, [(2, 0)]),
        (0, 1, []),
    ]:
        claim.share(tmp_path, step, size)
        assert claim.workers(tmp_path) == expected
        claim.claim(tmp_path, config, "f", None)
    assert (tmp_path / "config.yaml").read_text() == alone
    with pytest.raises(TrainingError, match="other records"):
        claim.claim(tmp_path, config, "g", None)


def test_workers_are_as_many_as_asked_for_or_as_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[str] = []
    monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda kind: found)
    assert [crew.size(None, {}), crew.size(3, {})] == [1, 3]
    found += ["GPU:0", "GPU:1"]
    assert [crew.size(None, {}), crew.size(1, {}), crew.size(4, described(["a:1"], 0))] == [2, 1, 1]
    with pytest.raises(ConfigurationError, match="--workers 3: each needs a GPU of its own, and TensorFlow sees 2"):
        crew.size(3, {})


LIBRARIES = {"nvidia-cudnn-cu12": "9.28", "nvidia-cuda-runtime-cu12": "12.9"}


@pytest.mark.parametrize(
    ("driver", "cuda", "libraries", "visible", "remedy"),
    [
        ("570.1", "12.5", LIBRARIES, "-1", "CUDA_VISIBLE_DEVICES is '-1', which hides them"),
        ("570.1", "", {}, None, "--on local --gpus all"),
        ("", "12.5", LIBRARIES, "0", "install NVIDIA's driver"),
        ("570.1", "12.5", {}, None, "delete the environment train-gpu"),
        ("470.1", "12.5", LIBRARIES, None, "./inv doctor"),
    ],
)
def test_why_there_is_no_gpu_is_said_likeliest_first(
    driver: str, cuda: str, libraries: dict[str, str], visible: str | None, remedy: str
) -> None:
    said = machine.explained(driver, cuda, "9", libraries, visible)
    assert remedy in said.splitlines()[-1]
    assert all(word in said for word in (driver, cuda, *libraries.values(), "--gpus none"))


def test_a_training_that_must_have_a_gpu_refuses_to_do_without(
    arguments: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.require_gpu({})
    monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda kind: [])
    with pytest.raises(TrainingError, match=r"--gpus all: TensorFlow .+ sees no GPU here"):
        machine.require_gpu({machine.GPUS: "all"})
    monkeypatch.setattr("tensorflow.config.list_physical_devices", lambda kind: ["GPU:0"])
    machine.require_gpu({machine.GPUS: "all"})
