"""The network: a body down to stride 32, a pyramid that joins its levels at stride 8, two heads at stride 4 or 8.

Fully convolutional and anchor-free (Zhou et al. 2019, "Objects as Points"; box distances as in Tian et al. 2019,
"FCOS"): each cell at the heads' stride says for each class whether an object's centre lies there, and how far the box's
four sides are.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from training.config import Network
from training.detector import bodies

EPSILON = 1e-3
PRIOR = 0.01
"""Score that an untrained network gives everywhere, so that the first steps aren't spent on silencing it."""


def build(options: Network, classes: int, folded: bool = False) -> Any:
    """The Keras model; ``folded`` has no BatchNorm, its convolutions have biases instead (see `fold`).

    Input: float32 [b, h, w, 3], 0–255. Outputs, at the cells of the heads' stride s: class logits float32
    [b, h/s, w/s, classes], log distances of the box's top, left, bottom, right side from the cell's centre float32
    [b, h/s, w/s, 4], in cells.
    """
    layers = keras.layers

    def convolution(x: Any, channels: int, name: str, stride: int = 1, kernel: int = 3) -> Any:
        x = layers.Conv2D(channels, kernel, stride, "same", use_bias=folded, name=name, kernel_initializer="he_normal")(
            x
        )
        if not folded:
            x = layers.BatchNormalization(epsilon=EPSILON, momentum=0.97, name=f"{name}_norm")(x)
        return layers.ReLU(name=f"{name}_relu")(x)

    image = keras.Input((None, None, 3), name="image")
    levels = bodies.build(options, image, convolution)

    def join(upper: Any, index: int, channels: int) -> Any:
        lateral = convolution(levels[index], channels, f"lateral{index}", kernel=1)
        enlarge = _Enlarged(name=f"up{index}") if folded else layers.UpSampling2D(2, name=f"up{index}")
        return layers.Add(name=f"pyramid{index}")([enlarge(upper), lateral])

    joined = convolution(levels[-1], options.pyramid, "lateral3", kernel=1)
    for index in (2, 1):
        joined = join(joined, index, options.pyramid)
    for name in ("smooth0", "smooth1"):
        joined = convolution(joined, options.pyramid, name)
    if options.stride == 4:
        # Few channels from here on: at stride 4 a convolution takes four times as long as at stride 8.
        joined = join(convolution(joined, options.tower, "narrow", kernel=1), 0, options.tower)
    joined = convolution(joined, options.tower, "tower")
    outputs = []
    # Where an object ends is another question than what it is (Ge et al. 2021, "YOLOX").
    bounds = convolution(joined, options.tower, "box_tower") if options.box_tower else joined
    for head, features, channels, bias in (
        ("class", joined, classes, float(np.log(PRIOR / (1 - PRIOR)))),
        ("box", bounds, 4, 1.0),
    ):
        x = layers.Conv2D(
            channels,
            1,
            name=f"{head}_head",
            dtype="float32",
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            bias_initializer=keras.initializers.Constant(bias),
        )(features)
        outputs.append(x)
    return keras.Model(image, outputs, name="detector")


class _Enlarged(keras.layers.Layer):
    """[b, h, w, c] to [b, 2h, 2w, c], each cell to four, like keras.layers.UpSampling2D(2).

    That one is made of operations that took a third of an inference in wasm; this one is made for it, but its gradient
    on a GPU isn't deterministic, so that training keeps the other.
    """

    def call(self, cells: Any) -> Any:
        known, shape = cells.shape, tf.shape(cells)
        # What is known of the sizes stays known: the outputs are made for one input.
        height, width = (known[axis] or shape[axis] for axis in (1, 2))
        return tf.image.resize(cells, (2 * height, 2 * width), "nearest")

    def compute_output_shape(self, shape: Any) -> Any:
        batch, height, width, channels = shape
        return batch, height and 2 * height, width and 2 * width, channels


def fold(trained: Any, folded: Any) -> None:
    """Write the weights of ``trained`` into ``folded``, each BatchNorm multiplied into the convolution before it."""
    for layer in folded.layers:
        if not layer.weights:
            continue
        source = trained.get_layer(layer.name)
        if source.use_bias:
            layer.set_weights(source.get_weights())
            continue
        gamma, beta, mean, variance = trained.get_layer(f"{layer.name}_norm").get_weights()
        scale = gamma / np.sqrt(variance + EPSILON)
        layer.set_weights([source.get_weights()[0] * scale, beta - mean * scale])
