"""The step that makes a start: out of a published network, or of a finished training."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training import command
from training.config import load
from training.errors import ModelError
from training.models import load_description, load_weights
from training.outputs import whole_folder
from training.starts.folder import WEIGHTS, Layers, write
from training.starts.tflite import SIDE, Published

CARDS = Path(__file__).parent / "cards"
REFERENCE = "reference.npz"
# Where the network lies in the package's file, and its SHA-256, which MediaPipe's build rules pin as well.
BYTES = slice(184, 9987912)
SHA256 = "d0a5255bf8c4f5a0bc4240741a76c41d5e939f7655078f945f50ab53a9375da6"
APACHE = "Apache-2.0"


def of_published(assets: Path, package: str, integrity: str, made_by: str, licence: Path, folder: Path) -> None:
    """Write the start ``mobilenet_v2`` to ``folder``.

    Args:
        assets: the package's file that holds the network
        package: NAME@VERSION it is from
        integrity: of the package, compared by who fetched it
        made_by: the command that people type
        licence: text of the Apache licence
        folder: to write into

    Raises:
        ModelError: the file holds another network than was looked at
    """
    content = assets.read_bytes()[BYTES]
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise ModelError(f"{assets}: the network in it has the SHA-256 {digest}, not {SHA256}: another version?")
    network = Published(content)
    layers = network.weights()
    reference, differences = network.compare(picture(SIDE))
    description = {
        "name": "mobilenet_v2",
        "network": {"body": "mobilenet_v2"},
        "classes": [],
        "terms": [
            {
                "name": "MobileNetV2 of MediaPipe Objectron",
                "licence": APACHE,
                "notice": "Begun with weights that Google trained on Open Images, by The MediaPipe Authors.",
                "restricted": False,
            }
        ],
        "source": {"package": package, "integrity": integrity, "file": assets.name, "file_sha256": digest},
        "command": made_by,
        "differences": differences,
    }
    write(folder, description, layers)
    np.savez_compressed(folder / REFERENCE, allow_pickle=False, **reference)
    shutil.copyfile(CARDS / "mobilenet_v2.notice", folder / "NOTICE")
    rows = [f"| {name} | {one['largest']:.1e} | {one['of']:.1f} |" for name, one in differences.items()]
    figures = {"package": package, "file": assets.name, "sha256": digest, "differences": "\n".join(rows)}
    _card("mobilenet_v2", layers, made_by, licence, folder, figures)


def of_training(checkpoint: Path, name: str, made_by: str, licence: Path, folder: Path) -> None:
    """Write a finished training as the start ``name`` to ``folder``; arguments as above.

    Raises:
        ModelError: ``checkpoint`` holds no finished training, or one whose terms restrict its use
    """
    earlier, config = load_description(checkpoint), load(checkpoint / "config.yaml")
    restricted = [term["name"] for term in earlier.get("terms", []) if term["restricted"]]
    if restricted:
        raise ModelError(f"{checkpoint}: the terms of {', '.join(restricted)} restrict its use; a start is for anybody")
    model = load_weights(checkpoint, config)
    layers = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    description = {
        "name": name,
        "network": json.loads(config.network.model_dump_json()),
        "classes": list(config.classes),
        "terms": earlier.get("terms", []),
        "trained": earlier["provenance"],
        "command": made_by,
    }
    write(folder, description, layers)
    _card(name, layers, made_by, licence, folder, {"classes": len(config.classes)})


def picture(side: int) -> np.ndarray:
    """Blurred and sharp noise, uint8 [side, side, 3], always the same: something to look at without anybody's photo."""
    rng = np.random.default_rng(7)
    sizes = (5, 20, 80)
    layers = [cv2.resize(rng.random((size, size, 3)), (side, side), interpolation=cv2.INTER_CUBIC) for size in sizes]
    return np.clip(np.mean(layers, 0) * 255, 0, 255).astype(np.uint8)


def _card(name: str, layers: Layers, made_by: str, licence: Path, folder: Path, figures: dict[str, Any]) -> None:
    shutil.copyfile(licence, folder / "LICENSE")
    figures |= {
        "parameters": sum(value.size for values in layers.values() for value in values),
        "bytes": (folder / WEIGHTS).stat().st_size,
        "command": made_by,
    }
    card = (CARDS / f"{name}.md").read_text("utf-8")
    (folder / "README.md").write_text(card.format(**figures), "utf-8")


def main() -> None:
    """Make a start of a package's file, or of a finished training."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--name", required=True, choices=sorted(path.stem for path in CARDS.glob("*.md")))
    parser.add_argument("--assets", type=Path, help="mobilenet_v2: file of the package that holds the network")
    parser.add_argument("--package", help="NAME@VERSION it is from")
    parser.add_argument("--integrity", help="of the package, as npm writes it")
    parser.add_argument("--checkpoint", type=Path, help="others: folder of a finished training")
    parser.add_argument("--command", required=True, help="what was typed, for the card")
    parser.add_argument("--licence", type=Path, required=True, help="text of the Apache licence")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with whole_folder(options.out) as folder:
        if options.assets:
            of_published(options.assets, options.package, options.integrity, options.command, options.licence, folder)
        else:
            of_training(options.checkpoint, options.name, options.command, options.licence, folder)
    print(options.out)


if __name__ == "__main__":
    command.run(main)
