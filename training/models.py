"""Trained models to run: a checkpoint folder or a SavedModel folder, each with its detector.json."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import tensorflow as tf
from referencing import Registry, Resource

from training.config import Configuration, load
from training.data.formats import Photo
from training.data.photos import decode
from training.detector import network
from training.detector.letterbox import letterbox, to_photo
from training.detector.looks import AWAY, HINT, Region, again, pool, too_close
from training.detector.losses import cell_boxes
from training.detector.recognition import Detections, Floats, Suppression, detect
from training.errors import ModelError

SCHEMAS = Path(__file__).parent.parent / "schemas"
WEIGHTS = "best.weights.h5"
DESCRIPTION = "detector.json"
SIGNATURE = "detect"
MIN_SCORE = 0.01
"""Detections below it are of no use even to average precision."""
TOGETHER = 32
"""Inputs that a network is given at once: nine looks at each photo of a batch would take too much memory together."""

Outputs = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Model:
    """A model ready to run: what its tensors mean, and the function from an input to its outputs."""

    description: Any
    """content of detector.json"""
    run: Callable[[np.ndarray], Outputs]
    """float32 [1, h, w, 3] to boxes [n, 4] (0–1 of the input) and scores [n, c]"""

    def recognise(self, pixels: np.ndarray, min_score: float = MIN_SCORE) -> Detections:
        """Detections in a photo, uint8 [h, w, 3], with boxes in its pixels, after as many looks as the model wants."""
        return look_at(
            [pixels], lambda inputs: [self.run(image[None]) for image in inputs], self.description, min_score
        )[0]


def validate(document: Any, schema: str, where: str) -> None:
    """Check ``document`` against ``schemas/<schema>.schema.json``. Raises ModelError, naming the field."""
    resources = [(path.name, Resource.from_contents(json.loads(path.read_text()))) for path in SCHEMAS.glob("*.json")]
    registry: Any = Registry().with_resources(resources)
    checker = jsonschema.Draft202012Validator({"$ref": f"{schema}.schema.json"}, registry=registry)
    fault = jsonschema.exceptions.best_match(checker.iter_errors(document))
    if fault:
        raise ModelError(f"{where}, {fault.json_path}: {fault.message}")


def meaning(config: Configuration) -> dict[str, Any]:
    """What the tensors of a configuration's network mean: the part of detector.json that training doesn't change."""
    return {
        "name": config.name,
        "classes": list(config.classes),
        "reading": config.reading,
        "input": config.input.model_dump(),
        "looks": config.looks,
        "background_column": False,
        "suppression": config.suppression.model_dump(),
    }


def look_at(
    photos: Sequence[np.ndarray], run: Callable[[list[np.ndarray]], list[Outputs]], description: Any, min_score: float
) -> list[Detections]:
    """Detections in photos, uint8 [h, w, 3] each, with boxes in their pixels.

    Args:
        photos: those to look at together
        run: inputs float32 [h, w, 3] to boxes [n, 4] (0–1 of the input) and scores [n, c] of each
        description: detector.json
        min_score: detections that score less are dropped
    """
    size = description["input"]["width"], description["input"]["height"]
    suppression = Suppression(**description["suppression"])
    first_class = int(description["background_column"])

    def see(parts: Sequence[tuple[int, Region]], distance: int = 1) -> list[tuple[Floats, Floats]]:
        """Boxes in pixels of their photos, and scores, of parts: each the index of a photo and a region of it."""
        cut = [photos[index][top:bottom, left:right] for index, (top, left, bottom, right) in parts]
        inputs = [letterbox(part, *size, distance).astype(np.float32) for part in cut]
        said = [one for start in range(0, len(inputs), TOGETHER) for one in run(inputs[start : start + TOGETHER])]
        return [
            (
                to_photo(boxes.astype(np.float64), part.shape[1], part.shape[0], *size, distance)
                + np.array([top, left, top, left], np.float64),
                scores[:, first_class:].astype(np.float64),
            )
            for part, (_, (top, left, _, _)), (boxes, scores) in zip(cut, parts, said, strict=True)
        ]

    def thin(seen: tuple[Floats, Floats], least: float) -> Detections:
        return detect(*seen, suppression, least)

    def look_again(parts: Sequence[tuple[int, Region]], faiths: Sequence[float], distance: int = 1) -> None:
        """``faiths``, by photo: what the scores of these looks count."""
        later: dict[int, list[tuple[Floats, Floats]]] = {}
        for (index, _), one in zip(parts, see(parts, distance) if parts else (), strict=True):
            later.setdefault(index, []).append(one)
        for index, looks in later.items():
            seen[index] = pool(seen[index], *looks, faith=faiths[index])

    sides = [(photo.shape[1], photo.shape[0]) for photo in photos]
    wholes = [(index, (0, 0, height, width)) for index, (width, height) in enumerate(sides)]
    seen = see(wholes)
    if description.get("looks", 1) == 2:
        close = [whole for whole in wholes if too_close(thin(seen[whole[0]], HINT), *sides[whole[0]], *size)]
        look_again(close, [1.0] * len(photos), AWAY)
        left = [again(thin(one, HINT), *side, *size) for one, side in zip(seen, sides, strict=True)]
        regions = [(index, region) for index, one in enumerate(left) for region in one.regions]
        look_again(regions, [one.faith for one in left])
        for index, one in enumerate(left):
            if one.settled and not one.regions:
                seen[index] = pool(seen[index])
    return [thin(one, min_score) for one in seen]


def load_description(folder: Path) -> Any:
    """The checked detector.json of a folder. Raises ModelError."""
    path = folder / DESCRIPTION
    try:
        description = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{folder}: no readable {DESCRIPTION}; expected a finished training, a SavedModel of ./inv export, "
            "or a web model"
        ) from error
    validate(description, "detector", str(path))
    return description


def load_model(folder: Path) -> Model:
    """A checkpoint folder or a SavedModel folder, recognised by its files. Raises ModelError."""
    if (folder / "saved_model.pb").is_file():
        return _load_saved_model(folder)
    description = load_description(folder)
    config = load(folder / "config.yaml")
    return Model(description, runner(load_weights(folder, config)))


def load_weights(folder: Path, config: Configuration) -> Any:
    """The Keras model with the best weights of a training. Raises ModelError."""
    model = network.build(config.network, len(config.classes))
    try:
        model.load_weights(folder / WEIGHTS)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"{folder / WEIGHTS}: not the weights of its config.yaml: {error}\nIf that file has no network.box_tower, "
            "the training is older than that: add box_tower: false below network"
        ) from error
    return model


def runner(model: Any) -> Callable[[np.ndarray], Outputs]:
    """The function of a Keras model that `Model` holds."""
    call = tf.function(lambda image: outputs(model, image), reduce_retracing=True)

    def run(image: np.ndarray) -> Outputs:
        boxes, scores = call(tf.constant(image))
        return boxes.numpy()[0], scores.numpy()[0]

    return run


def outputs(model: Any, image: Any) -> tuple[Any, Any]:
    """Boxes [b, n, 4] (ymin, xmin, ymax, xmax; 0–1 of the input) and scores [b, n, c] for images [b, h, w, 3]."""
    logits, distances = model(image, training=False)
    _, height, width, _ = distances.shape
    scale = tf.constant([1 / height, 1 / width, 1 / height, 1 / width], tf.float32)
    boxes = cell_boxes(distances) * scale
    cells = height * width
    return (
        tf.reshape(boxes, [-1, cells, 4]),
        tf.reshape(tf.sigmoid(logits), [-1, cells, logits.shape[-1]]),
    )


def _load_saved_model(folder: Path) -> Model:
    description = load_description(folder)
    try:
        loaded = tf.saved_model.load(str(folder))
        call = loaded.signatures[SIGNATURE]
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"{folder}: not a SavedModel with the signature {SIGNATURE}: {error}") from error

    def run(image: np.ndarray) -> Outputs:
        # `loaded` is named so that it lives as long as its signature.
        assert loaded is not None
        result = call(image=tf.constant(image))
        return result["detection_boxes"].numpy()[0], result["detection_multiclass_scores"].numpy()[0]

    return Model(description, run)


def predict(model: Model, photos: Iterable[Photo], images: Path) -> Iterator[tuple[Photo, Detections, float]]:
    """Each photo with its detections and the milliseconds they took, file decoding aside."""
    for photo in photos:
        pixels = decode(images / photo.filename)
        started = time.perf_counter()
        detections = model.recognise(pixels)
        yield photo, detections, (time.perf_counter() - started) * 1000
