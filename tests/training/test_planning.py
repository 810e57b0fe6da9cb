"""The rules that make a configuration of labels, on made-up labels and on two public sets."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from training import config as configuration
from training.config import Configuration, Split
from training.data.labels import LabelledObject, Photo
from training.data.selection import SPLITS, read_leniently, split_of
from training.errors import AnnotationError, ConfigurationError
from training.planning import classes as naming
from training.planning import rules, splitting, writing
from training.planning.plan import beginning, chosen_starts, main, plan
from training.planning.rules import LONGEST, Wishes

OBJECTS = Path(__file__).parents[3] / "shared" / "data" / "objects"
STARTS = ("glyphs", "mobilenet_v2")


def labels(
    counts: dict[str, int], photos: int = 60, size: tuple[int, int] = (640, 480), box: float = 100.0, seed: int = 1
) -> list[Photo]:
    """Photos with objects of the classes, so many of each, spread evenly; boxes don't overlap."""
    chance = random.Random(seed)
    made = [Photo(f"{number:04d}.jpg", *size, f"{number:04d}.jpg") for number in range(photos)]
    names = [name for name, count in counts.items() for _ in range(count)]
    chance.shuffle(names)
    columns = max(1, int(size[0] // (box * 1.3)))
    for number, name in enumerate(names):
        photo = made[number % photos]
        row, column = divmod(len(photo.objects), columns)
        x, y = column * box * 1.3, (row * box * 1.3) % (size[1] - box * 1.1)
        side = box * chance.uniform(0.9, 1.1)
        photo.objects.append(LabelledObject(name, x, y, x + side, y + side))
    return made


def planned(
    photos: list[Photo], given: dict[str, Any] | None = None, wanted: list[str] | None = None, **wishes: Any
) -> tuple[Configuration, list[str]]:
    """The configuration and the warnings."""
    draft, config, _ = plan(photos, "mine", given or {}, Wishes(**{"starts": STARTS, **wishes}), wanted)
    return config, draft.warnings


def test_classes_come_from_the_labels_in_an_order_that_rows_do_not_change() -> None:
    counts = {"item 10": 20, "item 2": 30, "Zebra": 10, "ant": 25}
    first, _ = planned(labels(counts))
    again, _ = planned(list(reversed(labels(counts))))
    assert first.classes == ("ant", "item 2", "item 10", "Zebra")
    assert first == again


@pytest.mark.parametrize(
    ("counts", "slips"),
    [
        ({"bishop": 1, "black-bishop": 97, "white-bishop": 90}, {"bishop"}),
        ({"racoon": 1, "raccoon": 200}, {"racoon"}),
        ({"Car": 1, "car": 900}, {"Car"}),
        ({"Car": 2, "car": 900}, set()),
        ({"bike": 40, "motor bike": 4000}, set()),
        ({"light": 100, "traffic light": 10000}, set()),
        ({"card": 300, "car": 40000}, set()),
        ({"ant": 1, "elephant": 600, "zebra": 600}, {"ant"}),
        ({"ant": 1, "elephant": 60}, set()),
        ({"cat": 40, "cats": 60}, set()),
        ({"1": 1, "7": 900, "3": 500}, {"1"}),
        ({"item 1": 3, "item 2": 900}, set()),
        ({"a": 1, "b": 1, "c": 1}, set()),
        ({"only": 5}, set()),
    ],
)
def test_a_slip_of_the_hand_is_left_out_and_named(counts: dict[str, int], slips: set[str]) -> None:
    assert set(naming.slips(counts)) == slips
    config, warnings = planned(labels(counts, photos=200))
    assert set(config.ignored) == slips == set(counts) - set(config.classes)
    assert all(any(name in warning for warning in warnings) for name in slips)
    wanted, _ = planned(labels(counts, photos=200), wanted=list(counts))
    assert set(wanted.classes) == set(counts)
    assert not wanted.ignored


def test_ignored_classes_are_those_that_were_written_and_all_that_are_not_learned() -> None:
    counts = {"cat": 30, "dog": 30, "cow": 30}
    alone, warnings = planned(labels(counts), given={"ignored": ["cow", "absent"]})
    assert (alone.classes, alone.ignored) == (("cat", "dog"), ("absent", "cow"))
    assert warnings == []
    asked, _ = planned(labels(counts), given={"ignored": ["cow"]}, wanted=["cat"])
    assert (asked.classes, asked.ignored) == (("cat",), ("cow", "dog"))
    both, _ = planned(labels(counts), given={"ignored": ["cow"]}, wanted=["cow"])
    assert (both.classes, both.ignored) == (("cow",), ("cat", "dog"))
    with pytest.raises(ConfigurationError, match="in classes and in ignored"):
        planned(labels(counts), given={"ignored": ["cow"], "classes": ["cat", "dog", "cow"]})


def test_chosen_classes_are_learned_and_the_others_passed_over() -> None:
    photos = labels({"cat": 30, "dog": 30, "cow": 30})
    config, _ = planned(photos, wanted=["dog", "cat"])
    assert (config.classes, config.ignored) == (("dog", "cat"), ("cow",))
    assert not any(item.name == "cow" for photo in photos for item in photo.objects)
    with pytest.raises(ConfigurationError, match="did you mean dog"):
        planned(labels({"cat": 30, "dog": 30}), wanted=["dogs"])


@pytest.mark.parametrize(
    ("names", "reading"),
    [
        (["0", "1", "2"], "lines"),
        (["a", "B", "7", "?"], "lines"),
        (["十", "二"], "lines"),
        (["10", "20"], "none"),
        (["a", "dog"], "none"),
        (["🐱", "🐶"], "none"),
    ],
)
def test_only_characters_are_read(names: list[str], reading: str) -> None:
    config, _ = planned(labels(dict.fromkeys(names, 30)))
    assert config.reading == reading
    assert config.starts[0] == ("glyphs" if reading == "lines" else "mobilenet_v2")


@pytest.mark.parametrize(
    ("name", "mirrored"),
    [
        ("raccoon", True),
        ("black-bishop", True),
        ("leftover", True),
        ("bright", True),
        ("left-hand", False),
        ("hand_right", False),
        ("turnLeft", False),
        ("Flügel rechts", False),
        ("左手", False),
        ("7", False),
        ("30", False),
    ],
)
def test_what_a_mirror_would_make_another_thing_is_never_mirrored(name: str, mirrored: bool) -> None:
    config, _ = planned(labels({name: 40, "thing": 40}))
    assert (config.augmentation.mirrored.get(name) == name) is mirrored
    assert config.augmentation.mirrored["thing"] == "thing"
    assert config.augmentation.half_turn_share == 0


@pytest.mark.parametrize(
    ("size", "box", "longest", "shape"),
    [
        ((640, 480), 300.0, 192, (192, 160)),
        ((640, 480), 40.0, 320, (320, 256)),
        ((480, 640), 40.0, 320, (256, 320)),
        ((1000, 1000), 40.0, 416, (416, 416)),
        ((4000, 3000), 50.0, 416, (416, 320)),
    ],
)
def test_small_objects_get_a_larger_input(
    size: tuple[int, int], box: float, longest: int, shape: tuple[int, int]
) -> None:
    config, warnings = planned(labels({"thing": 100}, size=size, box=box))
    assert (config.input.width, config.input.height) == shape
    assert max(shape) == longest <= LONGEST["desk"]
    phone, _ = planned(labels({"thing": 100}, size=size, box=box), purpose="phone")
    assert max(phone.input.width, phone.input.height) <= LONGEST["phone"]
    tiny = box / max(size) * longest < 12
    assert (config.looks == 2) is tiny is any("small objects in large photos" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("given", "purpose", "megabytes", "said"),
    [
        (
            {},
            "phone",
            0.9,
            "in a network of 0.9 MB: no start is so light (mobilenet_v2 makes 1.6 MB, glyphs makes 1.2 MB)",
        ),
        ({"starts": []}, "phone", 0.9, "begins with nothing"),
        ({"starts": ["glyphs"]}, "phone", 1.2, "of starts wins"),
        ({"starts": ["mobilenet_v2"]}, "phone", 1.6, "of starts wins"),
        ({"network": {"stages": [16, 32, 64, 112, 144]}}, "phone", 1.2, "of network wins"),
        ({}, "desk", 1.6, None),
        ({"starts": ["glyphs"]}, "desk", 1.2, None),
    ],
)
def test_what_a_model_costs_is_that_of_the_planned_network(
    given: dict[str, Any], purpose: str, megabytes: float, said: str | None
) -> None:
    config, warnings = planned(labels({"thing": 100}), given=given, purpose=purpose)
    assert rules.cost(config)[1] == megabytes
    assert [said for warning in warnings if said and said in warning] == ([said] if said else [])
    assert len(warnings) == (said is not None)


def test_classes_that_are_told_apart_by_details_get_a_larger_input() -> None:
    names = ["ace", "king", "queen", "jack"]
    many, _ = planned(labels(dict.fromkeys(names, 40), box=200))
    few, _ = planned(labels(dict.fromkeys(names[:2], 40), box=200))
    assert (many.input.width, few.input.width) == (256, 192)


@pytest.mark.parametrize("box", [8.0, 30.0, 100.0, 300.0, 470.0])
@pytest.mark.parametrize("size", [(640, 480), (4000, 3000), (300, 900)])
def test_heights_fit_their_crop_and_what_is_seen_in_use(box: float, size: tuple[int, int]) -> None:
    box = min(box, 0.9 * min(size))
    config, _ = planned(labels({"thing": 90}, size=size, box=box))
    low, high = config.augmentation.min_object_height, config.augmentation.max_object_height
    assert 0 < low < high <= 0.95 * config.training.crop
    assert config.training.crop <= max(config.input.width, config.input.height)
    seen = box * min(config.input.width / size[0], config.input.height / size[1])
    assert low <= max(seen, 8.0)
    assert high >= min(seen, 0.9 * config.training.crop)


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.6])
def test_what_touches_in_labels_is_not_suppressed(shift: float) -> None:
    photos = labels({"cell": 60}, photos=60)
    for photo in photos:
        first = photo.objects[0]
        move = (first.xmax - first.xmin) * (1 - shift)
        photo.objects.append(LabelledObject("cell", first.xmin + move, first.ymin, first.xmax + move, first.ymax))
    config, _ = planned(photos)
    iou = shift / (2 - shift)
    assert config.suppression.iou_threshold >= iou
    assert config.suppression.class_agnostic
    for photo in photos:
        first = photo.objects[0]
        photo.objects.append(LabelledObject("core", first.xmin, first.ymin, first.xmax, first.ymax))
    assert not planned(photos)[0].suppression.class_agnostic


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("photos", [40, 60, 120])
def test_every_class_is_in_every_split_as_far_as_that_can_be(photos: int, seed: int) -> None:
    chance = random.Random(seed)
    counts = {f"thing {number}": chance.choice([9, 15, 40]) for number in range(8)}
    made = labels(counts, photos=photos, box=40, seed=seed)
    config, _ = planned(made)
    for name in counts:
        found = {split_of(photo.group, config.split) for photo in made if any(o.name == name for o in photo.objects)}
        assert found == set(SPLITS), name


