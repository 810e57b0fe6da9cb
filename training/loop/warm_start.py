"""A new training begins with the weights of a finished one: the body is kept, the class head fitted to the classes.

Layers are told apart by name. A class that both trainings know, by name, keeps its column of the class head; a class
that is new begins untrained, as does a layer that the earlier network didn't have, or had in another width.
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
NAMED = 6
"""So many untrained layers are named."""


class Start:
    """A finished training to begin with."""

    def __init__(self, folder: Path, config: Configuration) -> None:
        """Read the training in ``folder``. Raises ModelError where there is none."""
        self.folder, self.classes = folder, config.classes
        self.description = load_description(folder)
        self.source = load_weights(folder, load(folder / "config.yaml"))
        self.fingerprint = sha256(folder / WEIGHTS)

    def fill(self, model: Any) -> None:
        """Write the weights into ``model``, a network of the new configuration.

        Raises:
            ModelError: no layer fits
        """
        earlier = {layer.name: layer for layer in self.source.layers if layer.weights}
        layers = [layer for layer in model.layers if layer.weights]
        kept = [layer for layer in layers if layer.name in earlier and _shapes(layer) == _shapes(earlier[layer.name])]
        if not kept:
            raise ModelError(
                f"{self.folder}: no layer of its network has the widths of the configuration's: take those of "
                f"{self.folder / 'config.yaml'}, or train without --from"
            )
        for layer in kept:
            if layer.name == CLASS_HEAD:
                self._fill_head(layer, earlier[layer.name])
            else:
                layer.set_weights(earlier[layer.name].get_weights())
        new = [layer.name for layer in layers if layer not in kept]
        rebuilt = [name for name in self.classes if name not in self.description["classes"]]
        untrained = f" (untrained: {', '.join(new[:NAMED])}{', ...' if len(new) > NAMED else ''})" if new else ""
        print(
            f"started from {self.folder}: {len(kept)} of {len(layers)} layers kept{untrained}, "
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


def _shapes(layer: Any) -> list[tuple[int, ...]]:
    """Shapes of a layer's weights; of the class head's only what is the same for every class."""
    shapes = [tuple(weight.shape) for weight in layer.weights]
    return [shape[:-1] for shape in shapes] if layer.name == CLASS_HEAD else shapes
