"""Somebody else's SavedModel: what its tensors mean is found out on labelled photos, and said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from conversion import contracts, trial
from conversion.errors import SavedModelError
from conversion.meaning import BOX_FORMS, CORNERS, IMAGENET, RELATIVE, Meaning, inputs
from conversion.photos import Label, Photo
from conversion.saved_model import BOXES, SCORES, SavedDetector
from tests.conversion import detectors

SIDE, CELL = 64, 8
NAMES = ("red", "green", "teal")
COLOURS = {"red": (230, 20, 30), "green": (30, 220, 20), "teal": (20, 200, 210)}
Outputs = dict[str, Any]


def find_squares(image: Any) -> Outputs:
    """Boxes [1, 64, 4] and scores [1, 64, 3] of coloured squares in an image [1, 64, 64, 3], RGB 0–255."""
    cells = tf.reshape(tf.nn.avg_pool2d(image, CELL, CELL, "VALID"), [1, 64, 1, 3])
    distances = tf.norm(cells - tf.constant([[COLOURS[name] for name in NAMES]], tf.float32), axis=3)
    rows, columns = np.meshgrid(np.arange(8), np.arange(8), indexing="ij")
    # Wider than high: x and y are told apart everywhere.
    corners = np.stack([rows + 0.2, columns, rows + 0.8, columns + 1], -1).reshape(1, 64, 4) / 8
    return {
        BOXES: tf.constant(corners, tf.float32) + 0 * distances[..., :1],
        SCORES: tf.sigmoid((50 - distances) / 8),
    }


def theirs(meaning: Meaning, order: tuple[int, ...] = (0, 1, 2)) -> Callable[[Any], Outputs]:
    """`find_squares` as somebody exported it who means ``meaning`` by its tensors."""

    def understood(image: Any) -> Any:
        image = tf.reverse(image, [3]) if meaning.channels == "BGR" else image
        low, high = meaning.input_range
        # What is out of range blinds a network.
        return tf.clip_by_value((image * meaning.deviation + meaning.mean - low) * (255 / (high - low)), 0, 255)

    def detect(image: Any) -> Outputs:
        outputs = find_squares(understood(image))
        ymin, xmin, ymax, xmax = tf.unstack(outputs[BOXES], axis=2)
        centre = ((ymin + ymax) / 2, (xmin + xmax) / 2, ymax - ymin, xmax - xmin)
        form = {
            "yxyx": (ymin, xmin, ymax, xmax),
            "xyxy": (xmin, ymin, xmax, ymax),
            "xywh": (xmin, ymin, centre[3], centre[2]),
            "center_xywh": (centre[1], centre[0], centre[3], centre[2]),
            "center_yxhw": centre,
        }[meaning.boxes.removeprefix(RELATIVE)]
        boxes = tf.stack(form, 2) * (1 if meaning.boxes.startswith(RELATIVE) else SIDE)
        scores = tf.gather(outputs[SCORES], order, axis=2)
        nothing = 1 - tf.reduce_max(scores, 2, keepdims=True)
        parts = {"first": [nothing, scores], "last": [scores, nothing]}.get(meaning.background, [scores])
        scores = tf.clip_by_value(tf.concat(parts, 2), 1e-6, 1 - 1e-6)
        if meaning.scores == "logits":
            scores = tf.math.log(scores / (1 - scores))
        elif meaning.scores == "softmax":
            scores = tf.math.log(scores)
        return {BOXES: boxes, SCORES: scores}

    return detect


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Photo]:
    folder = tmp_path_factory.mktemp("squares")
    rng = np.random.default_rng(7)
    made = []
    for index in range(8):
        pixels = np.full((SIDE, SIDE, 3), 120, np.uint8)
        labels = []
        for cell in rng.choice(64, 4, replace=False):
            y, x = divmod(int(cell) * CELL, SIDE)
            y *= CELL
            name = NAMES[int(rng.integers(3))]
            pixels[y : y + CELL, x : x + CELL] = COLOURS[name]
            labels.append(Label(name, (y + 2, x, y + 6, x + 8)))
        path = folder / f"{index}.png"
        Image.fromarray(pixels).save(path)
        made.append(Photo(path.name, path, SIDE, SIDE, tuple(labels)))
    return made


def exported(detect: Callable[[Any], Outputs], folder: Path, **said: Any) -> SavedDetector:
    module = tf.Module()
    given = tf.TensorSpec((1, SIDE, SIDE, 3), tf.float32, name="image")
    module.detect = tf.function(detect, input_signature=[given])
    tf.saved_model.save(module, str(folder), signatures={"serving_default": module.detect})
    return described(folder, **said)


def described(folder: Path, **said: Any) -> SavedDetector:
    path = detectors.describe(folder / "detector.json", **{"classes": list(NAMES), "reading": "none", **said})
    assert contracts.violation("detector", json.loads(path.read_text())) is None
    return SavedDetector(folder, any_columns=True)


def named(error: pytest.ExceptionInfo[SavedModelError]) -> dict[str, Any]:
    """What the message says detector.json has to say."""
    return dict(json.loads("{" + str(error.value).splitlines()[1] + "}"))


MEANINGS = [
    *(Meaning(boxes=form) for form in BOX_FORMS[1:]),
    *inputs(Meaning())[1:],
    Meaning(scores="logits"),
    *(Meaning(background=place) for place in ("first", "last")),
    *(Meaning(background=place, scores=kind) for place in ("first", "last") for kind in ("logits", "softmax")),
    Meaning(boxes="xyxy", input_range=(0.0, 1.0), scores="logits", background="last"),
    Meaning(boxes="center_xywh", input_range=(-1.0, 1.0), channels="BGR"),
]


@pytest.mark.parametrize("meaning", MEANINGS, ids=str)
def test_the_meaning_that_works_is_named_and_then_taken(meaning: Meaning, photos: list[Photo], tmp_path: Path) -> None:
    saved = exported(theirs(meaning), tmp_path / "theirs")
    with pytest.raises(
        SavedModelError, match=r"detector\.json says, .* labelled objects on 8 photos are found"
    ) as caught:
        trial.hold(saved, photos)
    words = named(caught)
    assert words == json.loads(json.dumps(meaning.words(Meaning())))
    mended = described(saved.folder, **words)
    assert (
        trial.hold(mended, photos) == "trained detector: finds 32 of 32 labelled objects on 8 photos before suppression"
    )
    mended.check_columns()
    # In the graph all of that is undone: the page sees what it knows.
    image = photos[0].pixels()
    said, expected = mended.run(image), find_squares(tf.constant(image[None], tf.float32))
    np.testing.assert_allclose(said[BOXES], expected[BOXES], atol=1e-5)
    classes = said[SCORES][..., 1:] if words.get("background_column") else said[SCORES]
    if meaning.scores == "softmax":
        assert (classes.argmax(2) == expected[SCORES].numpy().argmax(2))[expected[SCORES].numpy().max(2) > 0.5].all()
    else:
        np.testing.assert_allclose(classes, expected[SCORES], atol=1e-3)


@pytest.mark.parametrize("order", [(1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_classes_in_another_order_are_named_in_theirs(
    order: tuple[int, ...], photos: list[Photo], tmp_path: Path
) -> None:
    saved = exported(theirs(Meaning(), order), tmp_path / "theirs")
    with pytest.raises(SavedModelError) as caught:
        trial.hold(saved, photos)
    assert named(caught) == {"classes": [NAMES[index] for index in order]}
    assert "32 of 32" in trial.hold(described(saved.folder, **named(caught)), photos)


def test_a_threshold_above_all_scores_is_named(photos: list[Photo], tmp_path: Path) -> None:
    def timid(image: Any) -> Outputs:
        outputs = find_squares(image)
        return outputs | {SCORES: outputs[SCORES] * 0.25}

    saved = exported(timid, tmp_path / "theirs")
    with pytest.raises(SavedModelError) as caught:
        trial.hold(saved, photos)
    assert named(caught) == {"score_threshold": 0.2}


def blind(image: Any) -> Outputs:
    outputs = find_squares(image)
    return outputs | {SCORES: outputs[SCORES] * 0}


def test_what_finds_nothing_is_refused_unless_it_is_this_projects_own(photos: list[Photo], tmp_path: Path) -> None:
    saved = exported(blind, tmp_path / "theirs")
    with pytest.raises(SavedModelError, match=r"0 of 32 .* docs/detector\.md"):
        trial.hold(saved, photos)
    own = {"commit": "abc", "data_fingerprint": "f", "versions": {}}
    assert "finds 0 of 32" in trial.hold(described(saved.folder, provenance=own), photos)


def test_too_few_labels_say_nothing(photos: list[Photo], tmp_path: Path) -> None:
    saved = exported(blind, tmp_path / "theirs")
    assert "too few labelled objects (8)" in trial.hold(saved, photos[:2])


def test_columns_that_no_meaning_explains_are_told_by_their_number(photos: list[Photo], tmp_path: Path) -> None:
    saved = exported(theirs(Meaning()), tmp_path / "theirs", classes=["red"])
    trial.hold(saved, photos)
    with pytest.raises(SavedModelError, match=r"1 classes without a background column ask for \[1, 64, 1\]"):
        saved.check_columns()


def test_two_background_columns_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(SavedModelError, match="say one"):
        exported(theirs(Meaning()), tmp_path / "a", background_column=True, tensors={"background": "last"})


def test_every_form_of_boxes_is_told_from_every_other() -> None:
    boxes = tf.constant([[[3.0, 5.0, 11.0, 19.0]]])
    made = [Meaning(boxes=form).corners(boxes, 40, 80).numpy().round(5).tobytes() for form in BOX_FORMS]
    assert len(set(made)) == len(BOX_FORMS) == 2 * len(CORNERS)
    assert IMAGENET[0] in {meaning.mean for meaning in inputs(Meaning())}