def test_photos_that_were_judged_on_stay_so_in_a_training_that_begins_with_another(tmp_path: Path) -> None:
    shares = {"validation": 0.2, "calibration": 0.2}
    photos, held = labels({"common": 40, "rare": 2}, photos=40, box=40), Split.model_validate(shares)
    anew, _ = planned(photos, {"split": shares})
    assert {split_of(photo.group, held) for photo in photos} == set(SPLITS)
    assert anew.split.salt is not None, "without the earlier one another hash would be chosen"
    draft, before, _ = plan(photos, "first", {"split": {**shares, "salt": None}}, Wishes(STARTS))
    (tmp_path / "config.yaml").write_text(writing.as_yaml(draft, "Planned"), "utf-8")
    taken = beginning(tmp_path, photos)
    draft, after, _ = plan(photos, "mine", taken, Wishes(STARTS))
    assert before.split == after.split == held
    assert configuration.parse(writing.as_yaml(draft, "Planned"), "plan").split == held


@pytest.mark.parametrize(
    ("written", "offered", "wanted"),
    [
        (["glyphs"], STARTS, ["glyphs"]),
        (["glyphs"], ("mobilenet_v2",), ["mobilenet_v2"]),
        (["glyphs"], (), []),
        ([], STARTS, []),
        (["glpyhs"], STARTS, "glpyhs.* glyphs, mobilenet_v2"),
        ([["glyphs"]], STARTS, "glyphs, mobilenet_v2"),
    ],
)
def test_written_starts_give_way_to_the_one_that_was_asked_for(
    written: list[Any], offered: tuple[str, ...], wanted: list[str] | str
) -> None:
    if isinstance(wanted, list):
        assert chosen_starts(written, offered, STARTS, "my.yaml") == wanted
    else:
        with pytest.raises(ConfigurationError, match=wanted):
            chosen_starts(written, offered, STARTS, "my.yaml")


