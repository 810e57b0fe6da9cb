"""A new training begins with the weights of a finished one: the body is kept, the class head fitted to the classes.

Layers are told apart by name. A class that both trainings know, by name, keeps its column of the class head; a class
that is new begins untrained, as does a layer that the earlier network didn't have.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from training.config import Configuration, load
from training.errors import ModelError
from training.models import WEIGHTS, load_description, load_weights
from training.outputs import sha256

CLASS_HEAD = "class_head"


class Start:
    """A finished training to begin with, checked against the configuration of the new one."""

    def __init__(self, folder: Path, config: Configuration) -> None:
        """Read the training in ``folder``. Raises ModelError where its weights don't fit the network of ``config``."""
        self.folder, self.classes = folder, config.classes
        self.description = load_description(folder)
        earlier = load(folder / "config.yaml")
        for part in ("stages", "pyramid", "tower"):
            here, there = getattr(config.network, part), getattr(earlier.network, part)
            if here != there:
                raise ModelError(
                    f"{folder}: its network.{part} is {_shown(there)}, the configuration's is {_shown(here)}; "
                    f"a training can only start from weights of the same widths: set network.{part} to "
                    f"{_shown(there)}, or train without --from"
                )
        self.source = load_weights(folder, earlier)
        self.fingerprint = sha256(folder / WEIGHTS)

    def fill(self, model: Any) -> None:
        """Write the weights into ``model``, a network of the new configuration."""
        earlier = {layer.name: layer for layer in self.source.layers if layer.weights}
        layers = [layer for layer in model.layers if layer.weights]
        for layer in layers:
            if layer.name == CLASS_HEAD:
                self._fill_head(layer, earlier[layer.name])
            elif layer.name in earlier:
                layer.set_weights(earlier[layer.name].get_weights())
        new = [layer.name for layer in layers if layer.name not in earlier]
        rebuilt = [name for name in self.classes if name not in self.description["classes"]]
        print(
            f"started from {self.folder}: {len(layers) - len(new)} of {len(layers)} layers kept, "
            f"{len(rebuilt)} of {len(self.classes)} classes new",
            file=sys.stderr,
        )

    def _fill_head(self, layer: Any, source: Any) -> None:
        kernel, bias = (np.array(value) for value in layer.get_weights())
        earlier_kernel, earlier_bias = source.get_weights()
        known = self.description["classes"]
        for index, name in enumerate(self.classes):
            if name in known:
                kernel[..., index] = earlier_kernel[..., known.index(name)]
                bias[index] = earlier_bias[known.index(name)]
        layer.set_weights([kernel, bias])

    def provenance(self) -> dict[str, Any]:
        """What detector.json remembers of it."""
        made = self.description["provenance"]
        return {
            "name": self.description["name"],
            "weights_sha256": self.fingerprint,
            "commit": made["commit"],
            "data_fingerprint": made["data_fingerprint"],
        }


def _shown(value: Any) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)
