"""MobileNetV2 out of a published TensorFlow Lite detector: its weights, and how near our network comes to it.

The file is an SSD that Google trained on Open Images: 23 things of home and street. Its convolutions carry their
BatchNorm folded in, as ours do, and its weights are float16. Merged tensors have names of unrelated layers: what is
what is told by the order of the operations and by shapes, never by names.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

from training.config import MobileNetV2
from training.detector import bodies, network
from training.errors import ModelError

SIDE = 300
"""Of the original's input."""

Weights = dict[str, list[np.ndarray]]


class Published:
    """The network in a .tflite file."""

    def __init__(self, content: bytes) -> None:
        """Read the operations. Raises ModelError where ``content`` is no such file."""
        self.content = content
        try:
            self.model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
            self.graph = self.model.subgraphs[0]
            codes = [code.builtinCode for code in self.model.operatorCodes]
            self.operations = [(codes[one.opcodeIndex], one) for one in self.graph.operators]
        except (TypeError, ValueError, IndexError, struct.error) as error:
            raise ModelError(f"not a TensorFlow Lite model: {error}") from error

    def weights(self) -> Weights:
        """Weights of the layers of `bodies.mobilenet_v2`, float16, by layer. Raises ModelError where they don't fit."""
        found: Weights = {}
        theirs = iter(self._convolutions())
        for layer in _body(_network()):
            shapes = [tuple(weight.shape) for weight in layer.weights]
            found[layer.name] = next(theirs, [])
            if [value.shape for value in found[layer.name]] != shapes:
                raise ModelError(f"not this MobileNetV2: {layer.name} needs weights of the shapes {shapes}")
        return found

    def compare(self, photo: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, dict[str, float]]]:
        """What it says of ``photo``, uint8 [SIDE, SIDE, 3], and how near our network with its weights comes to that.

        Returns:
            its features of each level at a few places, see `sample`; for each level the largest difference of all
            features to ours, beside the largest of its values
        """
        model = _network()
        for layer, values in zip(_body(model), self.weights().values(), strict=True):
            layer.set_weights([value.astype(np.float32) for value in values])
        ours = levels(model, photo)
        with warnings.catch_warnings():
            # The interpreter asks to be replaced by a package of its own, which nothing else here needs.
            warnings.simplefilter("ignore")
            interpreter = tf.lite.Interpreter(model_content=self.content, experimental_preserve_all_tensors=True)
        interpreter.allocate_tensors()
        image = photo[None].astype(np.float32) / 127.5 - 1
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
        interpreter.invoke()
        sums = [one.outputs[0] for code, one in self.operations if code == schema.BuiltinOperator.ADD]
        joined = [layer.name for layer in model.layers if layer.name.endswith("_join")]
        theirs = {name: interpreter.get_tensor(sums[joined.index(name)]) for name in ours}
        return sample(theirs), {
            name: {"largest": float(np.abs(ours[name] - value).max()), "of": float(np.abs(value).max())}
            for name, value in theirs.items()
        }

    def _convolutions(self) -> list[list[np.ndarray]]:
        """Kernel and bias of each convolution, as Keras has them, those of the predictors left out."""
        kinds = schema.BuiltinOperator
        whole = {one.outputs[0]: one.inputs[0] for code, one in self.operations if code == kinds.DEQUANTIZE}
        predicted = {one.inputs[0] for code, one in self.operations if code == kinds.RESHAPE}
        return [
            [self._constant(whole[one.inputs[1]]).transpose(1, 2, 3, 0), self._constant(whole[one.inputs[2]])]
            for code, one in self.operations
            if code in (kinds.CONV_2D, kinds.DEPTHWISE_CONV_2D) and one.outputs[0] not in predicted
        ]

    def _constant(self, index: int) -> np.ndarray:
        tensor = self.graph.tensors[index]
        content = bytes(self.model.buffers[tensor.buffer].data)
        return np.frombuffer(content, np.float16).reshape(tensor.shape)


def levels(model: Any, photo: np.ndarray) -> dict[str, np.ndarray]:
    """Features of each level of our network, float32 [1, h, w, c], by the name of the layer that gives them."""
    names = [f"{bodies.ROOT}{block}_join" for block in bodies.LEVELS]
    inner = keras.Model(model.input, [model.get_layer(name).output for name in names])
    return {name: level.numpy() for name, level in zip(names, inner(photo[None].astype(np.float32)), strict=True)}


def sample(features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Of each level [1, h, w, c] some places, [a, b, c]: enough to notice any other weight."""
    return {
        name: value[0, :: max(1, value.shape[1] // 4), :: max(1, value.shape[2] // 4)]
        for name, value in features.items()
    }


def _network() -> Any:
    return network.build(MobileNetV2(body="mobilenet_v2"), 1)


def _body(model: Any) -> list[Any]:
    return [layer for layer in model.layers if layer.weights and bodies.part(layer.name) != "head"]
