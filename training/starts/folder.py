"""The folder of a start: ``start.json``, which says what it is and whose terms it brings, and ``weights.npz``."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from training.config import MobileNetV2, Network, PlainNetwork
from training.errors import ModelError
from training.models import validate
from training.outputs import sha256

DESCRIPTION = "start.json"
WEIGHTS = "weights.npz"
FORMAT = 1

Layers = Mapping[str, list[np.ndarray]]
"""Weights of each layer, by its name, in the order of the layer's own."""


@dataclass(frozen=True)
class Folder:
    """A start as it was read."""

    description: Any
    """content of start.json"""
    layers: Layers
    """float32"""

    @property
    def network(self) -> PlainNetwork | MobileNetV2:
        """The network that the weights are of."""
        return network(self.description["network"])


def is_start(folder: Path) -> bool:
    """Whether ``folder`` is a start, not a finished training."""
    return (folder / DESCRIPTION).is_file()


def network(section: Any) -> PlainNetwork | MobileNetV2:
    """The typed form of a configuration's section ``network``."""
    adapter: TypeAdapter[PlainNetwork | MobileNetV2] = TypeAdapter(Network)
    return adapter.validate_python(section)


def write(folder: Path, description: Mapping[str, Any], layers: Layers) -> None:
    """Write a start to ``folder``, which exists.

    Kernels are kept as float16, of which training tells no difference; vectors (biases, what BatchNorm knows) in full.

    Args:
        folder: to write into
        description: start.json without the format and the weights
        layers: of the whole network, or of its body only
    """
    arrays = {
        f"{name}/{index}": value.astype(np.float16 if value.ndim > 1 else np.float32)
        for name, values in layers.items()
        for index, value in enumerate(values)
    }
    np.savez_compressed(folder / WEIGHTS, allow_pickle=False, **arrays)
    weights = {"path": WEIGHTS, "bytes": (folder / WEIGHTS).stat().st_size, "sha256": sha256(folder / WEIGHTS)}
    document = {"format_version": FORMAT, **description, "weights": weights}
    validate(document, "start", str(folder / DESCRIPTION))
    (folder / DESCRIPTION).write_text(json.dumps(document, indent=1) + "\n")


def read(folder: Path) -> Folder:
    """The start in ``folder``.

    Raises:
        ModelError: a file is missing, unreadable, or not the one that start.json names
    """
    try:
        description = json.loads((folder / DESCRIPTION).read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder}: no readable {DESCRIPTION}: {error}") from error
    validate(description, "start", str(folder / DESCRIPTION))
    path = folder / description["weights"]["path"]
    if not path.is_file() or sha256(path) != description["weights"]["sha256"]:
        raise ModelError(f"{path}: missing, or not the weights that {DESCRIPTION} names; take the whole folder again")
    layers: dict[str, list[np.ndarray]] = {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            # In the order in which they were written.
            for name in arrays.files:
                layers.setdefault(name.rpartition("/")[0], []).append(arrays[name].astype(np.float32))
    except (ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path}: unreadable: {error}") from error
    return Folder(description, layers)
