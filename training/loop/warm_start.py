"""A training begins with weights that are there: those of a start, or of a finished training.

The body is kept, the class head fitted to the classes. Layers are told apart by name. A class that both know, by name,
keeps its column of the class head; a class that is new begins untrained, as does a layer that the earlier network
didn't have, or had in another width.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from training.config import Configuration, MobileNetV2, PlainNetwork, load
from training.errors import ModelError
from training.models import WEIGHTS, load_description, load_weights
from training.outputs import sha256
from training.starts import folder as starts

CLASS_HEAD = "class_head"
NAMED = 6
"""So many untrained layers are named."""


def network_of(folder: Path) -> PlainNetwork | MobileNetV2:
    """The network of the start or the finished training in ``folder``. Raises ModelError where there is neither."""
    if starts.is_start(folder):
        return starts.read(folder).network
    load_description(folder)
    return load(folder / "config.yaml").network


class Start:
    """What a training begins with."""

    def __init__(self, folder: Path, config: Configuration) -> None:
        """Read the start or the finished training in ``folder``.

        Raises:
            ModelError: there is neither, or it is of another body than the configuration's network
        """
        self.folder, self.classes = folder, config.classes
        self.layers: starts.Layers
        if starts.is_start(folder):
            start = starts.read(folder)
            self.description, self.layers, network = start.description, start.layers, start.network
            self.fingerprint = self.description["weights"]["sha256"]
        else:
            self.description = load_description(folder)
            earlier = load(folder / "config.yaml")
            model = load_weights(folder, earlier)
            self.layers = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
            self.fingerprint, network = sha256(folder / WEIGHTS), earlier.network
        if network.body != config.network.body:
            raise ModelError(
                f"{folder}: its network has the body {network.body}, the configuration's {config.network.body}; "
                f"write body: {network.body} below network, or begin with another start"
            )

    @property
    def terms(self) -> list[Any]:
        """Terms that a model made from it has to keep to, as detector.json lists them."""
        return list(self.description.get("terms", []))

    def fill(self, model: Any) -> None:
        """Write the weights into ``model``, a network of the new configuration.

        Raises:
            ModelError: no layer fits
        """
        layers = [layer for layer in model.layers if layer.weights]
        kept = [layer for layer in layers if self._fits(layer)]
        if not kept:
            raise ModelError(
                f"{self.folder}: no layer of its network has the widths of the configuration's: take those of "
                "its section network, or train without --from"
            )
        for layer in kept:
            if layer.name == CLASS_HEAD:
                self._fill_head(layer)
            else:
                layer.set_weights(self.layers[layer.name])
        new = [layer.name for layer in layers if layer not in kept]
        rebuilt = [name for name in self.classes if name not in self.description["classes"]]
        untrained = f" (untrained: {', '.join(new[:NAMED])}{', ...' if len(new) > NAMED else ''})" if new else ""
        print(
            f"started from {self.folder}: {len(kept)} of {len(layers)} layers kept{untrained}, "
            f"{len(rebuilt)} of {len(self.classes)} classes new",
            file=sys.stderr,
        )

    def _fits(self, layer: Any) -> bool:
        """Whether there are weights of its shapes; of the class head's only what is the same for every class."""
        ours, theirs = ([tuple(w.shape) for w in ws] for ws in (layer.weights, self.layers.get(layer.name, [])))
        if layer.name == CLASS_HEAD:
            ours, theirs = ([shape[:-1] for shape in shapes] for shapes in (ours, theirs))
        return ours == theirs

    def _fill_head(self, layer: Any) -> None:
        kernel, bias = (np.array(value) for value in layer.get_weights())
        earlier_kernel, earlier_bias = self.layers[CLASS_HEAD]
        known = self.description["classes"]
        for index, name in enumerate(self.classes):
            if name in known:
                kernel[..., index] = earlier_kernel[..., known.index(name)]
                bias[index] = earlier_bias[known.index(name)]
        layer.set_weights([kernel, bias])

    def provenance(self) -> dict[str, Any]:
        """What detector.json remembers of it."""
        made = self.description.get("provenance", {})
        return {
            "name": self.description["name"],
            "weights_sha256": self.fingerprint,
            "commit": made.get("commit"),
            "data_fingerprint": made.get("data_fingerprint"),
        }
