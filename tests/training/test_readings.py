"""Boxes that are written otherwise than their format wants have that cause, whatever the format and the mistake."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.training.labelled import HEADER, pictures, table
from training.data import formats, selection
from training.data.formats import readings
from training.data.formats.readings import CENTRED, CORNERS, REVERSED, SIZED, Placed, Reading
from training.data.labels import Annotations, LabelledObject
from training.errors import AnnotationError
from training.findings import Kind

WIDTH, HEIGHT = 40, 30
PHOTOS = [f"p{number}.jpg" for number in range(20)]
Sides = tuple[float, float, float, float]


def right(seed: int = 1, count: int = 60) -> list[Sides]:
    chance = random.Random(seed)
    made: list[Sides] = []
    for _ in range(count):
        width, height = chance.randint(6, 20), chance.randint(6, 15)
        x, y = chance.randint(0, WIDTH - width), chance.randint(0, HEIGHT - height)
        made.append((x, y, x + width, y + height))
    return made


def written(sides: Sides, form: str, whole: float | None = None, swapped: bool = False) -> list[float]:
    """The four numbers of a box, by hand."""
    xmin, ymin, xmax, ymax = sides
    numbers = {
        CORNERS: [xmin, ymin, xmax, ymax],
        SIZED: [xmin, ymin, xmax - xmin, ymax - ymin],
        CENTRED: [(xmin + xmax) / 2, (ymin + ymax) / 2, xmax - xmin, ymax - ymin],
        REVERSED: [xmax, ymax, xmin, ymin],
    }[form]
    if whole is not None:
        numbers = [value / (HEIGHT if place % 2 else WIDTH) * whole for place, value in enumerate(numbers)]
    return [numbers[place] for place in (1, 0, 3, 2)] if swapped else numbers


def sides_of(found: Annotations) -> list[tuple[float, ...]]:
    return sorted(tuple(round(side, 6) for side in item.sides) for photo in found.photos for item in photo.objects)


def csv(folder: Path, boxes: Sequence[list[float]]) -> Path:
    rows = [
        f"{PHOTOS[number % 20]},{WIDTH},{HEIGHT},cat,{','.join(map(repr, one))}" for number, one in enumerate(boxes)
    ]
    return table(folder, *rows, header=HEADER)


def sized_csv(folder: Path, boxes: Sequence[list[float]]) -> Path:
    rows = [f"{PHOTOS[number % 20]},cat,{','.join(map(repr, one))}" for number, one in enumerate(boxes)]
    return table(folder, *rows, header="image,label,bbox_x,bbox_y,bbox_width,bbox_height")


def coco(folder: Path, boxes: Sequence[list[float]]) -> Path:
    (folder / "a.json").write_text(
        json.dumps(
            {
                "images": [{"id": number, "file_name": name} for number, name in enumerate(PHOTOS)],
                "annotations": [
                    {"id": number, "image_id": number % 20, "category_id": 1, "bbox": one}
                    for number, one in enumerate(boxes)
                ],
                "categories": [{"id": 1, "name": "cat"}],
            }
        )
    )
    return folder / "a.json"


def voc(folder: Path, boxes: Sequence[list[float]]) -> Path:
    (folder / "xml").mkdir()
    for number, name in enumerate(PHOTOS):
        objects = "".join(
            "<object><name>cat</name><bndbox>"
            + "".join(
                f"<{tag}>{value}</{tag}>" for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), one, strict=True)
            )
            + "</bndbox></object>"
            for one in boxes[number::20]
        )
        (folder / "xml" / f"{Path(name).stem}.xml").write_text(
            f"<annotation><filename>{name}</filename>{objects}</annotation>"
        )
    return folder / "xml"


def yolo(folder: Path, boxes: Sequence[list[float]], number: int = 0) -> Path:
    (folder / "labels").mkdir()
    (folder / "labels" / "data.yaml").write_text("names: [cat, dog]\n")
    for place, name in enumerate(PHOTOS):
        rows = [f"{number} {' '.join(map(repr, one))}\n" for one in boxes[place::20]]
        (folder / "labels" / f"{Path(name).stem}.txt").write_text("".join(rows))
    return folder / "labels"


def create_ml(folder: Path, boxes: Sequence[list[float]]) -> Path:
    entries = [
        {
            "image": name,
            "annotations": [
                {"label": "cat", "coordinates": dict(zip(("x", "y", "width", "height"), one, strict=True))}
                for one in boxes[number::20]
            ],
        }
        for number, name in enumerate(PHOTOS)
    ]
    (folder / "a.json").write_text(json.dumps(entries))
    return folder / "a.json"


Write = Callable[[Path, Sequence[list[float]]], Path]
WRITERS: dict[str, tuple[Write, Reading]] = {
    "csv": (csv, Reading(CORNERS)),
    "csv with sizes": (sized_csv, Reading(SIZED)),
    "coco": (coco, Reading(SIZED)),
    "voc": (voc, Reading(CORNERS)),
    "yolo": (yolo, Reading(CENTRED, 1)),
    "createml": (create_ml, Reading(CENTRED)),
}
MISTAKES = [
    (name, Reading(form, declared.whole))
    for name, (_, declared) in WRITERS.items()
    for form in (CORNERS, SIZED, CENTRED)
    if form != declared.form
] + [
    ("yolo", Reading(CENTRED)),
    ("yolo", Reading(CORNERS)),
    ("yolo", Reading(CENTRED, 100)),
    ("csv", Reading(CENTRED, 1)),
    ("csv", Reading(REVERSED)),
    ("csv", Reading(CORNERS, None, True)),
    ("voc", Reading(CORNERS, None, True)),
    ("coco", Reading(SIZED, None, True)),
]


@pytest.mark.parametrize(("name", "mistake"), MISTAKES, ids=str)
def test_the_likeliest_reading_is_said_first(tmp_path: Path, name: str, mistake: Reading) -> None:
    images = pictures(tmp_path / "images", *PHOTOS)
    write, declared = WRITERS[name]
    # On photos that aren't square, x and y that are swapped can be told where things lie to the right.
    boxes = [(22, 3, 38, 12), *right()] * 3 if mistake.swapped else right()
    (tmp_path / "labels").mkdir()
    labels = write(tmp_path / "labels", [written(one, *mistake) for one in boxes])
    # What fits is as wrong as the rest, so that leaving the rest out is refused, too.
    for skip_bad in (False, True):
        with pytest.raises(AnnotationError) as caught:
            selection.read(images, labels, skip_bad=skip_bad)
        said = str(caught.value)
        first = said.splitlines()[0]
        assert f"were their numbers {mistake.words}" in first, first
        assert f"Write them as {declared.form}" in first
        assert ("EXIF" in first) is mistake.swapped
        assert "--skip-bad would keep" in said or "no usable entry" in said


@pytest.mark.parametrize("name", list(WRITERS))
def test_right_boxes_have_no_such_cause(tmp_path: Path, name: str) -> None:
    images = pictures(tmp_path / "images", *PHOTOS)
    write, declared = WRITERS[name]
    for seed in range(20):
        folder = tmp_path / str(seed)
        folder.mkdir()
        # Some are drawn too far to the right.
        boxes = [
            (x, y, xmax + (4 if number % 9 == 0 else 0), ymax) for number, (x, y, xmax, ymax) in enumerate(right(seed))
        ]
        found = formats.read(write(folder, [written(one, *declared) for one in boxes]), images, skip_bad=True)
        assert found.causes == []
    whole = formats.read(write(tmp_path, [written(one, *declared) for one in right()]), images)
    assert sides_of(whole) == sorted(set(right()))


def test_few_boxes_prove_nothing() -> None:
    strange = Placed((30, 20, 20, 10), WIDTH, HEIGHT)
    assert readings.likeliest(Reading(CORNERS), [strange] * 2, []) is None
    many = [Placed(one, WIDTH, HEIGHT) for one in right(count=400)]
    assert readings.likeliest(Reading(CORNERS), [strange] * 5, many) is None


@pytest.mark.parametrize("name", ["csv", "csv with sizes", "coco", "voc", "createml"])
@pytest.mark.parametrize("slack", [0.0, 0.004])
def test_boxes_that_are_all_shares_are_taken_for_that(tmp_path: Path, name: str, slack: float) -> None:
    images = pictures(tmp_path / "images", *PHOTOS)
    write, declared = WRITERS[name]
    numbers = [written(one, declared.form, 1) for one in right()]
    if slack and declared.form == CORNERS:
        numbers[0] = [-slack, 0.0, 1 + slack, 1.0]
    (tmp_path / "labels").mkdir()
    found = formats.read(write(tmp_path / "labels", numbers), images)
    assert any("taken for shares" in note for note in found.notes)
    sides = [one for photo in found.photos for item in photo.objects for one in item.sides]
    assert max(sides) > 20
    assert all(0 <= side <= WIDTH for side in sides)
    if not slack:
        assert sides_of(found) == sorted(set(right()))


@pytest.mark.parametrize("name", ["csv", "coco", "voc", "createml"])
@pytest.mark.parametrize("shares", [1, 30, 59])
def test_shares_among_pixels_are_each_at_fault(tmp_path: Path, name: str, shares: int) -> None:
    images = pictures(tmp_path / "images", *PHOTOS)
    write, declared = WRITERS[name]
    numbers = [
        written(one, declared.form, 1 if place < shares else None) for place, one in enumerate(dict.fromkeys(right()))
    ]
    (tmp_path / "labels").mkdir()
    labels = write(tmp_path / "labels", numbers)
    with pytest.raises(AnnotationError) as caught:
        selection.read(images, labels)
    assert [one.kind for one in caught.value.findings].count(Kind.SHARES) == shares


def test_what_steps_exchange_is_never_read_otherwise(tmp_path: Path) -> None:
    labels = table(tmp_path, "a.jpg,40,30,cat,0.1,0.1,0.9,0.9")
    assert formats.read_csv(labels).photos[0].objects == [LabelledObject("cat", 0.1, 0.1, 0.9, 0.9)]


@pytest.mark.parametrize(
    ("used", "known", "said"),
    [
        ({1, 2}, {0, 1}, "counted from 1 instead of 0"),
        ({2}, {0, 1}, "counted from 1 instead of 0"),
        ({0, 1}, {1, 2}, "counted from 0 instead of 1"),
        ({0, 1}, {0, 1}, None),
        ({0, 2}, {0, 1}, None),
        ({7}, {0, 1}, None),
        (set(), {0}, None),
        ({0}, set(), None),
    ],
)
def test_numbers_of_classes_that_are_off_by_one(used: set[int], known: set[int], said: str | None) -> None:
    found = readings.counted_otherwise(used, known)
    assert (found is None) if said is None else (said in str(found))


def test_yolo_counted_from_one_is_said_first(tmp_path: Path) -> None:
    images = pictures(tmp_path / "images", *PHOTOS)
    labels = yolo(tmp_path, [written(one, CENTRED, 1) for one in right()], number=2)
    with pytest.raises(AnnotationError, match=r"\Athe labels' numbers of classes are 2 to 2 where 0 to 1 are known"):
        selection.read(images, labels)
