"""The training configuration: one typed, frozen object read from YAML."""

from __future__ import annotations

import codecs
import difflib
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, model_validator

from training import wording
from training.errors import ConfigurationError

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
STRIDE = 32
"""Coarsest stride of the network: input and crop sides are multiples of it."""
Side = Annotated[int, Field(ge=STRIDE, multiple_of=STRIDE)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Input(_Section):
    """What the exported network sees, pixels."""

    height: Side = 192
    width: Side = 192


class Split(_Section):
    """Shares of the photo groups; the rest is trained on. Membership is a hash of the group: it never moves."""

    validation: Share = 0.10
    """judged on, never tuned on"""
    calibration: Share = 0.05
    """picks the score threshold and the moment to stop"""
    salt: Annotated[int, Field(ge=0)] | None = None
    """another hash: which of few photos are judged on is drawn anew until every split has objects of every class"""


class Records(_Section):
    """How photos are packed."""

    shards: Positive = 4
    max_side: Positive = 640
    """larger photos are scaled down to this many pixels, smaller ones keep their bytes"""


class _Joined(_Section):
    """What follows every body: a pyramid that joins its levels, towers, heads."""

    pyramid: Positive = 64
    """channels of the pyramid that joins strides 8, 16 and 32"""
    box_tower: bool = True
    """whether boxes have a convolution of their own after it; false for checkpoints from before there was one"""


class PlainNetwork(_Joined):
    """Widths and depths. Most of the weights lie at strides 16 and 32, most of the time goes to strides 4 and 8.

    Multiples of 32 train fastest: AMX and Tensor Cores compute bfloat16 in blocks.
    """

    body: Literal["plain"] = "plain"
    stages: tuple[Positive, Positive, Positive, Positive, Positive] = (16, 32, 64, 112, 144)
    """channels at strides 2, 4, 8, 16, 32"""
    blocks: tuple[Positive, Positive, Positive, Positive] = (1, 4, 4, 1)
    """residual convolutions at strides 4, 8, 16, 32"""
    stride: Literal[4, 8] = 4
    """pixels between the places that are asked for an object"""
    tower: Positive = 32
    """channels there, from which classes and boxes are read"""


class MobileNetV2(_Joined):
    """MobileNetV2 of width 1.0 (Sandler et al. 2018), whose weights come from models/start/mobilenet_v2."""

    body: Literal["mobilenet_v2"]
    stride: Literal[4, 8] = 8
    """pixels between the places that are asked for an object"""
    tower: Positive = 64
    """channels there, from which classes and boxes are read"""


def _body(section: object) -> object:
    """Which of the networks a section describes."""
    return section.get("body", "plain") if isinstance(section, dict) else getattr(section, "body", None)


Network = Annotated[
    Annotated[PlainNetwork, Tag("plain")] | Annotated[MobileNetV2, Tag("mobilenet_v2")], Discriminator(_body)
]


class Augmentation(_Section):
    """How a photo becomes a training crop."""

    min_object_height: float = Field(default=16.0, gt=0)
    """pixels in a crop of one photo, lower end of the log-uniform scale; in a mosaic smaller as its parts are"""
    max_object_height: float = Field(default=100.0, gt=0)
    mosaic_share: Share = 0.6
    """crops made of four photos: more objects to learn from, several in one picture, less grey"""
    paste_share: Share = 0.0
    """photos pasted onto one without objects, where the batch has one: small photos on a real ground, not on grey"""
    mirror_share: Share = 0.0
    half_turn_share: Share = 0.0
    mirrored: dict[str, str] = {}
    """what a class's mirror image shows; a photo with an object of a class that isn't named is never mirrored"""
    turned: dict[str, str] = {}
    """the same for half a turn: 6 shows 9"""
    rotation_degrees: float = Field(default=10.0, ge=0, lt=45)
    shear: float = Field(default=0.15, ge=0, lt=1)
    stretch: float = Field(default=0.2, ge=0, lt=1)
    perspective: float = Field(default=0.08, ge=0, lt=0.5)
    """relative change of scale across the crop"""
    background_share: Share = 0.1
    """crops placed anywhere instead of around an object"""
    brightness: float = Field(default=0.25, ge=0, lt=1)
    contrast: float = Field(default=0.35, ge=0, lt=1)
    tint: float = Field(default=0.15, ge=0, lt=1)
    inversion: Share = 0.15
    noise: float = Field(default=12.0, ge=0)
    """standard deviation in grey levels of the noisiest crop"""
    blur_share: Share = 0.15
    blur: float = Field(default=1.2, ge=0)
    """standard deviation in pixels of the most blurred crop, less 0.4"""
    compression_share: Share = 0.2
    compression: float = Field(default=80.0, ge=0, le=99)
    """how far below 100 the JPEG quality of the worst crop is"""


class Training(_Section):
    """The loop."""

    seed: int = 1
    minutes: float | None = Field(default=None, gt=0)
    """instead of steps: time to train in, with what compiling and calibration take; `loop.timetable` makes steps of it,
    and of what isn't written warmup, averaging and checkpoint_every"""
    steps: Positive = 6000
    batch: Positive = 32
    crop: Side = 128
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """auto: bfloat16 where the processor or the GPU computes it natively"""
    learning_rate: float = Field(default=2.5e-3, gt=0)
    body_rate: Share = 1.0
    """part of it that the body learns with: one that has seen much has less to learn"""
    frozen_stem: bool = False
    """whether the body's layers at strides 2 and 4 stay as they began: its edges and colours are anybody's"""
    weight_decay: float = Field(default=0.02, ge=0)
    warmup: Positive = 200
    clip_norm: float = Field(default=5.0, gt=0)
    averaging: float = Field(default=0.998, ge=0, lt=1)
    """decay of the exponential moving average of the weights"""
    checkpoint_every: Positive = 500
    """steps; each also looks at the calibration photos"""
    patience: Positive = 12
    """checkpoints without a better calibration figure before it stops early"""

    @model_validator(mode="after")
    def _time_or_steps(self) -> Training:
        if self.minutes is not None and "steps" in self.model_fields_set:
            raise ValueError("minutes and steps are both written; keep one of them")
        return self


TIMED = ("steps", "warmup", "averaging", "checkpoint_every")
"""Values of a training that follow from `Training.minutes` unless they are written."""


class Suppression(_Section):
    """How overlapping detections are thinned out; see detector.recognition."""

    iou_threshold: Share = 0.35
    class_agnostic: bool = True
    max_candidates: Positive = 300
    max_detections: Positive = 100


class Configuration(_Section):
    """Everything a training run is made from, besides its records."""

    name: str = Field(min_length=1)
    classes: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)
    plan: bool = True
    """whether what isn't written is planned from photos and labels (training.planning); false: it has the defaults"""
    ignored: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """classes of the labels that aren't learned: their objects are passed over"""
    reading: Literal["lines", "none"] = "none"
    """lines: objects are characters, neighbours are joined into numbers"""
    input: Input = Input()
    looks: Literal[1, 2] = 1
    """2: the photo is looked at again as the first look suggests, see detector.looks"""
    split: Split = Split()
    records: Records = Records()
    starts: tuple[str, ...] = ()
    """candidates to begin with, names of ``models/start``, of which the photos choose; none: begin with nothing"""
    network: Network = PlainNetwork()
    """where it isn't written, the chosen start brings its own"""
    augmentation: Augmentation = Augmentation()
    training: Training = Training()
    suppression: Suppression = Suppression()

    @model_validator(mode="after")
    def _consistent(self) -> Configuration:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes has a name twice")
        if both := set(self.classes) & set(self.ignored):
            raise ValueError(f"{', '.join(sorted(both))}: in classes and in ignored")
        if self.split.validation + self.split.calibration >= 1:
            raise ValueError("split leaves nothing to train on")
        if self.augmentation.min_object_height >= self.augmentation.max_object_height:
            raise ValueError("augmentation.min_object_height must be below max_object_height")
        for name in ("mirrored", "turned"):
            table: dict[str, str] = getattr(self.augmentation, name)
            unknown = {*table, *table.values()} - set(self.classes)
            if unknown:
                raise ValueError(f"augmentation.{name} names {', '.join(sorted(unknown))}, which classes doesn't")
        return self


