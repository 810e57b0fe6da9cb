"""A web model in Node, run by the very code that the browser runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict, cast

import numpy as np
import numpy.typing as npt

from conversion.errors import RuntimeFailure
from conversion.node import Companion
from conversion.photos import Pixels

Outputs = dict[str, npt.NDArray[np.float32]]
Box = tuple[float, float, float, float]

Detection = TypedDict("Detection", {"class": str, "score": float, "box": dict[str, float]})
"""One object; its box in pixels of the photo."""


class Number(TypedDict):
    """Objects that are read together."""

    text: str


class Findings(TypedDict):
    """What the page's routine makes of a photo's outputs."""

    detections: list[Detection]
    numbers: list[Number]


class Recognition(Findings):
    """Findings of a whole photo."""

    milliseconds: float


class WebRuntime:
    """A running web model; a context manager that ends Node when left.

    Every method raises `RuntimeFailure` when Node refuses the request, dies, or doesn't answer.
    """

    def __init__(self, web_model: Path, runtime: Path, node: Path | None = None) -> None:
        """Start Node and load the model, whose files are checked against its manifest.

        Args:
            web_model: folder with manifest.json
            runtime: web_runtime.mjs of the built recognizer
            node: Node's program; by default the one of this environment

        Raises:
            RuntimeFailure: Node, the runtime or the model is missing, or the model is not what its
                manifest says.
        """
        if not runtime.is_file():
            raise RuntimeFailure(f"{runtime}: missing; build the recognizer, or name its file")
        path = web_model / "manifest.json"
        if not path.is_file():
            raise RuntimeFailure(f"{web_model}: is no web model (no {path.name}); convert one first")
        self._companion = Companion([runtime, web_model], f"loading {web_model}", node)
        self.manifest = json.loads(path.read_text("utf-8"))

    def __enter__(self) -> Self:
        """Nothing more to do: the model is loaded."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """End Node; at once if something went wrong."""
        self._companion.close(at_once=kind is not None)

    def letterbox(self, photo: Pixels) -> Pixels:
        """RGB [h, w, 3] scaled into the model's input [height, width, 3]."""
        _, image = self._companion.ask("letterbox", _size(photo), photo.tobytes())
        size = self.manifest["input"]
        return np.frombuffer(image, np.uint8).reshape(size["height"], size["width"], 3)

    def run(self, image: Pixels) -> Outputs:
        """All outputs by name for a letterboxed ``image`` [height, width, 3]."""
        answer, payload = self._companion.ask("run", {}, image.tobytes())
        floats, outputs, at = np.frombuffer(payload, "<f4"), {}, 0
        for output in answer["outputs"]:
            size = int(np.prod(output["shape"]))
            outputs[output["name"]] = floats[at : at + size].reshape(output["shape"])
            at += size
        return outputs

    def decode(self, outputs: Outputs, width: int, height: int) -> Findings:
        """What the page would find in a photo of ``width`` × ``height`` pixels with ``outputs``."""
        listed = [{"name": name, "shape": list(array.shape)} for name, array in outputs.items()]
        header = {"width": width, "height": height, "outputs": listed}
        payload = b"".join(array.astype("<f4").tobytes() for array in outputs.values())
        return cast(Findings, self._companion.ask("decode", header, payload)[0])

    def recognize(self, photo: Pixels, min_score: float) -> Recognition:
        """Everything from pixels [h, w, 3] to detections that score at least ``min_score``."""
        header = {**_size(photo), "min_score": min_score}
        return cast(Recognition, self._companion.ask("recognize", header, photo.tobytes())[0])

    def read(self, boxes: Sequence[Box], names: Sequence[str]) -> str:
        """``names`` of the ``boxes`` (ymin, xmin, ymax, xmax), concatenated in reading order."""
        header = {"boxes": list(boxes), "names": list(names)}
        return cast(str, self._companion.ask("read", header)[0]["text"])


def _size(photo: Pixels) -> dict[str, int]:
    return {"width": photo.shape[1], "height": photo.shape[0]}
