"""Lines from chunks of bytes."""

from __future__ import annotations

import codecs
import queue
from collections.abc import Iterable


def read_lines(chunks: Iterable[bytes], lines: queue.Queue[str | None]) -> None:
    """Put the lines of ``chunks`` into ``lines`` as they become whole, then None.

    A progress bar's returns end lines, too. A stream that breaks off has ended: who reads the lines
    asks for the exit code next, and learns why.
    """
    from requests.exceptions import RequestException

    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    try:
        for chunk in chunks:
            *whole, rest = (rest + decoder.decode(chunk).replace("\r", "\n")).split("\n")
            for line in whole:
                if line.strip():
                    lines.put(line.rstrip())
    except (RequestException, OSError):
        pass
    finally:
        if rest.strip():
            lines.put(rest.rstrip())
        lines.put(None)