def test_a_class_of_one_photo_is_learned_and_said_to_have_no_figure() -> None:
    photos = labels({"common": 80}, photos=80)
    photos[7].objects.append(LabelledObject("rare", 0, 0, 60, 60))
    config, warnings = planned(photos)
    assert split_of(photos[7].group, config.split) == "train"
    assert any("judged on: rare" in warning for warning in warnings)


def test_the_plain_hash_stays_where_it_does() -> None:
    groups = {f"{number}.jpg": {"thing"} for number in range(4000)}
    assert splitting.choose(groups, Split()) is None


ODD = [
    "../../etc/passwd",
    "a b",
    'it\'s "so"',
    "🦝",
    "浣熊",
    "yes",
    "null",
    "1e3",
    "# no",
    "- x",
    "k: v",
    "é",
    "*",
    "{}",
]


def test_odd_names_stand_in_the_yaml_as_they_are() -> None:
    draft, config, _ = plan(labels(dict.fromkeys(ODD, 12), box=40), "mine", {}, Wishes(STARTS))
    text = writing.as_yaml(draft, "Planned")
    assert set(config.classes) == set(ODD)
    assert configuration.parse(text, "plan") == config
    keys = [line.partition(":")[0].strip() for line in text.splitlines() if ":" in line and "#" not in line[:3]]
    assert {"name", "classes", "input", "minutes", "crop", "starts"} <= set(keys)


