"""What stands in index.html before any program runs: whose page it is, what it does, photos to try."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from infra.page.identity import Identity
from infra.page.samples import Sample

BLANK = re.compile(r"%(lang|name|promise|starting|late|noscript|samples|page|picture)%")
PICTURE = re.compile(r'\s*<meta property="og:image"[^>]*>')


def furnish(site: Path, identity: Identity, samples: Sequence[Sample], reading: str, address: str = "") -> None:
    """Fill the blanks in the site's index.html and web app manifest.

    ``address`` is where the site will be live. Services that show links want the picture's whole address; where nobody
    knows it, no picture is named.
    """
    words = {key: getattr(identity, key) for key in ("lang", "name", "promise", "starting", "late", "noscript")}
    pictures = [
        {
            "name": sample.name,
            "photo": quote(sample.photo_path),
            "thumbnail": quote(sample.thumbnail_path),
            "width": sample.width,
            "height": sample.height,
        }
        for sample in samples
    ]
    page = {"name": identity.name, "promise": identity.promise, "reading": reading, "samples": pictures}
    blanks = {key: html.escape(value) for key, value in words.items()}
    # No tag may begin within a script.
    blanks["page"] = json.dumps(page, ensure_ascii=False).replace("<", "\\u003c")
    blanks["samples"] = _strip(pictures)
    index = site / "index.html"
    if not address:
        index.write_text(PICTURE.sub("", index.read_text("utf-8")), "utf-8")
    blanks["picture"] = html.escape(f"{address.rstrip('/')}/preview.png")
    _fill(index, blanks)
    _fill(site / "manifest.webmanifest", {key: json.dumps(value)[1:-1] for key, value in words.items()})


def _strip(samples: Sequence[Mapping[str, Any]]) -> str:
    """The small pictures as the app shows them, on their way before the app is."""
    if not samples:
        return ""
    pictures = "".join(
        '<li><span class="sample"><img class="sample-image" alt=""'
        f' width="{sample["width"]}" height="{sample["height"]}" src="{html.escape(sample["thumbnail"])}"></span></li>'
        for sample in samples
    )
    return f'<ul class="samples">{pictures}</ul>'


def _fill(file: Path, blanks: Mapping[str, str]) -> None:
    page = file.read_text("utf-8")
    # All at once: a class may be called %name%.
    file.write_text(BLANK.sub(lambda blank: blanks[blank[1]], page), "utf-8")
