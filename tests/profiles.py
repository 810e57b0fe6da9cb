"""Colour profiles that show whether they were applied, and what Chromium makes of pictures that have them."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from PIL import Image, ImageCms

SIZE = (16, 16)
HEADER, ENTRY = 128, 12
"""Bytes of a profile's header and of a line of its table of tags (ICC.1:2001-04, 6.1 and 6.2)."""


def swapped() -> bytes:
    """As sRGB's, with red and green in each other's place."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack_from(">I", profile, HEADER)
    lines = {bytes(profile[at : at + 4]): at for at in range(HEADER + 4, HEADER + 4 + ENTRY * count, ENTRY)}
    red, green = (slice(lines[name] + 4, lines[name] + ENTRY) for name in (b"rXYZ", b"gXYZ"))
    profile[red], profile[green] = profile[green], profile[red]
    return bytes(profile)


def grey(gamma: float) -> bytes:
    """Of grey levels that rise with ``gamma``."""
    white = struct.pack(">3i", 63190, 65536, 54061)
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"grey\0" + bytes(78),
        b"wtpt": b"XYZ " + bytes(4) + white,
        b"kTRC": b"curv" + bytes(4) + struct.pack(">IH", 1, int(gamma * 256)),
        b"cprt": b"text" + bytes(4) + b"none\0",
    }
    at, table, body = HEADER + 4 + ENTRY * len(tags), b"", b""
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", at + len(body), len(padded))
        body += padded
    start = struct.pack(">I4sI4s4s4s", at + len(body), b"none", 0x02400000, b"mntr", b"GRAY", b"XYZ ")
    start += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + white
    return start.ljust(HEADER, b"\0") + struct.pack(">I", len(tags)) + table + body


def pictures() -> Iterator[tuple[str, bytes, tuple[int, int, int]]]:
    """The MIME type and bytes of pictures of one colour, and the colour that Chromium shows."""
    red, green, level = (200, 30, 30), (30, 200, 30), (128, 128, 128)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind, options in (("JPEG", {"quality": 100, "subsampling": 0}), ("PNG", {}), ("WEBP", {"lossless": True})):
        yield kind, _saved("RGB", red, swapped(), kind, **options), green
        yield kind, _saved("RGB", red, srgb, kind, **options), red
        yield kind, _saved("RGB", red, b"no profile", kind, **options), red
    yield "AVIF", _saved("RGB", red, swapped(), "AVIF", quality=100), (30, 201, 30)
    yield "PNG", _saved("RGBA", (*red, 255), swapped(), "PNG"), green
    for mode, colour, kind in (("L", 128, "JPEG"), ("L", 128, "PNG"), ("LA", (128, 255), "PNG")):
        yield kind, _saved(mode, colour, grey(3.0), kind), (100, 100, 100)
    # Of another kind than the picture: it means nothing.
    yield "JPEG", _saved("RGB", level, grey(3.0), "JPEG"), level


def _saved(mode: str, colour: int | tuple[int, ...], profile: bytes, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, SIZE, colour).save(file, kind, icc_profile=profile, **options)
    return file.getvalue()