def dump(config: Configuration) -> str:
    """The configuration as YAML, defaults too, so that `parse` gives the same again."""
    document = json.loads(config.model_dump_json())
    if config.training.minutes is not None:
        for name in set(TIMED) - config.training.model_fields_set:
            del document["training"][name]
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


def load(path: Path) -> Configuration:
    """Read a YAML configuration.

    Raises:
        ConfigurationError: names each wrong key or value, and the nearest valid key for a mistyped one
    """
    return parse(_text(path), str(path))


def parse(text: str, where: str) -> Configuration:
    """The configuration in ``text`` (YAML); ``where`` names it in errors. Raises like `load`."""
    return validate(_document(text, where), where)


def read_document(path: Path) -> dict[str, Any]:
    """What a configuration says that needn't be whole: what it leaves out is planned. Raises like `load`."""
    document = _document(_text(path), str(path))
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path}: not a configuration: it has no keys such as training: or classes:")
    return {str(key): value for key, value in document.items()}


def sections() -> frozenset[str]:
    """Keys of a configuration that have keys of their own, and may be planned one by one."""
    return frozenset({"split", "records", "augmentation", "training", "suppression"})


def validate(document: Any, where: str) -> Configuration:
    """The configuration that a document is; ``where`` names it in errors. Raises like `load`."""
    try:
        return Configuration.model_validate(document)
    except ValidationError as error:
        found = error.errors()
        # What holds nothing but wrong entries counts as empty, too.
        real = [one for one in found if one["type"] != "too_short" or not one["input"]]
        findings = "\n".join(f"  {_explain(finding)}" for finding in real)
        raise ConfigurationError(f"{where}: the configuration can't be used\n{findings}") from error


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be read ({error.strerror})") from error
    try:
        return data.decode("utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigurationError(f"{path} line {line}: not UTF-8, Latin-1 perhaps; save it as UTF-8") from error


def _document(text: str, where: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # YAML's dates and numbers can be impossible ones, its lists endlessly deep.
        raise ConfigurationError(f"{where}: not YAML: {error}") from error


BODIES: dict[object, type[BaseModel]] = {"plain": PlainNetwork, "mobilenet_v2": MobileNetV2}


def _explain(finding: object) -> str:
    assert isinstance(finding, dict)
    # Which of the networks it is stands in the place of an error, and not in the file.
    location = tuple(str(part) for part in finding["loc"] if part not in BODIES)
    body = next((BODIES[part] for part in finding["loc"] if part in BODIES), None)
    name = ".".join(location)
    if finding["type"] in ("model_type", "model_attributes_type") and location and not body:
        keys = Configuration.model_fields[location[0]].annotation
        if isinstance(keys, type) and issubclass(keys, BaseModel):
            return f"{name}: {wording.of(finding)}: {', '.join(keys.model_fields)}"
    if finding["type"] != "extra_forbidden":
        return f"{name}: {wording.of(finding)}" if name else wording.of(finding)
    section: type[BaseModel] = body or Configuration
    for part in () if body else location[:-1]:
        annotation = section.model_fields[part].annotation
        assert isinstance(annotation, type)
        section = annotation
    near = difflib.get_close_matches(location[-1], list(section.model_fields), 1, 0.5)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(section.model_fields)}"
    return f"{name}: unknown key; {hint}"
