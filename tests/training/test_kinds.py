"""What makes objects hard to find, on pictures whose measures are known by construction, and on real photos."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.training.pictured import number, photo_of
from training.data import kinds
from training.data.formats import Photo, read_csv
from training.data.photos import decode

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
COLUMN = {one.name: place for place, one in enumerate(kinds.MEASURES)}


def values(pixels: np.ndarray, photo: Photo, name: str, characters: bool = True) -> np.ndarray:
    """[n] one measure."""
    return kinds.measure(pixels, photo, characters)[:, COLUMN[name]]


@pytest.mark.parametrize("turned", [-40, -25, -12, 0, 8, 20, 33])
def test_angle_and_slope_are_those_that_a_number_was_turned_by(turned: float) -> None:
    pixels, photo = number("4172", turned=turned)
    assert values(pixels, photo, "slope") == pytest.approx(abs(turned), abs=3)
    assert values(pixels, photo, "angle") == pytest.approx(abs(turned), abs=4)


def test_a_ball_has_no_angle_and_a_turned_card_has() -> None:
    card = np.full((200, 200, 3), 90, np.uint8)
    corners = cv2.boxPoints(((100, 100), (80, 120), 20)).astype(np.int32)
    cv2.fillPoly(card, [corners], (240, 240, 200), cv2.LINE_AA)
    top, left, bottom, right = corners[:, 1].min(), corners[:, 0].min(), corners[:, 1].max(), corners[:, 0].max()
    whole = photo_of(np.array([[top, left, bottom, right]]), 200, 200)
    assert values(card, whole, "angle", characters=False) == pytest.approx(20, abs=3)
    ball = np.full((200, 200, 3), 90, np.uint8)
    cv2.circle(ball, (100, 100), 50, (250, 40, 40), -1, cv2.LINE_AA)
    round_one = photo_of(np.array([[50, 50, 150, 150]]), 200, 200)
    assert np.isnan(values(ball, round_one, "angle", characters=False)).all()


@pytest.mark.parametrize("smallest", [1.0, 0.8, 0.5])
def test_taper_is_the_ratio_of_heights(smallest: float) -> None:
    pixels, photo = number("888", size=80, smallest=smallest)
    assert values(pixels, photo, "taper") == pytest.approx(1 / smallest, rel=0.06)


def test_one_character_has_neither_slope_nor_taper() -> None:
    pixels, photo = number("4")
    assert np.isnan(values(pixels, photo, "slope")).all()
    assert np.isnan(values(pixels, photo, "taper")).all()
    assert not np.isnan(values(pixels, photo, "angle")).any()


COLOURS = [
    ((0, 0, 0), (255, 255, 255)),
    ((255, 255, 255), (0, 0, 0)),
    ((120, 120, 120), (140, 140, 140)),
    ((200, 30, 30), (20, 116, 20)),
    ((230, 200, 20), (60, 60, 160)),
]


@pytest.mark.parametrize(("ink", "ground"), COLOURS)
def test_contrast_is_the_distance_of_the_two_colours(ink: tuple[int, ...], ground: tuple[int, ...]) -> None:
    lab = cv2.cvtColor(np.array([[ink, ground]], np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    pixels, photo = number("2048", ink=ink, ground=ground)
    assert values(pixels, photo, "contrast") == pytest.approx(np.linalg.norm(lab[0] - lab[1]), rel=0.06)
    disc = np.full((320, 320, 3), ground, np.uint8)
    cv2.circle(disc, (160, 160), 60, ink, -1)
    one = photo_of(np.array([[100, 100, 220, 220]]))
    assert values(disc, one, "contrast", False) == pytest.approx(np.linalg.norm(lab[0] - lab[1]), rel=0.02)


@pytest.mark.parametrize("size", [20, 48, 150])
@pytest.mark.parametrize("part", [0.07, 0.12, 0.2, 0.3])
@pytest.mark.parametrize("inverted", [False, True])
def test_stroke_width_is_a_part_of_the_height_whatever_the_size(size: int, part: float, inverted: bool) -> None:
    big = np.full((1000, 1000), 230, np.uint8)
    stroke = round(500 * part)
    # An upside-down L: its two strokes end at the box.
    big[250:750, 350 : 350 + stroke] = 40
    big[250 : 250 + stroke, 350:650] = 40
    scale = size / 500
    grey = cv2.resize(255 - big if inverted else big, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    photo = photo_of(np.array([[250, 350, 750, 650]]) * scale, grey.shape[1], grey.shape[0])
    assert values(np.repeat(grey[..., None], 3, 2), photo, "stroke width") == pytest.approx(part, rel=0.25)


def test_strokes_that_cannot_be_seen_have_no_width() -> None:
    pixels, photo = number("35", ink=(200, 200, 200), ground=(203, 203, 203))
    assert np.isnan(values(pixels, photo, "stroke width")).all()
    pixels, photo = number("35")
    assert np.isnan(values(pixels, photo, "stroke width", characters=False)).all()


@pytest.mark.parametrize("deviation", [0.0, 4.0, 10.0, 20.0])
def test_ground_is_the_deviation_of_its_lightness_and_light_that_falls_off_is_none(deviation: float) -> None:
    squares = np.indices((20, 20)).sum(0) % 2 * 2 - 1.0
    lightness = 55 + np.kron(squares, np.ones((16, 16))) * deviation + np.linspace(-8, 8, 320)
    lab = np.dstack([lightness, np.zeros((320, 320, 2))]).astype(np.float32)
    pixels = (cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * 255).round().astype(np.uint8)
    boxes = np.array([[120, 100, 200, 150], [120, 155, 200, 205]])
    for top, left, bottom, right in boxes:
        pixels[top:bottom, left:right] = 0
    for characters in (False, True):
        found = values(pixels, photo_of(boxes), "ground", characters)
        assert found == pytest.approx(deviation, rel=0.12, abs=0.3), "the other label is no ground"


def test_what_fills_its_photo_has_no_ground() -> None:
    pixels, photo = number("8", size=200)
    top, left, bottom, right = (round(value) for value in kinds_box(photo))
    close = pixels[top:bottom, left:right]
    whole = photo_of(np.array([[0, 0, bottom - top, right - left]]), right - left, bottom - top)
    assert np.isnan(values(close, whole, "ground")).all()
    assert np.isnan(values(close, whole, "contrast", characters=False)).all()
    assert values(close, whole, "contrast") == pytest.approx(100, rel=0.06)
    assert values(close, whole, "edge") == [0]


def kinds_box(photo: Photo) -> tuple[float, float, float, float]:
    """Of a photo's only object: ymin, xmin, ymax, xmax."""
    (one,) = photo.objects
    return one.ymin, one.xmin, one.ymax, one.xmax


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([[10, 10, 50, 30]], [np.inf]),
        ([[10, 10, 50, 30], [10, 30, 50, 50]], [0, 0]),
        ([[10, 10, 50, 30], [20, 20, 60, 50]], [0, 0]),
        ([[10, 10, 50, 30], [10, 50, 90, 70]], [0.5, 0.25]),
        ([[10, 10, 50, 30], [53, 34, 93, 54]], [0.125, 0.125]),
    ],
)
def test_neighbours_are_measured_by_the_gap(boxes: list[list[float]], expected: list[float]) -> None:
    pixels = np.zeros((320, 320, 3), np.uint8)
    assert values(pixels, photo_of(np.array(boxes)), "neighbours").tolist() == expected


