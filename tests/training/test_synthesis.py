"""Synthetic photos: repeatable, and labelled where the characters are."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image

from tests.training.conftest import run_step
from training.data.formats import read_csv
from training.data.photos import check_files
from training.data.synthesis import lettering
from training.data.synthesis.clutter import scatter
from training.data.synthesis.draw import FILLED, KINDS, Draw, large, numbers, synthesise
from training.data.synthesis.lettering import fonts
from training.data.synthesis.pages import MOST, page
from training.data.synthesis.scenery import STUDIO
from training.errors import ConfigurationError

DIGITS = tuple("0123456789")


@pytest.mark.parametrize("draw", KINDS.values(), ids=KINDS)
def test_the_same_seed_draws_the_same_photo(draw: Draw) -> None:
    faces = fonts(DIGITS)
    first, again, other = (draw(4, seed, DIGITS, faces) for seed in (1, 1, 2))
    assert (np.asarray(first[0]) == np.asarray(again[0])).all()
    assert first[1] == again[1]
    assert first[0].size != other[0].size or (np.asarray(first[0]) != np.asarray(other[0])).any()


def test_characters_stand_out_from_what_surrounds_them() -> None:
    faces = fonts(DIGITS)
    contrasts = []
    for number in range(40):
        photo, objects = synthesise(number, 1, DIGITS, faces)
        pixels = np.asarray(photo.convert("L"), float)
        for item in objects:
            inside = pixels[int(item.ymin) : int(item.ymax), int(item.xmin) : int(item.xmax)]
            contrasts.append(inside.max() - inside.min())
    assert np.median(contrasts) > 50


def test_a_large_number_fills_the_photo_that_it_is_in() -> None:
    faces = fonts(DIGITS)
    shares = []
    for number in range(40):
        photo, objects = large(number, 1, DIGITS, faces, STUDIO)
        assert 1 <= len(objects) <= 4
        top, bottom = min(item.ymin for item in objects), max(item.ymax for item in objects)
        shares.append((bottom - top) / photo.height)
        assert all(0 <= item.xmin < item.xmax <= photo.width for item in objects)
    assert FILLED[0] - 0.02 <= min(shares) < 0.45
    assert 0.85 < max(shares) <= 1


def test_training_sees_large_numbers_on_other_grounds_than_judging() -> None:
    faces = fonts(DIGITS)
    close, judged = (np.asarray(KINDS[kind](3, 1, DIGITS, faces)[0], np.float32) for kind in ("close", "large"))
    assert close.shape == judged.shape
    assert np.abs(close - judged).mean() > 10


def test_boxes_of_a_page_hold_its_digits_and_no_more() -> None:
    faces = fonts(DIGITS)
    heights, counts = [], []
    for number in range(60):
        printed, objects = page(number, 1, DIGITS, faces)
        counts.append(len(objects))
        assert {item.name for item in objects} <= set(DIGITS)
        pixels = np.asarray(printed.convert("L"), float)
        for item in objects:
            heights.append(item.ymax - item.ymin)
            assert 0 <= item.xmin < item.xmax <= printed.width
            assert 1 <= item.ymin < item.ymax <= printed.height
            box = pixels[int(item.ymin) : int(item.ymax), int(item.xmin) : int(item.xmax)]
            ground = np.median(pixels[int(item.ymin) - 1, int(item.xmin) : int(item.xmax)])
            ink = np.abs(box - ground) > 3
            assert all(edge.any() for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1]))
    assert min(heights) >= 5
    assert max(heights) > 60
    assert min(counts) == 0
    assert MOST <= max(counts) < MOST + 16


def test_thin_strokes_have_boxes_as_high_as_they_are(tmp_path: Path) -> None:
    # A font whose digits are all a stroke of 15 units, 720 high: less than a fifth of a pixel in small print.
    builder = FontBuilder(1000)
    builder.setupGlyphOrder([".notdef", "stroke"])
    builder.setupCharacterMap({ord(digit): "stroke" for digit in DIGITS})
    pen = TTGlyphPen(None)
    for number, corner in enumerate([(250, 0), (250, 720), (265, 720), (265, 0)]):
        (pen.lineTo if number else pen.moveTo)(corner)
    pen.closePath()
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "stroke": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "stroke": (500, 250)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Hairline", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(tmp_path / "hairline.ttf")
    objects = [item for number in range(12) for item in page(number, 1, DIGITS, [tmp_path / "hairline.ttf"])[1]]
    assert len(objects) > 100
    assert min(item.ymax - item.ymin for item in objects) >= 7


def test_letters_of_a_page_are_labelled_where_they_are_classes() -> None:
    letters = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    faces = fonts(letters)
    names = {item.name for number in range(40) for item in page(number, 1, letters, faces)[1]}
    assert len(names) > 40
    # Nothing but digits is unlabelled: a page without classes that can be printed stays empty.
    printed, objects = page(1, 1, DIGITS, [lettering.DISPLAY])
    assert not objects
    assert len(np.unique(np.asarray(printed).reshape(-1, 3), axis=0)) == 1


def test_light_leaves_things_where_they_are() -> None:
    canvas = Image.new("RGB", (61, 61), "black")
    canvas.paste((200, 200, 200), (25, 25, 36, 36))
    middles = []
    for seed in range(60):
        seen = np.asarray(STUDIO.expose(np.random.default_rng(seed), canvas).convert("L"), float)
        bright = np.clip(seen - seen.max() / 3, 0, None)
        middles.append([(bright.sum(1 - axis) * np.arange(61)).sum() / bright.sum() for axis in (0, 1)])
    np.testing.assert_allclose(np.mean(middles, 0), 30, atol=0.1)
    np.testing.assert_allclose(middles, 30, atol=0.6)


def test_shapes_keep_away_from_what_is_taken() -> None:
    taken = Image.new("L", (200, 150))
    taken.paste(1, (60, 40, 140, 110))
    drawn = np.zeros((150, 200), int)
    for seed in range(60):
        canvas = Image.new("RGB", taken.size, (90, 90, 90))
        scatter(np.random.default_rng(seed), canvas, taken)
        drawn += (np.asarray(canvas) != 90).any(axis=2)
    assert not drawn[40:110, 60:140].any()
    free = np.asarray(taken) == 0
    assert (drawn[free] > 0).mean() > 0.5
    assert drawn.max() < 60


def test_labels_are_right_in_themselves(photos: Path) -> None:
    found = check_files(read_csv(photos / "annotations.csv", DIGITS), photos / "images")
    assert len(found.photos) == 60
    names = [item.name for photo in found.photos for item in photo.objects]
    assert len(names) > 80
    assert len(set(names)) == 10


@pytest.mark.parametrize("classes", [("cat",), ("\U000f7e57",)])
def test_what_no_font_can_draw_is_refused(classes: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError):
        fonts(classes)


def test_asking_for_no_photos_is_refused(config_file: Path, tmp_path: Path) -> None:
    done = run_step("training.data.synthesis.draw", "--config", config_file, "--photos", 0, "--out", tmp_path / "p")
    assert done.returncode == 2
    assert "--photos 0: at least one" in done.stderr
    assert not (tmp_path / "p").exists()


def test_shards_are_the_photos_of_the_whole(config_file: Path, tmp_path: Path) -> None:
    for name, flags in {"whole": [], "one": ["--shard", "1/2"], "two": ["--shard", "2/2"]}.items():
        wanted = ["--config", config_file, "--photos", 5, "--out", tmp_path / name, *flags]
        assert run_step("training.data.synthesis.draw", *wanted).returncode == 0
    whole, one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / name / "images").iterdir()}
        for name in ("whole", "one", "two")
    )
    assert (len(one), len(two)) == (3, 2)
    assert one | two == whole
    labels = [(tmp_path / name / "annotations.csv").read_text().splitlines()[1:] for name in ("whole", "one", "two")]
    assert sorted(labels[1] + labels[2]) == sorted(labels[0])


@pytest.mark.parametrize("shard", ["0/2", "3/2", "2", "a/b", "1/6"])
def test_what_is_no_shard_is_refused(shard: str) -> None:
    with pytest.raises(ConfigurationError, match=f"--shard {shard}: say 1/4 to 4/4"):
        numbers(5, shard)


def test_fonts_that_people_installed_are_found_after_those_of_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fonts(DIGITS)
    (tmp_path / "mine").mkdir()
    shutil.copyfile(before[0], tmp_path / "mine" / "Mine.ttf")
    monkeypatch.setattr(lettering, "INSTALLED", (*lettering.INSTALLED, tmp_path))
    assert fonts(DIGITS) == [*before, tmp_path / "mine" / "Mine.ttf"]


def test_a_machine_without_segmented_fonts_draws_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "INSTALLED", (tmp_path,))
    faces = fonts(DIGITS)
    assert 0.1 < faces.count(lettering.DISPLAY) / len(faces) < 0.3
    assert lettering.DISPLAY not in fonts(("1", "x"))
    # Letters beside the digits have fonts of their own.
    for number in range(30):
        synthesise(number, 1, DIGITS, [faces[0], lettering.DISPLAY])


def test_digits_of_segments_are_what_they_should_be() -> None:
    seen = {}
    for digit in DIGITS:
        # The same display each time, straight enough to be looked at by rows and columns.
        ink, numbered = lettering.characters(np.random.default_rng(3), [digit], str(lettering.DISPLAY), 200, 7)
        box = numbered.getbbox()
        assert box is not None
        assert ink.getbbox() == box
        assert 0.6 < (box[3] - box[1]) / 200 < 0.95
        seen[digit] = np.asarray(ink) > 0
    # Of the segments that an 8 has, each other digit lacks some, and has no further ones.
    for digit in DIGITS:
        assert (seen[digit] <= seen["8"]).all()
        assert digit == "8" or seen[digit].sum() < 0.9 * seen["8"].sum()
    assert (seen["1"] <= seen["7"]).all()
    assert (seen["7"] <= seen["3"]).all()
    assert (seen["5"] <= seen["6"]).all()
    assert (seen["6"] & ~seen["5"]).any()
    assert (seen["8"] & ~seen["0"]).any()


def test_large_numbers_are_drawn_of_segments_too() -> None:
    for number in range(12):
        photo, objects = large(number, 1, DIGITS, [lettering.DISPLAY], STUDIO)
        assert all(0 <= item.xmin < item.xmax <= photo.width for item in objects)
        assert max(item.ymax for item in objects) - min(item.ymin for item in objects) > FILLED[0] * photo.height * 0.9
