"""The photos of a folder as a browser can show them, for people who label: sizes, and copies of what it can't open.

``DIR/photos.json`` (``schemas/photos.schema.json``) lists them. Sizes are those that labels are checked against. What
no browser opens, as HEIC and TIFF, is copied as a smaller JPEG, which is kept from one call to the next.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from training import command
from training.data import pictures
from training.data.folder import walk
from training.data.pictures import PictureError
from training.outputs import write_whole
from training.parallel import in_order

LISTING = "photos.json"
SHOWN = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "AVIF", "BMP", "DIB")
"""As Pillow calls what every browser opens, whatever the file is called."""
SIDE, QUALITY = 2560, 90
"""Pixels of a copy's longer side, and JPEG's quality: enough to draw frames on."""


def main() -> None:
    """List the photos of a folder, and copy those that browsers can't show."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    folder = walk(options.images)
    names = folder.pictures()
    look = partial(_listed, options.images, options.out)
    photos = list(command.progress(in_order(look, names), len(names), "photos looked at"))
    options.out.mkdir(parents=True, exist_ok=True)
    write_whole(options.out / LISTING, json.dumps({"photos": photos, "notes": folder.notes()}, ensure_ascii=False))


def _listed(images: Path, out: Path, name: str) -> dict[str, Any]:
    """What is known of one photo, or why it can't be shown."""
    path = images / name
    try:
        width, height = pictures.size(path)
        with Image.open(path) as image:
            is_shown = image.format in SHOWN
        copy = None if is_shown else _copy(path, out)
    except PictureError as error:
        return {"name": name, "problem": str(error)}
    except OSError as error:
        return {"name": name, "problem": error.strerror or "can't be opened"}
    return {"name": name, "width": width, "height": height, **({"copy": copy} if copy else {})}


def _copy(path: Path, out: Path) -> str:
    """The name of the photo's copy in ``out``, which is made where there is none of this very file."""
    status = path.stat()
    digest = hashlib.sha256(f"{path}\0{status.st_size}\0{status.st_mtime_ns}".encode()).hexdigest()
    copy = out / f"{digest[:24]}.jpg"
    if not copy.exists():
        image = pictures.read(path).image
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        out.mkdir(parents=True, exist_ok=True)
        new = copy.with_name(f".{copy.name}.new")
        image.save(new, "JPEG", quality=QUALITY)
        new.replace(copy)
    return copy.name


if __name__ == "__main__":
    command.run(main)
