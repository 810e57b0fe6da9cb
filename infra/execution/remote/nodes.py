"""The nodes of a cluster."""

from __future__ import annotations

from typing import Any, NamedTuple

import ray


class Node(NamedTuple):
    """A living node and what it gives."""

    name: str
    host: str
    address: str
    cores: int
    gpus: int
    memory: int
    """bytes"""


def alive() -> list[Node]:
    """The living nodes, the head first."""
    found = []
    for node in ray.nodes():
        if node["Alive"]:
            given: dict[str, Any] = node["Resources"]
            is_head = "node:__internal_head__" in given
            numbers = (int(given.get(key, 0)) for key in ("CPU", "GPU", "memory"))
            one = Node(node["NodeID"], node["NodeManagerHostname"], node["NodeManagerAddress"], *numbers)
            found.append((not is_head, one))
    return [one for _, one in sorted(found)]


def told() -> dict[str, Any]:
    """The nodes, and what of the whole cluster nobody uses."""
    free = ray.available_resources()
    return {
        "nodes": [node._asdict() for node in alive()],
        "free": {"cores": int(free.get("CPU", 0)), "gpus": int(free.get("GPU", 0))},
    }
