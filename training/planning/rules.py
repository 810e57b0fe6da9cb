"""The rules: from what labels say in numbers to a configuration, each value with its reason.

docs/your-own-objects.md tells them to users. They are few; each has a test on made-up labels, and all of them one on
real photos.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import ValidationError

from training.config import STRIDE, Configuration, Input, PlainNetwork, Records, Split, Suppression
from training.findings import counted
from training.planning import splitting
from training.planning.classes import has_side, is_character, listed
from training.planning.draft import Draft
from training.planning.statistics import Statistics

LONGEST = {"desk": 416, "phone": 192}
"""Longer side of the largest input, pixels, by what the model is for."""
SHORTEST = {"desk": 192, "phone": 160}
DETAILED = {"desk": 256, "phone": 192}
"""The same of the smallest, and of the smallest for `SEVERAL` classes."""
SMALL = 18.0
"""Pixels of the input that small objects should be large, as the side of a square: one of ten is smaller, and each
class's median is as large."""
TOLD_APART = 30.0
"""The same of the median where there are `SEVERAL` classes: they are told apart by details."""
SEVERAL = 4
TINY = 12.0
"""Below this, in the largest input, the photo is looked at again in parts."""
BOTH_WAYS = 0.2
"""Share of upright and of lying photos from which the input is square."""
CROPS = (160, 192)
ROOM = 0.95
"""Part of a crop that its highest object takes at most."""
MOSAICS = 0.25
STEADY = {"rotation_degrees": 3.0, "shear": 0.05, "stretch": 0.15, "perspective": 0.03}
"""Distortions of objects that aren't characters: what fills its box as signs do is another matter."""
TOUCHING = 0.3
"""Intersection over union from which boxes lie over each other."""
BATCH = 16
MINUTES = (10, 30)
MILLISECONDS_PER_PIXEL = 16.3 / 192**2
"""Of inference in wasm with one thread, on the machine of pretrained figures: 16.3 ms at 192 × 192."""
LIGHT = {"stages": [16, 32, 64, 96, 112]}
"""Network of a model that a phone loads; a body that has seen many photos has no lighter form yet."""
MEGABYTES = {"light": 0.9, "plain": 1.2, "start": 1.6}
"""Of web models, their weights in uint8."""
FEW_PHOTOS = 30
FEW_OBJECTS = 20
MOSTLY_EMPTY = 0.9


@dataclass(frozen=True)
class Wishes:
    """What was asked for by flags."""

    starts: Sequence[str]
    """candidates to begin with that are there"""
    purpose: str = "desk"


def plan(found: Statistics, wishes: Wishes, draft: Draft) -> None:
    """Put every value into ``draft``, which has name and classes already."""
    characters = all(map(is_character, found.classes))
    reading = draft.put(
        "reading",
        "lines" if characters else "none",
        "every class is one character" if characters else "objects, not characters",
    )
    _split(found, draft)
    width, height = _input(found, wishes.purpose, draft)
    _looks(found, width, height, reading == "lines", draft)
    _augmentation(found, width, height, characters, draft)
    _suppression(found, characters, draft)
    _network(characters, wishes, draft)
    _training(found, draft)
    _warnings(found, draft)


def _split(found: Statistics, draft: Draft) -> None:
    groups = found.groups
    validation, calibration = splitting.shares(len(groups))
    number = f"{len(groups):,} {'photos' if len(groups) == len(found.photos) else 'groups of photos'}"
    draft.put("split.validation", validation, f"{number}: a part to judge on, never learned from")
    draft.put("split.calibration", calibration, "a part to choose thresholds by")
    if "split.salt" in draft.given:
        draft.put("split.salt", None, "")
        return
    split = _valid(draft)
    if split is None:
        return
    salt = splitting.choose(groups, split)
    if salt is not None:
        draft.put("split.salt", salt, "another hash: with the plain one a split lacks photos or a class")


def _valid(draft: Draft) -> Split | None:
    """The split, where what a person wrote of it can be used; the configuration says it where not."""
    written = {name: draft.values.get(f"split.{name}") for name in Split.model_fields}
    try:
        split = Split.model_validate(written)
    except ValidationError:
        return None
    return split if split.validation + split.calibration < 1 else None


def _input(found: Statistics, purpose: str, draft: Draft) -> tuple[int, int]:
    """Width and height of the network's input: as large as small objects need, as wide as photos are."""
    aspects = found.sides[:, 0] / found.sides[:, 1]
    lying, upright = float((aspects > 1.1).mean()), float((aspects < 1 / 1.1).mean())
    square = min(lying, upright) >= BOTH_WAYS
    aspect = 1.0 if square else float(np.exp(np.median(np.log(aspects))))
    present = np.unique(found.boxes[:, 1])
    shortest = (DETAILED if len(found.classes) >= SEVERAL else SHORTEST)[purpose]
    for longest in range(shortest, LONGEST[purpose] + 1, STRIDE):
        width, height = _sides(longest, aspect)
        sizes = found.sizes(width, height)
        small, median = np.percentile(sizes, (10, 50))
        least = min(float(np.median(sizes[found.boxes[:, 1] == number])) for number in present)
        if min(small, least) >= SMALL and (median >= TOLD_APART or len(found.classes) < SEVERAL):
            break
    shape = "photos lie and stand: square" if square else f"photos are {aspect:.2f} as wide as high"
    reason = f"{shape}; small objects have {min(small, least):.0f} pixels in it, the median {median:.0f}"
    size = draft.put("input", {"height": height, "width": width}, reason)
    height, width = (
        (size.get(key, getattr(Input(), key)) for key in ("height", "width")) if _is_size(size) else (192, 192)
    )
    return width, height


