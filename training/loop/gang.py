"""The processes that train one detector together: what they agree on at each step, and what worker 0 decides for all.

Whoever starts them writes into the environment of each what TensorFlow's own strategies read, too:

    TF_CONFIG={"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": i}}

Nothing else differs between them. Each prepares its share of every batch; the mean of gradients, statistics and losses
is taken in one exchange a step, over NCCL between GPUs, else over gRPC. The rest is computed by all from the same
numbers. Keras' own ``fit`` knows nothing of this, and its optimisers would clip before they sum.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from training.errors import LostError, TrainingError

VARIABLE = "TF_CONFIG"
WORKER, CHIEF = "worker", "chief"
SEEK_SECONDS = 6.0
"""So long is looked for the one that is gone."""
ANSWER_SECONDS = 2.0
EACH, SELDOM = 1, 10
"""Steps after which it is asked whether somebody wants to stop: a GPU's queue would run empty if it were each."""


@dataclass(frozen=True)
class Cluster:
    """Where the workers are, and which of them this is."""

    addresses: tuple[str, ...]
    index: int

    @property
    def neighbours_before(self) -> int:
        """How many workers of the same host come before this one: it takes the next GPU."""
        host = self.addresses[self.index].rpartition(":")[0]
        return sum(address.rpartition(":")[0] == host for address in self.addresses[: self.index])


def read(environment: Mapping[str, str]) -> Cluster | None:
    """The cluster that ``TF_CONFIG`` describes; None where there is none, or one of one.

    Raises:
        TrainingError: it can't be read
    """
    text = environment.get(VARIABLE, "")
    if not text:
        return None
    try:
        document = json.loads(text)
        cluster, task = document["cluster"], document["task"]
        # Vertex AI calls the first of them chief.
        chief, others = (list(map(str, cluster.get(kind, ()))) for kind in (CHIEF, WORKER))
        own, addresses = int(task["index"]), (*chief, *others)
        fits = set(cluster) <= {CHIEF, WORKER} and 0 <= own < len(cluster[task["type"]])
        index = own + (len(chief) if task["type"] == WORKER else 0)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TrainingError(f"{VARIABLE} can't be read: {_EXAMPLE}") from error
    if not fits or not all(_is_address(address) for address in addresses) or len(set(addresses)) < len(addresses):
        raise TrainingError(f"{VARIABLE} describes no cluster of workers with an address each: {_EXAMPLE}")
    return Cluster(addresses, index) if len(addresses) > 1 else None


_EXAMPLE = (
    'it has to be like {"cluster": {"worker": ["a:7000", "b:7000"]}, "task": {"type": "worker", "index": 0}}; '
    "without the variable one process trains alone"
)


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 65536