def test_three_hundred_classes_are_planned() -> None:
    config, warnings = planned(labels({f"thing {number}": 30 for number in range(300)}, photos=900, box=40))
    assert len(config.classes) == 300
    assert config.classes[:3] == ("thing 0", "thing 1", "thing 2")
    assert all(len(warning) < 500 for warning in warnings)


@pytest.mark.parametrize(
    ("photos", "words"),
    [
        (labels({}, photos=30), "none of the 30 photos has an object"),
        (labels({"thing": 2}, photos=2), "2 photos are too few"),
        ([Photo(f"{n}.jpg", 64, 64, "all", [LabelledObject("x", 1, 1, 9, 9)]) for n in range(60)], "1 group "),
    ],
)
def test_what_can_not_be_planned_is_said(photos: list[Photo], words: str) -> None:
    with pytest.raises(AnnotationError, match=words):
        planned(photos)


def test_what_changes_a_training_is_said_once() -> None:
    photos = labels({"thing": 25}, photos=25)
    photos += [Photo(f"empty{number}.jpg", 640, 480, f"empty{number}.jpg") for number in range(400)]
    _, warnings = planned(photos)
    assert sum("have no object" in warning for warning in warnings) == 1
    _, few = planned(labels({"thing": 25}, photos=25))
    assert any("are few" in warning for warning in few)
    _, plenty = planned(labels({"thing": 300}, photos=150))
    assert plenty == []


FULL: dict[str, Any] = {
    "name": "own",
    "reading": "lines",
    "input": {"height": 64, "width": 96},
    "looks": 2,
    "split": {"validation": 0.3, "calibration": 0.2, "salt": 5},
    "records": {"max_side": 200},
    "starts": ["glyphs"],
    "training": {"seed": 9, "batch": 4, "crop": 64, "minutes": 2.5},
    "augmentation": {"min_object_height": 30.0, "max_object_height": 40.0, "mirror_share": 0.1, "half_turn_share": 0.2},
    "suppression": {"iou_threshold": 0.9, "class_agnostic": False},
}


