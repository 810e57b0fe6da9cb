"""A worker that says what it is told to: answers that no model gives on purpose, models of other classes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from playwright.sync_api import Page

SIDES = ("xmin", "ymin", "xmax", "ymax")
TIMINGS = {"decode": 12, "letterbox": 4, "inference": 40, "recognition": 2}
WORKER = """
({ answers, manifest, runtime, progress }) => {
  let count = 0;
  const change = (data) => {
    if (data.type === 'progress' && progress) data.progress = progress;
    if (data.type === 'ready') {
      Object.assign(data.manifest, manifest);
      Object.assign(data.runtime, runtime);
    }
    const isAnswer = data.outcome?.type === 'recognized';
    if (isAnswer && answers.length) data.outcome.recognition = answers[count++ % answers.length];
  };
  globalThis.Worker = class extends Worker {
    set onmessage(hear) {
      super.onmessage = (event) => { change(event.data); hear(event); };
    }
  };
}
"""
"""The worker's messages, changed before the page hears them."""

Detection = tuple[str, float, tuple[float, float, float, float]]
"""Class, score and left, top, right and bottom in pixels."""


def script(
    page: Page,
    *answers: Mapping[str, Any],
    manifest: Mapping[str, Any] | None = None,
    runtime: Mapping[str, Any] | None = None,
    progress: Mapping[str, Any] | None = None,
) -> None:
    """From its next visit on, ``page`` hears ``answers``, one after the other, and a manifest with these changes."""
    given = {"answers": answers, "manifest": manifest or {}, "runtime": runtime or {}, "progress": progress}
    page.add_init_script(f"({WORKER})({json.dumps(given)})")


def answer(size: tuple[int, int], detections: Sequence[Detection], **changes: Any) -> dict[str, Any]:
    """What a worker says of a photo of ``size``, width and height in pixels."""
    found = [
        {"class": name, "score": score, "box": dict(zip(SIDES, box, strict=True))} for name, score, box in detections
    ]
    width, height = size
    return {
        **{"width": width, "height": height, "looks": 2, "small": False, "timings": TIMINGS},
        **{"detections": found, "numbers": []},
        **changes,
    }
