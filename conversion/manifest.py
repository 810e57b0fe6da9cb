"""manifest.json: what the page has to know of a web model, and refuses to run without."""

from __future__ import annotations

import hashlib
import json
from importlib import metadata
from pathlib import Path
from typing import Any

from conversion import contracts

FILE = "manifest.json"
FORMAT_VERSION = 1
LETTERBOX = {"anchor": "top-left", "fill": 114, "resample": "bilinear-antialias"}
"""How a photo is laid into the input; training uses the same."""
CONVERTERS = ("tensorflow-cpu", "tensorflowjs")
KEPT = ("name", "classes", "reading", "background_column", "score_threshold", "suppression")
KEPT_WHERE_SAID = ("class_thresholds", "score_calibration", "terms")
"""What a detector says of itself, and conversion hands on as it is."""

Manifest = dict[str, Any]


def describe(
    detector: dict[str, Any],
    folder: Path,
    names: tuple[str, str, str],
    quantization: str,
    kernels: list[str],
    commit: str | None,
) -> Manifest:
    """The manifest of the graph model in ``folder``, without gate and evaluation.

    Args:
        detector: content of detector.json
        folder: the files of the web model
        names: of the input, the boxes and the scores
        quantization: of the weights
        kernels: operations of the graph
        commit: of the code that converts, if known
    """
    image, boxes, scores = names
    provenance = detector["provenance"]
    versions = {f"conversion/{package}": metadata.version(package) for package in CONVERTERS}
    return {
        "format_version": FORMAT_VERSION,
        **{key: detector[key] for key in KEPT},
        **{key: detector[key] for key in KEPT_WHERE_SAID if key in detector},
        "input": {"name": image, **detector["input"], "letterbox": LETTERBOX},
        "looks": detector.get("looks", 1),
        "outputs": {"boxes": boxes, "scores": scores},
        "quantization": quantization,
        "kernels": kernels,
        "files": [_entry(path) for path in sorted(folder.iterdir()) if path.name != FILE],
        "provenance": {
            **provenance,
            "conversion_commit": commit,
            "versions": {**provenance["versions"], **versions},
        },
    }


def write(manifest: Manifest, folder: Path) -> None:
    """Check ``manifest`` and write it into ``folder``, the same bytes for the same content."""
    contracts.hold("manifest", manifest)
    words = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / FILE).write_text(f"{words}\n", "utf-8")


def _entry(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {
        "path": path.name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