@pytest.mark.parametrize("key", FULL)
def test_what_a_person_wrote_wins(key: str) -> None:
    config, _ = planned(labels({"cat": 40, "dog": 40}), given={key: FULL[key]})
    held = yaml.safe_load(config.model_dump_json())[key]
    wanted = FULL[key]
    assert {name: held[name] for name in wanted} == wanted if isinstance(wanted, dict) else held == wanted


def test_steps_or_a_network_of_a_persons_own_leave_time_and_starts_out() -> None:
    given = {"network": {"stages": [8, 8, 8, 8, 8], "blocks": [1, 1, 1, 1], "pyramid": 8}, "training": {"steps": 6}}
    config, _ = planned(labels({"cat": 40}), given=given)
    assert (config.training.steps, config.training.minutes, config.starts) == (6, None, ())
    assert config.training.warmup < 6


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"trainig": {"steps": 3}}, "did you mean training"),
        ({"training": {"stepz": 3}}, "did you mean steps"),
        ({"training": "fast"}, "training"),
        ({"split": {"validation": "half"}}, "split.validation"),
        ({"split": {"validation": 0.7, "calibration": 0.6}}, "leaves nothing"),
        ({"input": 320}, "input"),
        ({"training": {"steps": "many"}}, "training.steps"),
        ({"augmentation": {"min_object_height": "x"}}, "min_object_height"),
        ({"classes": "cat"}, "classes"),
        ({"ignored": 5}, "ignored"),
        ({"ignored": 5, "classes": ["cat"]}, "ignored"),
        ({"starts": "glyphs"}, "starts"),
        ({"network": {"stages": [1]}}, "network"),
    ],
)
def test_a_persons_mistakes_are_named(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        planned(labels({"cat": 40}), given=given)


@pytest.mark.parametrize(
    ("images", "annotations", "classes"),
    [
        ("raccoon/images", "raccoon/raccoon_labels.csv", ("raccoon",)),
        ("bccd/JPEGImages", "bccd/Annotations", ("Platelets", "RBC", "WBC")),
    ],
)
def test_public_sets_are_planned(images: str, annotations: str, classes: tuple[str, ...]) -> None:
    if not OBJECTS.is_dir():
        pytest.skip(f"{OBJECTS} isn't here")
    found = read_leniently(OBJECTS / images, OBJECTS / annotations)
    draft, config, statistics = plan(found.photos, "mine", {}, Wishes(STARTS))
    assert config.classes == classes
    assert config.training.minutes is not None
    assert 5 <= config.training.minutes <= 30
    assert config.augmentation.mirrored == {name: name for name in classes}
    lines = writing.as_text(draft, config, statistics).splitlines()
    assert len(lines) <= 14
    assert all(name in "".join(lines) for name in classes)


def test_the_step_leaves_a_plan_by_its_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not OBJECTS.is_dir():
        pytest.skip(f"{OBJECTS} isn't here")
    flags: dict[str, object] = {
        "images": OBJECTS / "raccoon/images",
        "annotations": OBJECTS / "raccoon/raccoon_labels.csv",
    }
    flags |= {"name": "mine", "starts": "glyphs,mobilenet_v2", "minutes": 2.5, "purpose": "phone"}
    for out in ("one", "two"):
        words = [word for flag, value in {**flags, "out": tmp_path / out}.items() for word in (f"--{flag}", str(value))]
        monkeypatch.setattr("sys.argv", ["plan", *words])
        main()
    files = {name: (tmp_path / "one" / name).read_text("utf-8") for name in ("config.yaml", "plan.json", "plan.txt")}
    assert files == {name: (tmp_path / "two" / name).read_text("utf-8") for name in files}
    schema = json.loads((Path(__file__).parents[2] / "schemas" / "plan.schema.json").read_text("utf-8"))
    document = json.loads(files["plan.json"])
    jsonschema.validate(document, schema)
    config = configuration.load(tmp_path / "one" / "config.yaml")
    assert (config.training.minutes, config.starts, config.input.width) == (2.5, (), 160)
    assert document["cost"]["megabytes"] <= 1
    assert document["cost"]["milliseconds"] <= 20
