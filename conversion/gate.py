"""The parity gate: what was trained is what runs, tensor by tensor and in accuracy.

The SavedModel runs in TensorFlow, the graph model in Node through the page's own code, both on the
same letterboxed photos. Two things are judged:

- the largest difference of each output, over every location of every photo. Scores and boxes are
  0–1, so a difference reads as a part of certainty or of the input's side; boxes of a detector that
  has learned little reach far beyond, where nobody sees them: they are compared up to the edge, and
  those of rounded weights where something is seen at all;
- the share of photos that are right, both models' outputs through the same decoding: a photo is
  right when its text (objects in reading order) equals its label's, or, where the manifest says
  that objects aren't read, when it has as many of each class as were labelled. Photos at the edge
  of the threshold change sides by chance, as many up as down: a drop counts beyond two standard
  errors of that (the root of their number; McNemar 1947).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from conversion.graph import Quantization
from conversion.photos import Photo, decoded
from conversion.saved_model import BOXES, SCORES, SavedDetector
from conversion.step import progress
from conversion.web_runtime import Findings, WebRuntime


@dataclass(frozen=True)
class Limits:
    """How far the converted model may be from the trained one, each as a part of 1."""

    scores: float
    boxes: float
    accuracy_drop: float
    """beyond chance"""
    faint: float = 0.0
    """Boxes are compared where a class scores as much in the trained model."""


LIMITS: dict[Quantization, Limits] = {
    # Measured, with a detector trained on SVHN, on 200 photos (scores / boxes), is in brackets; the
    # room above it is for sharper and deeper networks. A wrong operation or weight is off by more
    # than any of these. Same weights: only the order of float32 sums differs (8e-7 / 5e-7).
    "none": Limits(scores=1e-4, boxes=1e-4, accuracy_drop=0.0),
    # 65,536 steps over each kernel's range (9e-5 / 1.4e-4).
    "uint16": Limits(scores=2e-3, boxes=2e-3, accuracy_drop=0.0),
    # 11 bits for each weight (7e-4 / 6e-4).
    "float16": Limits(scores=1e-2, boxes=1e-2, accuracy_drop=0.0),
    # 256 steps over each kernel's range (0.03 / 0.02). The largest differences are at places where
    # the detector is undecided, which accuracy sees or doesn't: hence a drop that is judged as
    # well. Boxes without any score are nobody's: those of a detector that has seen six batches
    # differ by 0.19.
    "uint8": Limits(scores=0.2, boxes=0.15, accuracy_drop=0.005, faint=0.05),
}


@dataclass
class Difference:
    """The largest difference of one output so far, and where it is."""

    largest: float = -1.0
    where: str = ""

    def see(
        self,
        photo: str,
        trained: npt.NDArray[np.float32],
        converted: npt.NDArray[np.float32],
        judged: npt.NDArray[np.bool_],
    ) -> None:
        """Compare one photo's [1, n, k] where ``judged`` [1, n] says; what is no number is infinitely far away."""
        expected = trained.astype(np.float64)
        with np.errstate(invalid="ignore"):
            # Boxes end at the photo's edge: what lies beyond is nothing that anybody sees.
            apart = np.abs(np.clip(expected, 0.0, 1.0) - np.clip(converted, 0.0, 1.0))
        apart[~judged] = 0.0
        apart[~(np.isfinite(expected) & np.isfinite(converted))] = np.inf
        index = np.unravel_index(int(apart.argmax()), apart.shape)
        if apart[index] > self.largest:
            self.largest = float(apart[index])
            self.where = (
                f"photo {photo}, location {index[1]}, column {index[2]}: "
                f"trained {trained[index]:.6g}, converted {converted[index]:.6g}"
            )


def judge(
    saved: SavedDetector, runtime: WebRuntime, photos: Sequence[Photo], quantization: Quantization
) -> dict[str, Any]:
    """Run both models on ``photos`` and return what schemas/gate.schema.json describes.

    Raises:
        PhotoError: a photo can't be read.
        RuntimeFailure: the graph can't be run.
    """
    limits = LIMITS[quantization]
    differences = {BOXES: Difference(), SCORES: Difference()}
    right = {"trained": 0, "converted": 0}
    changed = 0
    for photo, pixels in progress(decoded(photos), len(photos), "gate: photos through both models"):
        image = runtime.letterbox(pixels)
        outputs = {"trained": saved.run(image), "converted": runtime.run(image)}
        everywhere = np.ones(outputs["trained"][SCORES].shape[:2], np.bool_)
        seen = outputs["trained"][SCORES].max(axis=-1) >= limits.faint
        for name, difference in differences.items():
            where = seen if name == BOXES else everywhere
            difference.see(photo.filename, outputs["trained"][name], outputs["converted"][name], where)
        expected = _label(photo, runtime)
        correct = {
            side: _text(runtime.decode(arrays, photo.width, photo.height), runtime) == expected
            for side, arrays in outputs.items()
        }
        for side in right:
            right[side] += correct[side]
        changed += correct["trained"] != correct["converted"]
    accuracy = {side: count / len(photos) for side, count in right.items()}
    drop = (right["trained"] - right["converted"]) / len(photos)
    limit = limits.accuracy_drop + 2 * math.sqrt(changed) / len(photos)
    findings = [
        f"{name}: differs by {difference.largest:.3g}, the limit for {quantization} is {allowed:g}: {difference.where}"
        for (name, difference), allowed in zip(differences.items(), (limits.boxes, limits.scores), strict=True)
        if difference.largest > allowed
    ]
    if drop > limit:
        findings.append(
            f"photos of which all is right: their share falls from {accuracy['trained']:.4f} to "
            f"{accuracy['converted']:.4f} on {len(photos)} photos, the limit for "
            f"{quantization} is a drop of {limit:.4f}"
        )
    return {
        "passed": not findings,
        "photos": len(photos),
        "max_abs_difference": {name: found.largest for name, found in differences.items()},
        "limits": {
            "max_abs_difference": {BOXES: limits.boxes, SCORES: limits.scores},
            "accuracy_drop": limit,
        },
        "photos_right": accuracy,
        "accuracy_drop": drop,
        "findings": findings,
    }


def _label(photo: Photo, runtime: WebRuntime) -> str:
    names = [label.name for label in photo.labels]
    if runtime.manifest["reading"] == "none":
        return " ".join(sorted(names))
    return runtime.read([label.box for label in photo.labels], names)


def _text(found: Findings, runtime: WebRuntime) -> str:
    texts = [number["text"] for number in found["numbers"]]
    return " ".join(sorted(texts)) if runtime.manifest["reading"] == "none" else "".join(texts)
