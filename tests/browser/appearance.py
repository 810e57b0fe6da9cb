"""How the page looks: the same on every machine, in pictures, and how far two of them are apart."""

from __future__ import annotations

import base64
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageFilter, ImageFont, ImageStat
from playwright.sync_api import Locator, Page

from infra.settings import ROOT
from tests.browser import pictures, scripted

REFERENCES = Path(__file__).with_name("references")
SEEN = ROOT / "test-results" / "appearance"
"""Where pictures are left that aren't as the references."""
IS_WRITING = os.environ.get("WRITE_REFERENCES") == "1"
"""Make the references anew in place of comparing."""

KEPT = 2
"""Pictures are kept at half the screen's size, in the colours of a palette: people still recognise all on them."""
COLOURS = 256
COARSE = 4
"""They are compared at a quarter of that and blurred: letters become grey, what is left is layout and colour."""
MEAN, LARGEST = 1.5, 30.0
"""
What two pictures may be apart, of 255. The same page twice is 0.2 and 8 apart, on a screen of other colours 0.7 and 25;
a block that has moved by 16 pixels is 2.2 and 52 apart.
"""

STEADY = """
({ font }) => {
  const letters = new FontFace('Steady', Uint8Array.from(atob(font), (letter) => letter.charCodeAt(0)));
  document.fonts.add(letters);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(':root { font-family: Steady, sans-serif !important; }');
  document.adoptedStyleSheets = [sheet];
}
"""
"""Leaves no letters to machines: they are Pillow's."""
MANIFEST = {"score_threshold": 0.5, "score_calibration": {"scores": [0, 1], "probabilities": [0, 1]}}
RUNTIME = {"backend": "wasm", "threads": 1, "milliseconds": 20}


def steady(page: Page, *answers: dict[str, Any], **manifest: Any) -> None:
    """Make ``page`` look the same everywhere: it hears ``answers``, one after the other, whatever its model."""
    letters = ImageFont.load_default(16)
    assert isinstance(letters, ImageFont.FreeTypeFont)
    page.add_init_script(f"({STEADY})({json.dumps({'font': base64.b64encode(letters.font_bytes).decode()})})")
    progress = {"loaded": 400_000, "total": 1_000_000}
    scripted.script(page, *answers, manifest={**MANIFEST, **manifest}, runtime=RUNTIME, progress=progress)


def reading(number: str) -> dict[str, Any]:
    """What the worker is to say of a plate with ``number``."""
    boxes = zip(number, pictures.boxes(number), strict=True)
    found = [(digit, 0.95 - 0.12 * index, box) for index, (digit, box) in enumerate(boxes)]
    return scripted.answer(pictures.SIZE, found)


def picture(page: Page, hidden: list[Locator], is_whole: bool = True) -> Image.Image:
    """The page, reduced, with grey in place of what is ``hidden``.

    Chromium forgets that a screen is touched while it takes a picture of the whole page, and not of what is in sight.
    """
    taken = page.screenshot(full_page=is_whole, animations="disabled", mask=hidden, mask_color="#808080")
    whole = Image.open(io.BytesIO(taken)).convert("RGB")
    return whole.resize((whole.width // KEPT, whole.height // KEPT), Image.Resampling.BOX)


def reference(name: str) -> Path:
    return REFERENCES / f"{name}.png"


@dataclass(frozen=True)
class Difference:
    """How far two pictures are apart."""

    mean: float
    largest: float

    @property
    def is_seen(self) -> bool:
        return self.mean > MEAN or self.largest > LARGEST


def difference(one: Image.Image, other: Image.Image) -> Difference:
    """How far apart two pictures are that ``picture`` made; of other sizes, as far as can be."""
    if abs(one.width - other.width) + abs(one.height - other.height) > COARSE:
        return Difference(255, 255)
    size = (one.width // COARSE, one.height // COARSE)
    coarse = [
        seen.convert("RGB").resize(size, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(1))
        for seen in (one, other)
    ]
    statistics = ImageStat.Stat(ImageChops.difference(*coarse))
    return Difference(sum(statistics.mean) / 3, max(high for _, high in statistics.extrema))


def fault(seen: Image.Image, name: str) -> str | None:
    """What is wrong with the page's look, with the picture left to be looked at; nothing if it is as the reference."""
    if IS_WRITING:
        REFERENCES.mkdir(exist_ok=True)
        seen.quantize(COLOURS, kmeans=1).save(reference(name), optimize=True)
        return None
    if not reference(name).exists():
        return f"{name} has no reference"
    with Image.open(reference(name)) as kept:
        apart = difference(seen, kept)
    if not apart.is_seen:
        return None
    SEEN.mkdir(parents=True, exist_ok=True)
    seen.save(SEEN / f"{name}.png")
    return f"{name} looks different (mean {apart.mean:.2f}, at most {apart.largest:.0f}): see {SEEN / name}.png"
