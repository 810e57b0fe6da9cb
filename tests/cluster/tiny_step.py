"""A step that takes no time: pieces that say who made them, and a gang that counts together."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

LAST = 6


def main() -> None:
    """Make a piece, join pieces, or count with others up to `LAST`, with a checkpoint each time."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--shard")
    parser.add_argument("--parts", type=Path)
    parser.add_argument("--gate", type=Path, help="a file to wait for")
    parser.add_argument("--fail", help="refuse this shard")
    parser.add_argument("--die", action="store_true", help="end by a signal before the first checkpoint")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.fail and options.fail == options.shard:
        print(f"error: {options.shard} is refused", file=sys.stderr)
        sys.exit(2)
    config = json.loads(os.environ.get("TF_CONFIG", "null"))
    if config:
        _count(config, options)
        return
    options.out.mkdir(parents=True)
    if options.parts:
        texts = [(path / "piece").read_text() for path in sorted(options.parts.iterdir())]
        (options.out / "whole").write_text("".join(texts))
        return
    number = int(options.shard.split("/")[0])
    # The later pieces wait, so that a node can be killed between them.
    while options.gate and number > 2 and not options.gate.exists():
        time.sleep(0.05)
    (options.out / "piece").write_text(f"{options.shard}\n")


def _count(config: dict[str, object], options: argparse.Namespace) -> None:
    index = config["task"]["index"]  # type: ignore[index]
    if index == 0:
        # What every start leaves is no progress.
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / f"started-{time.time()}").write_text("")
    if options.die:
        os.kill(os.getpid(), 9)
    file = options.out / "checkpoint"
    while True:
        step = int(file.read_text()) if file.exists() else 0
        if step == LAST:
            return
        if index == 0:
            if step == 3 and options.gate and not options.gate.exists():
                time.sleep(0.05)
                continue
            new = file.with_name("new")
            new.write_text(str(step + 1))
            new.replace(file)
        elif options.gate and not options.gate.exists() and step == 3:
            options.gate.write_text("")
            os.kill(os.getpid(), 9)
        time.sleep(0.05)


if __name__ == "__main__":
    main()
