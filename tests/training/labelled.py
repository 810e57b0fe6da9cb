"""Small labelled sets for tests, as people have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from training.data.labels import Annotations

HEADER = "filename,width,height,class,xmin,ymin,xmax,ymax"


def pictures(folder: Path, *names: str) -> Path:
    """Photos of 40 × 30 pixels."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), "red").save(folder / name)
    return folder


def table(folder: Path, *rows: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    file = folder / "a.csv"
    file.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    return file


def coco(folder: Path, **changes: Any) -> Path:
    document = {
        "images": [{"id": number, "file_name": f"{name}.jpg"} for number, name in enumerate("abc", 1)],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 8, 18]},
            {"id": 2, "image_id": 2, "category_id": 1, "bbox": [4, 2, 5, 18]},
        ],
        "categories": [{"id": 1, "name": "cat"}],
        **changes,
    }
    file = folder / "a.json"
    file.write_text(json.dumps(document))
    return file


def voc(file: Path, filename: str, *names: str, size: str = "") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    box = "<bndbox><ymax>20</ymax><xmin>1</xmin><xmax>9</xmax><ymin>2</ymin></bndbox>"
    objects = "".join(f"<object><name>{name}</name>{box}</object>" for name in names)
    file.write_text(f"<annotation><filename>{filename}</filename>{size}{objects}</annotation>")
    return file.parent


def kept(found: Annotations) -> dict[str, list[str]]:
    return {photo.filename: [item.name for item in photo.objects] for photo in found.photos}
