"""What a SavedModel's tensors mean: detector.json's ``tensors``, built into the graph so that the page sees its own.

docs/detector.md explains each word.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import tensorflow as tf

RELATIVE = "rel_"
"""Boxes that begin so are parts of the input, others are pixels of it; the names are those of Keras."""
CORNERS = ("yxyx", "xyxy", "xywh", "center_xywh", "center_yxhw")
BOX_FORMS = tuple(unit + corners for unit in (RELATIVE, "") for corners in CORNERS)
SCORE_FORMS = ("probabilities", "logits", "softmax")
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Meaning:
    """What goes in and comes out; as it is by default it is what this project exports."""

    input_range: tuple[float, float] = (0.0, 255.0)
    """what black and white are"""
    channels: str = "RGB"
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    """of red, green and blue, taken off in that range"""
    deviation: tuple[float, ...] = (1.0, 1.0, 1.0)
    """divided by afterwards"""
    boxes: str = "rel_yxyx"
    scores: str = "probabilities"
    background: str = "none"
    """none, first or last column of the scores"""

    @classmethod
    def of(cls, detector: dict[str, Any]) -> Meaning:
        """As a checked detector.json has it."""
        said: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in detector.get("tensors", {}).items()
        }
        return cls(**{"background": "first" if detector["background_column"] else "none", **said})

    def words(self, usual: Meaning) -> dict[str, Any]:
        """What detector.json has to say where this differs from ``usual``."""
        differing = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != getattr(usual, field.name)
        }
        said: dict[str, Any] = {}
        if "background" in differing:
            background = differing.pop("background")
            said["background_column"] = background == "first"
            if background == "last":
                differing["background"] = background
        return said | ({"tensors": differing} if differing else {})

    def given(self, image: Any) -> Any:
        """What the SavedModel takes for ``image`` float32 [1, h, w, 3], RGB 0–255."""
        low, high = self.input_range
        if (low, high) != (0.0, 255.0):
            image = image * ((high - low) / 255) + low
        if any(self.mean) or set(self.deviation) != {1.0}:
            image = (image - tf.constant(self.mean, tf.float32)) / tf.constant(self.deviation, tf.float32)
        return tf.reverse(image, [3]) if self.channels == "BGR" else image

    def corners(self, boxes: Any, height: int, width: int) -> Any:
        """Boxes [..., n, 4] as ymin, xmin, ymax, xmax, parts of an input of ``height`` × ``width`` pixels."""
        form = self.boxes.removeprefix(RELATIVE)
        if self.boxes == "rel_yxyx":
            return boxes
        one, two, three, four = tf.unstack(boxes, axis=-1)
        if form.startswith("center"):
            one, two, three, four = one - three / 2, two - four / 2, one + three / 2, two + four / 2
        elif form == "xywh":
            three, four = one + three, two + four
        ordered = (one, two, three, four) if form in ("yxyx", "center_yxhw") else (two, one, four, three)
        boxes = tf.stack(ordered, axis=-1)
        relative = self.boxes.startswith(RELATIVE)
        return boxes if relative else boxes / tf.constant([height, width, height, width], tf.float32)

    def certainties(self, scores: Any) -> Any:
        """Scores [..., n, columns] as probabilities; a last column of background is gone, a first one is there."""
        if self.scores == "logits":
            scores = tf.sigmoid(scores)
        elif self.scores == "softmax":
            scores = tf.nn.softmax(scores)
        return scores[..., :-1] if self.background == "last" else scores


def inputs(known: Meaning) -> list[Meaning]:
    """``known`` and what else models commonly take, the likeliest first."""
    usual = replace(known, channels="RGB", mean=Meaning.mean, deviation=Meaning.deviation)
    others = [
        *(replace(usual, input_range=reach) for reach in ((0.0, 255.0), (0.0, 1.0), (-1.0, 1.0))),
        replace(usual, input_range=(0.0, 1.0), mean=IMAGENET[0], deviation=IMAGENET[1]),
    ]
    coloured = [replace(other, channels=channels) for channels in ("RGB", "BGR") for other in others]
    return list(dict.fromkeys([known, *coloured]))
