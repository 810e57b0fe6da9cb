"""Annotations of any format, checked, in another one: DIR/annotations.csv, .json, or a folder of Pascal VOC."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from training import command
from training.data import formats, reports
from training.data.selection import add_skip_argument, add_source_arguments, total
from training.data.sources import Source, unpacked
from training.outputs import whole_folder


def main() -> None:
    """Write annotations in another format."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_source_arguments(parser, may_be_packed=True)
    add_skip_argument(parser)
    parser.add_argument("--to", choices=formats.WRITABLE, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with (
        reports.kept(options.out),
        whole_folder(options.out) as folder,
        tempfile.TemporaryDirectory(dir=folder.parent) as scratch,
    ):
        notes: list[str] = []
        given = Source("photos", options.images, options.annotations or options.images, options.groups)
        found = unpacked(given, Path(scratch), notes).read(options.skip_bad, keep=True)
        found.notes.extend(notes)
        written = formats.write(found, folder / "annotations", options.to)
        reports.put(found.skipped, folder)
    found.notes.extend(formats.lost(found, options.to))
    reports.tell(found, options.out)
    print(f"{total(found.photos)}: {written.name}")


if __name__ == "__main__":
    command.run(main)
