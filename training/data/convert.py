"""Annotations of any format, checked, in another one: DIR/annotations.csv, .json, or a folder of Pascal VOC."""

from __future__ import annotations

import argparse
from pathlib import Path

from training import command
from training.data import formats, reports
from training.data.selection import add_skip_argument, add_source_arguments, read, total
from training.outputs import whole_folder


def main() -> None:
    """Write annotations in another format."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    add_source_arguments(parser)
    add_skip_argument(parser)
    parser.add_argument("--to", choices=formats.WRITABLE, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with reports.kept(options.out), whole_folder(options.out) as folder:
        found = read(options.images, options.annotations, options.groups, skip_bad=options.skip_bad, keep=True)
        written = formats.write(found, folder / "annotations", options.to)
        reports.put(found.skipped, folder)
    found.notes.extend(formats.lost(found, options.to))
    reports.tell(found, options.out)
    print(f"{total(found.photos)}: {written.name}")


if __name__ == "__main__":
    command.run(main)
