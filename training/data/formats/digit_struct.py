"""SVHN's ``digitStruct.mat``: the labels of the official full-number archives, beside their PNGs.

A MATLAB 7.3 file, which is HDF5: ``digitStruct/name`` and ``digitStruct/bbox`` are columns of references. A name is a
column of UTF-16 codes; a bbox is a group with ``height``, ``left``, ``top``, ``width`` and ``label``, each one number
where the photo has one digit, and else a column of references to one number each. Label 10 is the digit 0. Sizes of
photos aren't in the file. http://ufldl.stanford.edu/housenumbers/ (Netzer et al. 2011)

Read through h5py's low-level interface: a digit takes five references to follow, and that is ten times as fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5r, h5s, h5t

from training import command
from training.data.formats.checking import Checker
from training.data.formats.entries import Box, Entry, Fault
from training.data.formats.files import LabelFile
from training.errors import AnnotationError
from training.findings import Kind, Where

FILE = "digitStruct.mat"
FIELDS = {
    "filename": "name",
    "class": "bbox.label",
    "xmin": "bbox.left",
    "ymin": "bbox.top",
    "xmax": "bbox.left + bbox.width",
    "ymax": "bbox.top + bbox.height",
}
FIELD_FAULTS = (ValueError, TypeError, AttributeError, KeyError, OSError, RuntimeError)
"""What h5py raises where something else stands than should."""
NUMBERS = ("label", "left", "top", "width", "height")
DIGITS = {float(label): str(label % 10) for label in range(1, 11)}


def read(chosen: Sequence[LabelFile], checker: Checker) -> None:
    """Give the items of files to ``checker``. Raises AnnotationError."""
    for one in chosen:
        _read(one.path, checker)


def _read(path: Path, checker: Checker) -> None:
    try:
        with h5py.File(path) as file:
            names, boxes = (_column(file, f"digitStruct/{part}", path) for part in ("name", "bbox"))
            if len(names) != len(boxes):
                raise AnnotationError(f"{path}: digitStruct has {len(names)} names and {len(boxes)} bboxes")
            items = zip(names, boxes, strict=True)
            for number, (name, box) in enumerate(command.progress(items, len(names), f"items of {path.name}"), 1):
                where = Where(path.name, f"item {number}")
                try:
                    filename = _text(file, name)
                except FIELD_FAULTS as error:
                    checker.reject(where, Fault(Kind.FORMAT, "name", f"can't be read: {error}"))
                    continue
                checker.add(Entry(where, filename, None, _boxes(file, box, where.at(f"item {number} ({filename})"))))
    except OSError as error:
        raise AnnotationError(
            f"{path}: can't be read as MATLAB 7.3 (HDF5): {error}; the labels of full numbers are in {FILE} of "
            "train.tar.gz, test.tar.gz and extra.tar.gz"
        ) from error


def _column(file: Any, name: str, path: Path) -> Any:
    """All references of a dataset."""
    dataset = file.get(name)
    if not isinstance(dataset, h5py.Dataset) or not _refers(dataset.id):
        raise AnnotationError(f"{path}: not SVHN's form: {name} is no column of references")
    return dataset[()].ravel()


def _refers(dataset: Any) -> bool:
    return bool(dataset.get_type().get_class() == h5t.REFERENCE)


def _values(dataset: Any, kind: Any) -> Any:
    values = np.empty(dataset.shape, kind)
    dataset.read(h5s.ALL, h5s.ALL, values)
    return values.ravel()


def _text(file: Any, reference: Any) -> str:
    codes: bytes = _values(h5r.dereference(reference, file.id), np.dtype("<u2")).tobytes()
    return codes.decode("utf-16-le")


def _boxes(file: Any, reference: Any, where: Where) -> list[Box]:
    """The digits of one photo; where a field can't be read, one box with that fault."""
    columns: list[list[float]] = []
    for field in NUMBERS:
        try:
            dataset = h5d.open(h5r.dereference(reference, file.id), field.encode())
            columns.append(_numbers(file, dataset))
        except FIELD_FAULTS as error:
            return [Box(where, fault=Fault(Kind.FORMAT, f"bbox.{field}", f"can't be read: {error}"))]
    lengths = {len(column) for column in columns}
    if len(lengths) != 1:
        said = ", ".join(f"{len(column)} of {name}" for name, column in zip(NUMBERS, columns, strict=True))
        return [Box(where, fault=Fault(Kind.FORMAT, "bbox", f"fields of different lengths: {said}"))]
    return [
        _box(where.at(f"{where.element} digit {number}"), *values)
        for number, values in enumerate(zip(*columns, strict=True), 1)
    ]


def _numbers(file: Any, dataset: Any) -> list[float]:
    if not _refers(dataset):
        return list(map(float, _values(dataset, np.float64)))
    references = _values(dataset, h5py.ref_dtype)
    return [_values(h5r.dereference(reference, file.id), np.float64).item() for reference in references]


def _box(where: Where, label: float, left: float, top: float, width: float, height: float) -> Box:
    if label not in DIGITS:
        return Box(where, fault=Fault(Kind.CLASS, "bbox.label", f"{label:g} is none of 1 to 10"))
    return Box(where, DIGITS[label], (left, top, left + width, top + height))