def _is_size(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(side, int) and side > 0 for side in value.values())


def _sides(longest: int, aspect: float) -> tuple[int, int]:
    shorter = max(STRIDE * 3, math.ceil(longest * min(aspect, 1 / aspect) / STRIDE - 0.2) * STRIDE)
    return (longest, shorter) if aspect >= 1 else (shorter, longest)


def _looks(found: Statistics, width: int, height: int, is_read: bool, draft: Draft) -> None:
    small = float(np.percentile(found.sizes(width, height), 10))
    finer = float(np.percentile(found.sides.max(1), 50)) > 1.5 * max(width, height)
    if is_read:
        draft.put("looks", 2, "numbers that were found are looked at again, enlarged")
    elif small < TINY and finer:
        draft.put("looks", 2, f"small objects have {small:.0f} pixels: photos are looked at again in parts, enlarged")
        draft.put("records.max_side", 2 * Records().max_side, "small objects in large photos keep their details")
        draft.warn(
            f"small objects in large photos: {small:.0f} pixels in an input of {width} × {height}. A photo is looked "
            "at in parts as well, up to ten looks instead of one; photos from closer would help more"
        )
    else:
        draft.put("looks", 1, "one look shows the objects large enough")


def _augmentation(found: Statistics, width: int, height: int, characters: bool, draft: Draft) -> None:
    """Heights in crops, mosaics, mirroring."""
    heights = found.heights(width, height)
    medians = [np.median(heights[found.boxes[:, 1] == number]) for number in np.unique(found.boxes[:, 1])]
    low = float(min(np.percentile(heights, 5), *medians))
    high = float(max(np.percentile(heights, 95), *medians))
    side = min(0.8 * max(width, height), 1.5 * high)
    planned = int(np.clip(math.ceil(side / STRIDE) * STRIDE, *CROPS))
    planned = min(planned, max(STRIDE, max(width, height) // STRIDE * STRIDE))
    crop = draft.put("training.crop", planned, f"objects are {low:.0f} to {high:.0f} pixels high in the input")
    room = ROOM * (crop if isinstance(crop, int) else planned)
    most = round(min(max(high * 1.2, 16.0), room), 1)
    least = round(min(max(low * 0.8, 8.0), most * 0.6), 1)
    reason = "pixels in a crop: as in the input, and a little beyond"
    if (given := draft.given.get("augmentation.max_object_height")) is not None and isinstance(given, int | float):
        least = min(least, given * 0.6)
    least = draft.put("augmentation.min_object_height", least, reason)
    if isinstance(least, int | float) and least >= most:
        most = round(least * 1.5, 1)
    draft.put("augmentation.max_object_height", most, reason)
    draft.put("augmentation.mosaic_share", MOSAICS, "crops of four photos: more objects, other neighbours")
    if found.empty:
        draft.put("augmentation.paste_share", 0.1, f"{counted(found.empty, 'photo')} without objects as ground")
    mirrored = [name for name in found.classes if not is_character(name) and not name.isdigit() and not has_side(name)]
    if mirrored:
        rest = [name for name in found.classes if name not in mirrored]
        but = f"; but {listed(rest)}, which it would make another thing" if rest else ""
        draft.put("augmentation.mirror_share", 0.5, f"a mirrored object is the same object{but}")
        draft.put("augmentation.mirrored", {name: name for name in mirrored}, "what each class shows in a mirror")
    else:
        draft.put("augmentation.mirror_share", 0.0, "characters or sides: a mirror image is another thing")
    draft.put(
        "augmentation.half_turn_share", 0.0, "photos have an up; 0.5, and a table `turned`, where yours have none"
    )
    if not characters:
        draft.put("augmentation.inversion", 0.0, "objects have their own brightness; characters may be light on dark")
        for key, value in STEADY.items():
            draft.put(f"augmentation.{key}", value, "mild: a turned object's box is known only roughly")


def _suppression(found: Statistics, characters: bool, draft: Draft) -> None:
    same, other = found.overlaps
    near = float(np.percentile(same, 98)) if len(same) else 0.0
    across = float((other > TOUCHING).mean()) if len(other) else 0.0
    threshold = 0.45 if near < 0.2 or characters else 0.5 if near < 0.35 else 0.6
    draft.put("suppression.iou_threshold", threshold, f"labelled neighbours of a class overlap by up to {near:.0%}")
    draft.put(
        "suppression.class_agnostic",
        across < 0.01,
        f"{across:.1%} of the objects lie over one of another class"
        + (": one box for a place" if across < 0.01 else ": each class for itself"),
    )
    if found.most > 60:
        most = math.ceil(2 * found.most / 50) * 50
        draft.put("suppression.max_detections", most, f"up to {counted(found.most, 'object')} in a photo")
        draft.put("suppression.max_candidates", max(3 * most, Suppression().max_candidates), "three for each of them")


def cost(config: Configuration) -> tuple[float, float]:
    """Milliseconds of a look on a laptop, and megabytes of the web model, about."""
    network = config.network
    if not isinstance(network, PlainNetwork) or any(_kind_of_start(name) == "start" for name in config.starts):
        kind = "start"
    else:
        kind = "light" if not config.starts and list(network.stages) == LIGHT["stages"] else "plain"
    return config.input.width * config.input.height * MILLISECONDS_PER_PIXEL, MEGABYTES[kind]


def _kind_of_start(name: str) -> str:
    """Whose megabytes a model has that begins with it: glyphs is a plain network, others have a body of their own."""
    return "plain" if name == "glyphs" else "start"


def _network(characters: bool, wishes: Wishes, draft: Draft) -> None:
    ordered = sorted(wishes.starts, key=lambda name: ((name != "glyphs") is characters, name))
    if wishes.purpose == "phone" and not draft.given.get("starts") and "network" not in draft.given:
        draft.put("network", LIGHT, f"at most 1 MB: {MEGABYTES['light']} MB instead of {MEGABYTES['start']}")
        draft.put("starts", [], "none is so light")
        if wishes.starts:
            heavier = ", ".join(f"{name} makes {MEGABYTES[_kind_of_start(name)]} MB" for name in ordered)
            draft.warn(
                f"for a phone training begins with nothing, in a network of {MEGABYTES['light']} MB: no start is so "
                f"light ({heavier}). It takes more photos or minutes for the same figures; where these matter more "
                f"than megabytes, leave out --for phone, or write starts: [{ordered[0]}] into a configuration"
            )
        return
    if wishes.purpose == "phone":
        what = "network" if "network" in draft.given else "starts"
        draft.warn(f"what the configuration says of {what} wins: the model isn't made light for a phone")
    if "network" in draft.given:
        draft.put("starts", [], "the network was asked for: it begins with nothing")
    elif not ordered:
        draft.put("starts", [], "none is there, or asked for: begin with nothing")
    elif len(ordered) == 1:
        draft.put("starts", ordered, "begin with this")
    else:
        draft.put("starts", ordered, "a short race on the same photos says with which to begin")


def _training(found: Statistics, draft: Draft) -> None:
    draft.put("training.batch", BATCH, "many small steps suit a training of minutes")
    if "training.steps" in draft.given:
        steps = draft.put("training.steps", None, "")
        if isinstance(steps, int) and steps > 0:
            draft.put("training.warmup", min(200, max(1, steps // 15)), "a fifteenth of the steps")
            averaging = round(min(0.999, max(0.9, 1 - 10 / steps)), 4)
            draft.put("training.averaging", averaging, "over a tenth of the steps")
            draft.put("training.checkpoint_every", math.ceil(steps / 8), "eight looks at the calibration photos")
        return
    photos, classes = len(found.photos), len(found.classes)
    useful = int(np.clip(round(10 + photos / 50 + classes / 2), *MINUTES))
    number = f"{counted(photos, 'photo')}, {classes} {'class' if classes == 1 else 'classes'}"
    draft.put("training.minutes", useful, f"{number}: more would help little; steps follow from the first batches")


def _warnings(found: Statistics, draft: Draft) -> None:
    groups, classes = found.groups, found.classes
    if len(groups) < FEW_PHOTOS:
        draft.warn(
            f"{len(groups)} {'photos' if len(groups) == len(found.photos) else 'groups of photos'} are few: figures "
            "from so few say little, take them as a hint. A hundred photos make a detector, 30 a trial"
        )
    if found.empty >= MOSTLY_EMPTY * len(found.photos):
        draft.warn(
            f"{found.empty:,} of {len(found.photos):,} photos have no object: if they do show some, label them; what "
            "isn't labelled is learned as background"
        )
    few = [name for name in classes if found.counts[name] < FEW_OBJECTS]
    if few:
        told = [f"{name} ({found.counts[name]})" for name in few[:12]]
        rest = f" and {len(few) - 12} more" if len(few) > 12 else ""
        draft.warn(f"few objects to learn from: {', '.join(told)}{rest}; label more of them first")
    if split := _valid(draft):
        absent = splitting.missing(groups, split, classes)
        if absent["train"]:
            draft.warn(f"in no photo that is learned from: {listed(absent['train'])}; such a class can't be found")
        if absent["validation"]:
            draft.warn(f"in no photo that is judged on: {listed(absent['validation'])}; they have no figure")
