"""Writes a digitStruct.mat as MATLAB wrote SVHN's: the layout of the official file, with nothing of its content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

Boxes = Mapping[str, Sequence[float]]
"""height, left, top, width and label, one number per digit each."""
USER_BLOCK = 512
HEADING = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Oct 03 19:43:59 2011 HDF5 schema 1.00 ."


def write(path: Path, items: Sequence[tuple[str, Boxes]]) -> None:
    """Write a file of photos: name and boxes."""
    reference = h5py.ref_dtype
    with h5py.File(path, "w", userblock_size=USER_BLOCK) as file:
        # Everything that is referred to lies in #refs#, under names that mean nothing.
        pool, root = file.create_group("#refs#"), file.create_group("digitStruct")
        root.attrs["MATLAB_class"] = np.bytes_("struct")
        names = root.create_dataset("name", (len(items), 1), reference)
        boxes = root.create_dataset("bbox", (len(items), 1), reference)
        for index, (name, fields) in enumerate(items):
            codes = np.array([[code] for code in name.encode("utf-16-le")[::2]], np.uint16)
            text = pool.create_dataset(f"n{index}", data=codes)
            text.attrs["MATLAB_class"] = np.bytes_("char")
            names[index, 0] = text.ref
            group = pool.create_group(f"b{index}")
            for field, values in fields.items():
                if len(values) == 1:
                    group.create_dataset(field, data=np.array([[values[0]]], np.float64))
                    continue
                column = group.create_dataset(field, (len(values), 1), reference)
                for digit, value in enumerate(values):
                    one = pool.create_dataset(f"{field}{index}.{digit}", data=np.array([[value]], np.float64))
                    column[digit, 0] = one.ref
            boxes[index, 0] = group.ref
    with path.open("r+b") as raw:
        raw.write(HEADING.ljust(116))
