"""A run: the folder of what the steps make of one set of photos, and what was asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.errors import UsageError
from infra.settings import Quantization, settings


Purpose = Literal["desk", "phone"]
"""What a model is for, which says what it may cost."""


class Origin(BaseModel):
    """Photos and labels that were taken in from elsewhere: a ZIP, or an export with a split of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    photos: Path
    labels: Path | None = None
    groups: Path | None = None
    as_exported: bool = False


class Request(BaseModel):
    """What a run is made from, kept as ``run.json`` so that its tasks can be called alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    config: Path | None = None
    """what a person wrote of the configuration; the rest is planned"""
    images: Path
    annotations: Path
    groups: Path | None = None
    data: Path | None = None
    """file of the sources that ``images`` and ``annotations`` were merged from"""
    origin: Origin | None = None
    """what ``images`` and ``annotations`` were taken in from"""
    skip_bad: bool = False
    quantize: Quantization
    start: Path | None = None
    """what to begin with, whatever a race would say: a start, or a checkpoint of a finished training"""
    starts: tuple[str, ...] | None = None
    """names of the starts of which a race chooses; None: those that anybody may use"""
    classes: tuple[str, ...] | None = None
    """of the labels, which to learn; None: as the plan says"""
    minutes: float | None = None
    """of training"""
    steps: int | None = None
    purpose: Purpose = "desk"
    photos: int | None = None
    """so many were drawn, with ``seed``"""
    seed: int | None = None


@dataclass(frozen=True)
class Run:
    """The paths of a run."""

    folder: Path

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.folder.name

    @property
    def photos(self) -> Path:
        """Synthetic photos with their labels."""
        return self.folder / "photos"

    @property
    def check(self) -> Path:
        """What is odd about the photos and their labels."""
        return self.folder / "check"

    @property
    def plan(self) -> Path:
        """The planned configuration, with its reasons."""
        return self.folder / "plan"

    @property
    def proposal(self) -> Path:
        """A plan that was only to be looked at, while the run holds a training by another."""
        return self.folder / "proposal"

    @property
    def race(self) -> Path:
        """Which start suits the photos, and the configuration with it."""
        return self.folder / "race"

    @property
    def records(self) -> Path:
        """TFRecords and the labels of each split."""
        return self.folder / "records"

    @property
    def validation(self) -> Path:
        """Labels of the validation split."""
        return self.records / "validation.csv"

    @property
    def checkpoints(self) -> Path:
        """What training left."""
        return self.folder / "checkpoints"

    @property
    def saved_model(self) -> Path:
        """The exported detector."""
        return self.folder / "saved_model"

    @property
    def web_model(self) -> Path:
        """The converted detector that passed its gate."""
        return self.folder / "web_model"

    @property
    def predictions(self) -> Path:
        """What the web model says of the validation photos."""
        return self.folder / "predictions"

    @property
    def evaluation_trained(self) -> Path:
        """Figures of the checkpoint."""
        return self.folder / "evaluation" / "trained"

    @property
    def evaluation_web(self) -> Path:
        """Figures of the web model."""
        return self.folder / "evaluation" / "web"

    @property
    def smoke(self) -> Path:
        """What the built page answered in a browser."""
        return self.folder / "smoke"

    @property
    def smoke_deployed(self) -> Path:
        """What the page answered at an address that it was deployed to."""
        return self.folder / "smoke_deployed"

    def save(self, request: Request, meaning: Mapping[str, str | None] | None = None) -> None:
        """Remember what the run is made from, and what that means, see `keeping`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        content = request.model_dump(mode="json") | ({"meaning": dict(meaning)} if meaning else {})
        new = self.folder / ".run.json.new"
        new.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        new.replace(self._file)

    def request(self) -> Request:
        """What the run is made from.

        Raises:
            UsageError: nobody has said so yet.
        """
        content = self._remembered()
        content.pop("meaning", None)
        try:
            return Request.model_validate(content)
        except ValidationError as error:
            raise UsageError(f"{self._file} can't be used; call ./inv data.records again: {error}") from error

    def meaning(self) -> dict[str, str | None] | None:
        """What the run's request means; None for a run from before that was remembered. Raises like `request`."""
        found: dict[str, str | None] | None = self._remembered().get("meaning")
        return found

    @property
    def _file(self) -> Path:
        return self.folder / "run.json"

    def _remembered(self) -> dict[str, Any]:
        try:
            content = json.loads(self._file.read_text("utf-8"))
        except OSError as error:
            raise UsageError(f"there is no run {self.name}; {_known()}: ./inv pipeline makes one") from error
        except ValueError as error:
            raise UsageError(f"{self._file} can't be used; call ./inv data.records again: {error}") from error
        if not isinstance(content, dict):
            raise UsageError(f"{self._file} can't be used; call ./inv data.records again: it isn't a table")
        return content


def _known() -> str:
    folder = settings().paths.runs
    names = sorted(path.parent.name for path in folder.glob("*/run.json"))
    return f"there are {', '.join(names)}" if names else "there are none yet"
