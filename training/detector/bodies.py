"""Bodies: from a photo to what it shows at strides 4, 8, 16 and 32. The heads are `detector.network`'s.

A body's layers are named, so that a start or an earlier training can fill them, and `STEM` of each says which of them
lie at strides 2 and 4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from training.config import MobileNetV2, PlainNetwork

Convolution = Callable[..., Any]
"""Of features, channels and a name; stride 1 and kernel 3 unless told: with BatchNorm (or folded) and ReLU."""
ROOT = "body_"
"""How the names of MobileNetV2's layers begin."""
BLOCKS = (
    # expansion, channels, stride of expanded_conv to expanded_conv_15
    (1, 16, 1),
    *((6, 24, 2), (6, 24, 1)),
    *((6, 32, 2), (6, 32, 1), (6, 32, 1)),
    *((6, 64, 2), (6, 64, 1), (6, 64, 1), (6, 64, 1)),
    *((6, 96, 1), (6, 96, 1), (6, 96, 1)),
    *((6, 160, 2), (6, 160, 1), (6, 160, 1)),
)
LEVELS = (2, 5, 12, 15)
"""The last blocks at strides 4, 8, 16 and 32."""


def plain(options: PlainNetwork, image: Any, convolution: Convolution) -> list[Any]:
    """Plain 3×3 convolutions. They train two to three times faster on CPUs than depthwise ones, and run well in wasm.

    ``image`` is float32 [b, h, w, 3], 0–255; features at strides 4, 8, 16, 32 are returned.
    """
    x = keras.layers.Rescaling(1 / 64, -2.0, name="normalise")(image)
    x = convolution(x, options.stages[0], "stem", stride=2)
    levels = []
    for index, channels in enumerate(options.stages[1:]):
        x = convolution(x, channels, f"down{index}", stride=2)
        for block in range(options.blocks[index]):
            residual = convolution(x, channels, f"stage{index}_{block}")
            x = keras.layers.Add(name=f"join{index}_{block}")([x, residual])
        levels.append(x)
    return levels


def mobilenet_v2(image: Any) -> list[Any]:
    """MobileNetV2 of width 1.0 up to its block expanded_conv_15, like `plain` otherwise.

    Its BatchNorm is folded, in training too: the layers have biases, and nothing depends on what else is in a batch.
    """
    layers = keras.layers

    def convolution(x: Any, channels: int, name: str, stride: int = 1, kernel: int = 1) -> Any:
        return layers.Conv2D(channels, kernel, stride, "same", kernel_initializer="he_normal", name=f"{ROOT}{name}")(x)

    def bounded(x: Any, name: str) -> Any:
        return layers.ReLU(6.0, name=f"{ROOT}{name}_relu")(x)

    x = layers.Rescaling(1 / 127.5, -1.0, name="normalise")(image)
    x = bounded(convolution(x, 32, "stem", 2, 3), "stem")
    levels = []
    for number, (expansion, channels, stride) in enumerate(BLOCKS):
        before = x
        if expansion > 1:
            name = f"{number}_expand"
            x = bounded(convolution(x, expansion * x.shape[-1], name), name)
        name = f"{number}_depthwise"
        x = layers.DepthwiseConv2D(3, stride, "same", depthwise_initializer="he_normal", name=f"{ROOT}{name}")(x)
        x = convolution(bounded(x, name), channels, f"{number}_project")
        if stride == 1 and channels == before.shape[-1]:
            x = layers.Add(name=f"{ROOT}{number}_join")([before, x])
        if number in LEVELS:
            levels.append(x)
    return levels


def build(options: PlainNetwork | MobileNetV2, image: Any, convolution: Convolution) -> list[Any]:
    """The features of the body that ``options`` names."""
    return mobilenet_v2(image) if isinstance(options, MobileNetV2) else plain(options, image, convolution)


def part(layer: str) -> str:
    """Which part of a network a layer is, by its name: stem (strides 2 and 4), body (the rest of it) or head."""
    if layer.startswith(ROOT):
        block = layer.removeprefix(ROOT).split("_")[0]
        return "stem" if block == "stem" or int(block) <= LEVELS[0] else "body"
    if layer.startswith(("stem", "down0", "stage0_")):
        return "stem"
    return "body" if layer.startswith(("down", "stage")) else "head"
