"""A trained detector as TensorFlow runs it: the side of the gate that the browser has to match."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from conversion import contracts
from conversion.errors import SavedModelError
from conversion.meaning import Meaning

INPUT = "image"
BOXES, SCORES = "detection_boxes", "detection_multiclass_scores"
SIGNATURES = ("detect", "serving_default")
"""`detect` is this project's; exports of the Object Detection API have the other."""
RAW_BOXES, RAW_SCORES = "raw_detection_boxes", "raw_detection_scores"
"""What goes into suppression, where a graph has it inside: the Object Detection API exports both beside its results,
one box per anchor (one per anchor and class, from Faster R-CNN, is not what the page takes)."""

Outputs = dict[str, npt.NDArray[np.float32]]


class SavedDetector:
    """A SavedModel narrowed to what the page needs, whatever else it computes.

    ``function`` maps `INPUT`, float32 [1, height, width, 3] RGB 0–255, to `BOXES` [1, n, 4] and
    `SCORES` [1, n, c], whatever they are called in the SavedModel: ``sources`` are their names there. ``detector`` is
    the content of detector.json, checked.
    """

    def __init__(self, folder: Path, detector_file: Path | None = None, *, any_columns: bool = False) -> None:
        """Load ``folder``.

        Args:
            folder: the SavedModel
            detector_file: what its tensors mean; by default ``folder``/detector.json
            any_columns: leave it to `check_columns` whether there is one for each class

        Raises:
            SavedModelError: one of both is missing, unreadable, or they don't belong together.
        """
        self.folder = folder
        if not (folder / "saved_model.pb").is_file():
            raise SavedModelError(f"{folder}: is no SavedModel (no saved_model.pb); export one or name its folder")
        self.description = detector_file or folder / "detector.json"
        self.detector = _detector(self.description)
        self.meaning = Meaning.of(self.detector)
        try:
            self._loaded = tf.saved_model.load(str(folder))
        except (OSError, ValueError, tf.errors.OpError) as error:
            raise SavedModelError(
                f"{folder}: TensorFlow {tf.__version__} can't load it ({_first_line(error)}); export it again"
            ) from error
        self.function = self._narrowed()
        self.columns = self._check_shapes()
        if not any_columns:
            self.check_columns()

    @property
    def is_foreign(self) -> bool:
        """Whether another program trained it: this project's says on which photos."""
        return self.detector["provenance"].get("data_fingerprint") is None

    def run(self, image: npt.NDArray[np.uint8]) -> Outputs:
        """Both outputs for a letterboxed RGB ``image`` [height, width, 3]."""
        outputs = self.function(tf.constant(image[None], tf.float32))
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    def raw(self, image: Any) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Boxes and scores as they come, for what the SavedModel itself takes: [1, height, width, 3]."""
        outputs = self._call(**{self._input.name: tf.cast(image, self._input.dtype)})
        boxes, scores = (tf.cast(outputs[source], tf.float32).numpy() for source in self.sources)
        return boxes, scores

    def _narrowed(self) -> Any:
        signature = self._call = self._signature()
        self.sources = _sources(signature.structured_outputs)
        ((name, spec),) = signature.structured_input_signature[1].items()
        self._input = tf.TensorSpec(spec.shape, spec.dtype, name)
        size = self.detector["input"]
        shape = [1, size["height"], size["width"], 3]
        if not spec.shape.is_compatible_with(shape):
            raise SavedModelError(
                f"{self.folder}: its input {name} is {spec.shape}, detector.json asks for {shape}; "
                "correct the size there, or export with that size"
            )

        def detect(image: tf.Tensor) -> dict[str, tf.Tensor]:
            outputs = signature(**{name: tf.cast(self.meaning.given(image), spec.dtype)})
            boxes, scores = (tf.cast(outputs[source], tf.float32) for source in self.sources)
            # Nodes of these very names are what the graph is cut at, and what the page asks for.
            return {
                BOXES: tf.identity(self.meaning.corners(boxes, size["height"], size["width"]), name=BOXES),
                SCORES: tf.identity(self.meaning.certainties(scores), name=SCORES),
            }

        given = tf.TensorSpec(shape, tf.float32, name=INPUT)
        return tf.function(detect, input_signature=[given]).get_concrete_function()

    def _signature(self) -> Any:
        signatures = self._loaded.signatures
        for name in SIGNATURES:
            outputs = signatures[name].structured_outputs if name in signatures else {}
            if set(_sources(outputs)) <= set(outputs):
                if len(signatures[name].structured_input_signature[1]) != 1:
                    raise SavedModelError(
                        f"{self.folder}: signature {name} must have one input, the image; "
                        f"it has {', '.join(signatures[name].structured_input_signature[1])}"
                    )
                return signatures[name]
        found = "; ".join(f"{name} with {', '.join(signatures[name].structured_outputs)}" for name in signatures)
        raise SavedModelError(
            f"{self.folder}: needs a signature {SIGNATURES[0]} (or {SIGNATURES[1]}) with the "
            f"outputs {BOXES} and {SCORES}; it has {found or 'none'}. Export it with these names"
        )

    def _check_shapes(self) -> int:
        """Columns of the scores."""
        size = self.detector["input"]
        self._boxes, self._scores = (
            array.shape for array in self.raw(np.full((1, size["height"], size["width"], 3), 127, np.float32))
        )
        if len(self._boxes) != 3 or self._boxes[0] != 1 or self._boxes[2] != 4:
            raise SavedModelError(f"{self.folder}: {self.sources[0]} must be [1, n, 4], it is {list(self._boxes)}")
        if len(self._scores) != 3 or self._scores[:2] != self._boxes[:2]:
            raise SavedModelError(
                f"{self.folder}: {self.sources[1]} must have a row for each of {self._boxes[1]} boxes, it is "
                f"{list(self._scores)}"
            )
        return int(self._scores[2])

    def check_columns(self) -> None:
        """Hold the columns of the scores to the classes.

        Raises:
            SavedModelError: there are others than detector.json says
        """
        background = self.meaning.background != "none"
        columns = len(self.detector["classes"]) + background
        if self.columns != columns:
            raise SavedModelError(
                f"{self.folder}: {self.sources[1]} is {list(self._scores)}, but detector.json's "
                f"{len(self.detector['classes'])} classes with{'' if background else 'out'} a "
                f"background column ask for {[1, self._boxes[1], columns]}; correct classes or "
                "background_column there, or tensors.background where the last column is it"
            )


def _sources(outputs: dict[str, Any]) -> tuple[str, str]:
    """Names of boxes and scores among a signature's outputs: those before suppression where they are exported."""
    if {RAW_BOXES, RAW_SCORES} <= outputs.keys() and outputs[RAW_BOXES].shape.rank in (None, 3):
        return RAW_BOXES, RAW_SCORES
    return BOXES, SCORES


