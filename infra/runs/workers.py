"""Workers of one training that people start by hand, one on each machine: which this is, and where the others are.

Every machine is told the same list of addresses. Nothing has to be found out on the way, so nothing can be found
wrongly: a worker that knew only the first one's address would need a service that gathers the others', on a port more.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

from infra.errors import UsageError
from infra.execution.steps import Runner, Step

EXAMPLE = "--worker 2/4 --hosts a:7000,b:7000,c:7000,d:7000, the same list on every machine"


@dataclass(frozen=True)
class Place:
    """One worker's place among ``addresses``; ``index`` counts from 0."""

    index: int
    addresses: tuple[str, ...]

    @property
    def leads(self) -> bool:
        """Whether it judges and writes for all."""
        return self.index == 0

    @property
    def environment(self) -> dict[str, str]:
        """What the training reads, in the form of TensorFlow's own strategies."""
        task = {"type": "worker", "index": self.index}
        return {"TF_CONFIG": json.dumps({"cluster": {"worker": list(self.addresses)}, "task": task})}


def place(worker: str | None, hosts: str | None) -> Place | None:
    """The place that ``worker``, "2/4", has among ``hosts``, addresses with commas between; None where neither is said.

    Raises:
        UsageError: one of them is missing or can't be used, or they contradict each other
    """
    if worker is None and hosts is None:
        return None
    if worker is None or hosts is None:
        raise UsageError(f"--worker and --hosts go together: {EXAMPLE}")
    found = re.fullmatch(r"(\d+)/(\d+)", worker)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise UsageError(f"--worker: {worker!r} is no worker of several: {EXAMPLE}")
    addresses = tuple(address.strip() for address in hosts.split(","))
    for address in addresses:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise UsageError(f"--hosts: {address!r} is no HOST:PORT: {EXAMPLE}")
    if len(set(addresses)) < len(addresses):
        raise UsageError("--hosts: two workers have the same address; those of one machine need a port each")
    if len(addresses) != int(found[2]):
        raise UsageError(f"--worker {worker} and --hosts with {len(addresses)} addresses don't fit: {EXAMPLE}")
    return Place(int(found[1]) - 1, addresses) if len(addresses) > 1 else None


def follow(step: Step, place: Place, runner: Runner) -> None:
    """Run the training ``step`` as a worker that follows: nothing of it stays on this machine.

    Raises:
        UsageError: what worker 1 trains on isn't here
        CommandError: it failed, or another worker did
    """
    missing = [str(path) for path in step.inputs.values() if not path.exists()]
    if missing:
        raise UsageError(
            f"{', '.join(missing)}: not here. Worker 1 makes it and then waits for the others: copy the run's folder "
            "from there, or keep runs/ on a disk that all machines share ([paths] runs in digitlens.toml)"
        )
    # By another name: worker 1 may be on this machine, too, and holds the lock of its own.
    runner.run(replace(step, output=step.output.with_name(f"{step.output.name}.worker-{place.index + 1}")))