@pytest.mark.parametrize(
    ("box", "cut"),
    [([0, 9, 40, 30], True), ([9, 1, 40, 30], True), ([9, 9, 319.5, 30], True), ([2, 2, 40, 318], False)],
)
def test_what_reaches_the_edge_is_cut_off_by_it(box: list[float], cut: bool) -> None:
    which = kinds.MEASURES[COLUMN["edge"]]
    found = which.classes(values(np.zeros((320, 320, 3), np.uint8), photo_of(np.array([box])), "edge"))
    assert which.kinds[found[0]] == ("cut off by the photo's edge" if cut else "wholly in the photo")


def test_measures_are_the_same_for_any_size_of_photo() -> None:
    pixels, photo = number("4172", turned=15, ink=(60, 40, 40), ground=(180, 170, 150))
    large = cv2.resize(pixels, (960, 960), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    boxes = np.array([[item.ymin, item.xmin, item.ymax, item.xmax] for item in photo.objects])
    one, other = kinds.measure(pixels, photo, True), kinds.measure(large, photo_of(boxes * 3, 960, 960), True)
    assert one[:, :-1] == pytest.approx(other[:, :-1], rel=0.15, abs=1)


@pytest.mark.parametrize("seed", range(6))
def test_any_box_can_be_measured(seed: int) -> None:
    """Of no size, of a pixel, outside by a rounding, as large as its photo, in a photo of a pixel."""
    rng = np.random.default_rng(seed)
    width, height = (1, 1) if seed == 0 else rng.integers(2, 90, 2)
    corners = rng.uniform(0, 1, (12, 2)) * [height, width]
    sizes = rng.choice([0, 0.2, 1, 7, 200], (12, 2))
    boxes = np.concatenate([corners, np.minimum(corners + sizes, [height + 0.4, width + 0.4])], 1)
    pixels = rng.integers(0, 255, (height, width, 3)).astype(np.uint8)
    photo = photo_of(boxes, int(width), int(height))
    for characters in (False, True):
        found = kinds.measure(pixels, photo, characters)
        assert found.shape == (12, len(kinds.MEASURES))
        assert np.array_equal(found, kinds.measure(pixels, photo, characters), equal_nan=True)
        assert not np.isinf(found[:, COLUMN["contrast"]]).any()
    assert kinds.measure(pixels, photo_of(boxes[:0]), True).shape == (0, len(kinds.MEASURES))


def test_every_kind_has_a_name_of_its_own() -> None:
    names = [name for one in kinds.MEASURES for name in one.kinds]
    assert len(set(names)) == len(names)
    assert all(len(one.kinds) == len(one.edges) + 1 and list(one.edges) == sorted(one.edges) for one in kinds.MEASURES)


@pytest.mark.skipif(not (SHARED / "svhn").is_dir(), reason="../shared/data is absent")
def test_real_photos_are_what_they_look_like() -> None:
    """House numbers from the street: level, seldom thin, never tapering by their labels; pages of print: plain."""

    def shares(folder: str, photos: int) -> dict[str, float]:
        found = [photo for photo in read_csv(SHARED / folder / "annotations.csv").photos if photo.objects]
        chosen = found[:: len(found) // photos][:photos]
        table = np.concatenate(
            [kinds.measure(decode(SHARED / folder / "images" / one.filename), one, True) for one in chosen]
        )
        return {
            name: float((one.classes(table[:, column]) == place).mean())
            for column, one in enumerate(kinds.MEASURES)
            for place, name in enumerate(one.kinds)
        }

    streets, pages = shares("svhn", 120), shares("sudoku_pages", 10)
    assert streets["on a level line"] > 0.3 > 0.1 > streets["on a line at 30° or more"]
    assert streets["in numbers that grow 1.5 times or more"] < 0.02
    assert streets["touching another"] > 0.4 > pages["touching another"]
    assert streets["with strokes of 14 % to 22 %"] > 0.3 > streets["with strokes below 8 % of the height"]
    assert pages["on plain ground"] > streets["on plain ground"]
    assert pages["cut off by the photo's edge"] < 0.02
    assert 0 < streets["cut off by the photo's edge"] < 0.15
    assert streets["with contrast below 10"] < 0.15