def _detector(path: Path) -> dict[str, Any]:
    try:
        detector = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise SavedModelError(
            f"{path}: missing; it says what the tensors mean. For a SavedModel made "
            "elsewhere, write one by schemas/detector.schema.json and pass it with --detector"
        ) from error
    except (OSError, ValueError) as error:
        raise SavedModelError(f"{path}: can't be read ({error})") from error
    if found := contracts.violation("detector", detector) or _contradiction(detector):
        raise SavedModelError(f"{path}: breaks schemas/detector.schema.json at {found}")
    if detector["background_column"] and "background" in detector.get("tensors", {}):
        raise SavedModelError(f"{path}: background_column is the first column, tensors.background another; say one")
    checked: dict[str, Any] = detector
    return checked


def _contradiction(detector: dict[str, Any]) -> str | None:
    """Where fields that are right by themselves don't belong together; no schema can say that."""
    thresholds = detector.get("class_thresholds", {})
    if unknown := sorted(set(thresholds) - set(detector["classes"])):
        return f"$.class_thresholds: {', '.join(unknown)} isn't among the classes"
    if thresholds and detector["reading"] != "none":
        return "$.class_thresholds: objects that are read together share score_threshold; leave it out"
    if calibration := detector.get("score_calibration"):
        scores, probabilities = calibration["scores"], calibration["probabilities"]
        if len(scores) != len(probabilities):
            return f"$.score_calibration: {len(scores)} scores with {len(probabilities)} probabilities"
        if scores != sorted(scores) or probabilities != sorted(probabilities):
            return "$.score_calibration: scores and probabilities have to rise"
    return None


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