class Alone:
    """One process, which has nobody to agree with."""

    index, size, name = 0, 1, ""
    weight = 1.0
    """of this worker's portion of a batch, beside that of an equal one"""

    @property
    def leads(self) -> bool:
        """Whether this is the one that decides, judges and writes."""
        return self.index == 0

    def tell(self, *values: float) -> tuple[float, ...]:
        """``values`` of worker 0, whatever the others say."""
        return values

    def require_same(self, what: str, text: str) -> None:
        """Raise TrainingError where ``text`` isn't worker 0's."""
        # As much of a hash as a float64 holds.
        own = float(int(hashlib.sha256(text.encode()).hexdigest()[:12], 16))
        if self.tell(own) != (own,):
            raise TrainingError(
                f"{self.name}: {what} here and at worker 1 differ: copy worker 1's folder of the run to every machine"
            )

    def share(self, variables: Sequence[Any]) -> None:
        """Give all the ``variables`` of worker 0."""

    def agree(self, gradients: Sequence[Any], losses: Any, _: Sequence[Any], /) -> tuple[Sequence[Any], Any]:
        """In a step: the means of ``gradients`` and ``losses``; the variables of the last argument get theirs."""
        return gradients, losses

    def hear(self, _: int, /, *wishes: bool) -> tuple[bool, ...]:
        """After a step, given by its number: which of ``wishes`` somebody had before it; all hear the same."""
        return wishes

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Turn what TensorFlow says when another is gone into LostError, which says who."""
        yield


ALONE = Alone()


class Gang(Alone):
    """Several processes; made before TensorFlow computes anything, by all at about the same time."""

    def __init__(self, cluster: Cluster) -> None:
        """Wait until all are there. Raises TrainingError where this one's port is taken."""
        self.addresses, self.index, self.size = cluster.addresses, cluster.index, len(cluster.addresses)
        self.name = f"worker {self.index + 1} of {self.size}"
        gpus = tf.config.list_physical_devices("GPU")
        if gpus:
            tf.config.set_visible_devices(gpus[cluster.neighbours_before % len(gpus)], "GPU")
        print(f"{self.name}: waiting for the others at {', '.join(self._others().values())}", file=sys.stderr)
        # What waits below doesn't let Python see a signal.
        earlier = signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            self.strategy = tf.distribute.MultiWorkerMirroredStrategy()
        except tf.errors.UnknownError as error:
            raise TrainingError(
                f"{self.name}: can't listen at {self.addresses[self.index]} ({error.message}): another program has "
                "the port; choose another one, at every worker"
            ) from error
        finally:
            signal.signal(signal.SIGINT, earlier)
        if self.strategy.num_replicas_in_sync != self.size:
            raise TrainingError(f"{self.name}: TensorFlow counts {self.strategy.num_replicas_in_sync} workers")
        self.device = self.strategy.extended.worker_devices[0]
        self.wishes, self.heard = (tf.Variable(tf.zeros(2), trainable=False) for _ in range(2))
        self._exchanged = tf.function(self._exchange)
        self.pause = int(self.tell(SELDOM if gpus else EACH)[0])

    def _others(self) -> dict[int, str]:
        return {index: address for index, address in enumerate(self.addresses) if index != self.index}

    def _exchange(self, vector: Any, mean: bool) -> Any:
        operation = tf.distribute.ReduceOp.MEAN if mean else tf.distribute.ReduceOp.SUM
        with tf.device(self.device):
            own = tf.identity(vector)
        return self.strategy.run(lambda v: tf.distribute.get_replica_context().all_reduce(operation, v), (own,))

    def _of_first(self, vector: Any) -> Any:
        # Of the others -0, the only number that changes nothing, not even the sign of a 0.
        return self._exchanged(vector if self.leads else -tf.zeros_like(vector), False)

    def tell(self, *values: float) -> tuple[float, ...]:
        """``values`` of worker 0, whatever the others say."""
        return tuple(self._of_first(tf.constant(values, tf.float64)).numpy().tolist())

    def share(self, variables: Sequence[Any]) -> None:
        """Give all the ``variables`` of worker 0."""
        values = [tf.convert_to_tensor(variable) for variable in variables]
        whole = self._of_first(tf.concat([tf.reshape(tf.cast(value, tf.float64), [-1]) for value in values], 0))
        if not self.leads:
            for variable, part in zip(variables, _parts(whole, values), strict=True):
                variable.assign(tf.cast(part, variable.dtype))

    def agree(self, gradients: Sequence[Any], losses: Any, statistics: Sequence[Any], /) -> tuple[Sequence[Any], Any]:
        """In a step: the means of ``gradients`` and ``losses``; the variables ``statistics`` get theirs."""
        values = [*gradients, *(tf.convert_to_tensor(variable) for variable in statistics), losses]
        own = tf.concat([tf.reshape(value, [-1]) for value in values], 0) * self.weight
        mean = self._exchange(tf.concat([own, self.wishes], 0), True)
        self.heard.assign(mean[-2:])
        parts = _parts(mean[:-2], values)
        for variable, part in zip(statistics, parts[len(gradients) : -1], strict=True):
            variable.assign(part)
        return parts[: len(gradients)], parts[-1]

    def hear(self, number: int, /, *wishes: bool) -> tuple[bool, ...]:
        """After step ``number``: which of ``wishes`` somebody had before it; all hear the same."""
        heard = self.heard.numpy() > 0 if number % self.pause == 0 else [False] * len(wishes)
        # What was heard is granted: the next step doesn't ask for it again.
        self.wishes.assign([float(wish and not known) for wish, known in zip(wishes, heard, strict=True)])
        return tuple(map(bool, heard))

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Turn what TensorFlow says when another is gone into LostError, which says who."""
        try:
            yield
        except tf.errors.OpError as error:
            gone = silent(error.message) or self._gone()
            if not gone:
                raise
            names = " and ".join(f"worker {index + 1} of {self.size} ({self.addresses[index]})" for index in gone)
            raise LostError(
                f"{self.name}: {names} ended, and so does this one; what it said last says why. Start all of them "
                "again: they go on at the last checkpoint"
            ) from error

    def _gone(self) -> list[int]:
        """The workers that nobody answers for, once there is one."""
        until = time.monotonic() + SEEK_SECONDS
        while True:
            gone = [index for index, address in self._others().items() if not _answers(address)]
            if gone or time.monotonic() > until:
                return gone
            time.sleep(0.5)


def silent(message: str) -> list[int]:
    """The workers that stopped sending heartbeats, as TensorFlow's ``message`` names them; none where it is another."""
    named = re.search(rf"heartbeats?\W*((?:/job:{WORKER}/replica:0/task:\d+\s*)+)", message)
    return [int(index) for index in re.findall(r"task:(\d+)", named[1])] if named else []


def _parts(vector: Any, like: Sequence[Any]) -> list[Any]:
    """``vector`` cut into pieces of the shapes of ``like``."""
    sizes = [int(value.shape.num_elements()) for value in like]
    return [tf.reshape(part, value.shape) for part, value in zip(tf.split(vector, sizes), like, strict=True)]


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
    except OSError:
        return False
    return True


def join() -> Alone:
    """The gang that this process's environment describes, once all of it are there. Raises TrainingError."""
    cluster = read(os.environ)
    return Gang(cluster) if cluster else ALONE
