"""Labelled photos cut to the hull of their labels' boxes: the protocol that readers of house numbers are compared by.

Goodfellow et al. 2013, "Multi-digit Number Recognition from Street View Imagery using Deep Convolutional Neural
Networks", section 5.1: the hull is made larger by 30 % in both directions, and the photo cropped to it.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path, PurePosixPath

from PIL import Image

from training import command
from training.data.formats import LabelledObject, Photo, read_csv
from training.data.photos import decode
from training.data.selection import csv_text
from training.errors import AnnotationError
from training.findings import counted
from training.outputs import fitting, whole_folder

ENLARGEMENT = 0.3


def region(photo: Photo, enlargement: float = ENLARGEMENT) -> tuple[int, int, int, int]:
    """The part of a photo to keep: left, top, right, bottom in whole pixels, within the photo."""
    left, right = min(item.xmin for item in photo.objects), max(item.xmax for item in photo.objects)
    top, bottom = min(item.ymin for item in photo.objects), max(item.ymax for item in photo.objects)
    across, down = (right - left) * enlargement / 2, (bottom - top) * enlargement / 2
    return (
        max(0, math.floor(left - across)),
        max(0, math.floor(top - down)),
        min(photo.width, math.ceil(right + across)),
        min(photo.height, math.ceil(bottom + down)),
    )


def cropped(photo: Photo, kept: tuple[int, int, int, int]) -> Photo:
    """The label of the part ``kept`` of a photo, a PNG file."""
    left, top, right, bottom = kept
    objects = [
        LabelledObject(item.name, item.xmin - left, item.ymin - top, item.xmax - left, item.ymax - top)
        for item in photo.objects
    ]
    # The whole name stays in it, so that a.jpg and a.png remain two photos.
    path = PurePosixPath(photo.filename)
    filename = str(path.with_name(fitting(path.name, ".png")))
    return replace(photo, filename=filename, width=right - left, height=bottom - top, objects=objects)


def main() -> None:
    """Cut labelled photos to their numbers; writes DIR/images and DIR/annotations.csv."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--images", type=Path, required=True, help="folder of photos")
    parser.add_argument("--annotations", type=Path, required=True, help="CSV file of labels")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    found = read_csv(options.annotations).photos
    photos = [photo for photo in found if photo.objects]
    if not photos:
        raise AnnotationError(f"{options.annotations}: no photo has an object to cut out; evaluate without --crop")
    with whole_folder(options.out) as folder:
        cut = []
        for photo in command.progress(photos, len(photos), "photos cut"):
            kept = region(photo)
            cut.append(cropped(photo, kept))
            path = folder / "images" / cut[-1].filename
            path.parent.mkdir(parents=True, exist_ok=True)
            # Lossless: a second compression would be judged as well.
            Image.fromarray(decode(options.images / photo.filename)).crop(kept).save(path)
        (folder / "annotations.csv").write_text(csv_text(cut))
    print(f"{counted(len(cut), 'photo')} cut, {len(found) - len(cut)} without an object left out")


if __name__ == "__main__":
    command.run(main)
