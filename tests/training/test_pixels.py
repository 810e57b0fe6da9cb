"""What is done to a crop's pixels is what was asked for, and nothing where nothing was."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tensorflow as tf

from training.config import Augmentation
from training.data.augmentation.pixels import cut, recolour

SIDE, CROPS = 64, 60
NOTHING = {
    "brightness": 0.0,
    "contrast": 0.0,
    "tint": 0.0,
    "inversion": 0.0,
    "noise": 0.0,
    "blur_share": 0.0,
    "compression_share": 0.0,
}
# Squares of 8 pixels, dark and light: they have edges to soften.
SQUARES = np.repeat(np.where(np.indices((SIDE, SIDE)).sum(0) // 8 % 2, 200, 60)[..., None], 3, 2).astype(np.uint8)
GREY = np.full((SIDE, SIDE, 3), 100, np.uint8)


def cuts(**changes: float) -> np.ndarray:
    """float64 [CROPS, SIDE, SIDE, 3] of `SQUARES`, which fill the crops as they are."""
    encoded = np.array([cv2.imencode(".png", SQUARES)[1].tobytes()] * CROPS, object)
    places = np.tile(np.array([[0, 0, SIDE, SIDE]], np.int32), (CROPS, 1))
    straight = np.tile(np.eye(3, dtype=np.float32), (CROPS, 1, 1))
    options = Augmentation.model_validate({**NOTHING, **changes})
    nothing, numbers, seed = np.full(CROPS, -1), np.arange(CROPS), np.array([1, 2])
    return cut(encoded, straight, numbers, places, nothing, seed, SIDE, options).astype(float)


def recoloured(photo: np.ndarray, **changes: float) -> np.ndarray:
    """float32 [CROPS, SIDE, SIDE, 3] of a photo."""
    options = Augmentation.model_validate({**NOTHING, **changes})
    return np.asarray(recolour(tf.constant(np.stack([photo] * CROPS)), tf.constant([1, 2]), options))


def edges(crops: np.ndarray) -> np.ndarray:
    """The steepest slope of each crop, grey levels a pixel."""
    return np.asarray(np.abs(np.diff(crops, axis=2)).max((1, 2, 3)))


def test_pixels_stay_as_they_are_where_nothing_is_asked_for() -> None:
    assert (cuts() == SQUARES).all()
    np.testing.assert_allclose(recoloured(SQUARES), np.stack([SQUARES] * CROPS), atol=0.1)


def test_blur_softens_edges_of_its_share_of_the_crops_by_degrees() -> None:
    some, all_ = edges(cuts(blur_share=0.5)), edges(cuts(blur_share=1))
    assert 0.3 < (some < 140).mean() < 0.7
    assert (all_ < 139).all()
    assert all_.min() < 60 < 100 < all_.max()


def test_compression_changes_its_share_of_the_crops_and_keeps_their_colours() -> None:
    some, all_ = cuts(compression_share=0.5), cuts(compression_share=1, compression=95)
    assert 0.3 < (some == SQUARES).all((1, 2, 3)).mean() < 0.7
    faults = np.abs(all_ - SQUARES).mean((1, 2, 3))
    assert faults.min() < 2 < 4 < faults.max()
    np.testing.assert_allclose(all_.mean((1, 2)), np.full((CROPS, 3), 130), atol=8)


def test_noise_is_even_and_as_much_as_asked_for_at_most() -> None:
    faults = recoloured(GREY, noise=20) - GREY
    np.testing.assert_allclose(faults.mean((1, 2, 3)), 0, atol=1.5)
    strengths = faults.std((1, 2, 3))
    assert strengths.min() < 1
    assert 15 < strengths.max() < 21
    # Grey noise, as cameras have after they made colours of it.
    np.testing.assert_allclose(faults[..., 0], faults[..., 2], atol=0.01)


def test_brightness_moves_all_levels_alike_within_its_limit() -> None:
    shifts = (recoloured(SQUARES, brightness=0.25) - SQUARES) / 128
    np.testing.assert_allclose(np.ptp(shifts, axis=(1, 2, 3)), 0, atol=1e-3)
    assert -0.25 - 1e-3 <= shifts.min() < -0.15
    assert 0.15 < shifts.max() <= 0.25 + 1e-3


@pytest.mark.parametrize(("name", "limit"), [("contrast", 0.35), ("tint", 0.15)])
def test_gains_stay_within_their_limits(name: str, limit: float) -> None:
    crops = recoloured(SQUARES, **{name: limit})
    gains = (crops[:, 0, 8] - crops[:, 0, 0]) / 140
    assert np.exp(-limit) - 1e-3 <= gains.min() < np.exp(-0.6 * limit)
    assert np.exp(0.6 * limit) < gains.max() <= np.exp(limit) + 1e-3
    # Contrast is the same for all colours, tint isn't.
    spread = np.ptp(gains, axis=1)
    assert spread.max() < 1e-3 if name == "contrast" else spread.max() > limit


def test_inversion_makes_dark_light_in_its_share_of_the_crops() -> None:
    crops = recoloured(SQUARES, inversion=0.3)
    inverted = crops[:, 0, 0, 0] > crops[:, 0, 8, 0]
    assert 0.1 < inverted.mean() < 0.5
    np.testing.assert_allclose(crops[inverted][0], 256 - SQUARES.astype(float), atol=0.1)
