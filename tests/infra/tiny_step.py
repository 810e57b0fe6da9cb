"""A step for tests: does what its options say."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", type=Path)
    parser.add_argument("--word", default="")
    parser.add_argument("--label", default="")
    parser.add_argument("--loud", action="store_true")
    parser.add_argument("--fail", type=int, default=0)
    parser.add_argument("--wait", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    print("tiny begins")
    if options.fail:
        print("error: told to fail", file=sys.stderr)
        sys.exit(options.fail)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.wait:
        # A grandchild, too: as training has workers.
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", str(options.out)])
        signal.signal(signal.SIGINT, lambda *_: (options.out / "interrupted").touch() or sys.exit(130))
        (options.out / "waiting").touch()
        time.sleep(600)
    text = options.input.read_text("utf-8") if options.input else ""
    (options.out / "out.txt").write_text(text + options.word * (2 if options.loud else 1), "utf-8")


if __name__ == "__main__":
    main()
