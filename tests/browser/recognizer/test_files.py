"""Photos of every kind: read, or refused for a reason."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.recognizer.library import evaluate

ORIENTED = """
  // The plate as a camera would store it that was held in one of eight ways, and says so.
  const upright = await createImageBitmap(await photo('plate.png'));
  const [w, h] = [given.width, given.height];
  const turned = given.orientation > 4;
  const canvas = new OffscreenCanvas(turned ? h : w, turned ? w : h);
  const context = canvas.getContext('2d');
  const inverse = {
    1: [1, 0, 0, 1, 0, 0], 2: [-1, 0, 0, 1, w, 0], 3: [-1, 0, 0, -1, w, h], 4: [1, 0, 0, -1, 0, h],
    5: [0, 1, 1, 0, 0, 0], 6: [0, -1, 1, 0, 0, w], 7: [0, -1, -1, 0, h, w], 8: [0, 1, -1, 0, h, 0],
  };
  context.setTransform(...inverse[given.orientation]);
  context.drawImage(upright, 0, 0, w, h);
  const jpeg = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 });
  const exif = [0xff, 0xe1, 0, 34, 69, 120, 105, 102, 0, 0, 77, 77, 0, 42, 0, 0, 0, 8,
    0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, given.orientation, 0, 0, 0, 0, 0, 0];
  const file = new Blob([jpeg.slice(0, 2), Uint8Array.from(exif), jpeg.slice(2)]);
"""


READ = """
  const bytes = Uint8Array.from(atob(given), (letter) => letter.charCodeAt(0));
  const recognizer = await create({ backend: 'wasm' });
  const result = await tried(() => recognizer.recognize(new Blob([bytes])));
  recognizer.close();
  return result.code ? result : [result.width, result.height];
"""


def png(width: int, height: int, depth: int) -> bytes:
    """A grey picture."""
    rows = (b"\0" + b"\x80\x00" * width) * height

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


DEEP = base64.b64encode(png(6, 4, depth=16)).decode()
CMYK = (
    "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAbEhQXFBEbFxYXHhwbIChCKyglJShROj0wQmBVZWRfVV1baniZgWpxkHNbXYW1hpCeo6utq2eAvMm6pse"
    "ZqKuk/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAw"
    "AEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3e"
    "Hl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBN"
    "AFkASwAAPwDpq5muZrpq/9k="
)
"""A picture for printers, 8 × 8."""
ANIMATION = (
    "R0lGODlhBAADAIEAAAD/AAAAAAAAAAAAACH5BAAFAAAALAAAAAAEAAMAAAgIAAEIHEhQYEAAIfkEAQUAAQAsAAAAAAQAAwCBAAD/"
    "AAAAAAAAAAAACAgAAQgcSFBgQAA7"
)
"""Two pictures, 4 × 3."""


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("width", "height"), [(480, 320), (2880, 1920)])
def test_a_photo_is_turned_as_it_says(orientation: int, width: int, height: int, blank: Page) -> None:
    found = evaluate(
        blank,
        ORIENTED
        + """
        const recognizer = await create({ backend: 'wasm' });
        const recognition = await recognizer.recognize(file);
        recognizer.close();
        const [first] = recognition.numbers;
        return [recognition.width, recognition.height, textOf(recognition), first?.box];
        """,
        {"orientation": orientation, "width": width, "height": height},
    )
    assert found[:3] == [width, height, "123"]
    # The plate's number stands where it stands in the upright photo, whatever its size.
    assert found[3]["xmin"] / width == pytest.approx(130 / 480, abs=0.05)
    assert found[3]["ymin"] / height == pytest.approx(105 / 320, abs=0.08)


def test_fifty_megapixels_are_read(blank: Page) -> None:
    found = evaluate(
        blank,
        ORIENTED
        + """
        const recognizer = await create({ backend: 'wasm' });
        const recognition = await recognizer.recognize(file);
        recognizer.close();
        return [recognition.width * recognition.height, textOf(recognition)];
        """,
        {"orientation": 6, "width": 8700, "height": 5800},
    )
    assert found == [8700 * 5800, "123"]


def test_small_digits_of_a_panorama_are_found_in_tiles(blank: Page) -> None:
    found = evaluate(
        blank,
        """
        const plate = await createImageBitmap(await photo('plate.png'));
        const canvas = new OffscreenCanvas(3000, 320);
        const context = canvas.getContext('2d');
        context.fillStyle = '#8a7f72';
        context.fillRect(0, 0, 3000, 320);
        context.drawImage(plate, 300, 100, 180, 120);
        context.drawImage(plate, 2400, 100, 180, 120);
        const recognizer = await create({ backend: 'wasm' });
        const recognition = await recognizer.recognize(await canvas.convertToBlob(), { looks: 1 });
        const tiled = await recognizer.recognize(await canvas.convertToBlob(), { tiles: true });
        recognizer.close();
        return [recognition.small, textOf(recognition), textOf(tiled), tiled.looks > 3];
        """,
    )
    assert found[0] is True
    assert found[1] != "123 123"
    assert found[2:] == ["123 123", True]


@pytest.mark.parametrize(
    ("name", "data", "size"),
    [
        ("16 bits", DEEP, [6, 4]),
        ("CMYK", CMYK, [8, 8]),
        ("an animation", ANIMATION, [4, 3]),
    ],
)
def test_unusual_pictures_are_read(name: str, data: str, size: list[int], blank: Page) -> None:
    assert evaluate(blank, READ, data) == size


@pytest.mark.parametrize(
    ("name", "data", "reason", "kind"),
    [
        ("nothing", b"", "empty", None),
        ("words", b"These are no pixels.", "not-image", None),
        ("a phone's own format", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100), "unsupported", "HEIC"),
        ("a document", b"%PDF-1.7 and so on", "unsupported", "PDF"),
        ("half a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x09\0\0\0\x09", "truncated", "PNG"),
        ("a bomb", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xff\xff\0\0\xff\xff" + b"IEND", "too-large", "PNG"),
        (
            "a bomb of today",
            b"BM" + bytes(12) + struct.pack("<Iii", 40, 65_535, -65_535) + bytes(28),
            "too-large",
            "BMP",
        ),
        ("a broken one", b"\x89PNG\r\n\x1a\n" + bytes(40) + b"IEND", "damaged", "PNG"),
    ],
)
def test_what_can_not_be_read_is_refused_for_a_reason(
    name: str, data: bytes, reason: str, kind: str | None, blank: Page
) -> None:
    error = evaluate(blank, READ, base64.b64encode(data).decode())
    assert (error["name"], error["reason"], error["format"]) == ("ImageError", reason, kind)


ODD_JPEG = """
  const canvas = new OffscreenCanvas(480, 320);
  canvas.getContext('2d').drawImage(await createImageBitmap(await photo('plate.png')), 0, 0, 480, 320);
  const jpeg = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
  const bytes = [...new Uint8Array(await jpeg.arrayBuffer())];
  const end = given.cut ? Math.floor(bytes.length * given.cut) : bytes.length - (given.ended ? 0 : 2);
  let odd = bytes.slice(0, end);
  // Fill bytes before every marker of the head.
  for (let at = 2; given.filled && odd[at] === 0xff;) {
    const [isScan, length] = [odd[at + 1] === 0xda, (odd[at + 2] << 8) + odd[at + 3]];
    odd.splice(at, 0, ...Array(given.filled).fill(0xff));
    if (isScan) break;
    at += given.filled + 2 + length;
  }
  const recognizer = await create({ backend: 'wasm' });
  const found = await tried(() => recognizer.recognize(new Blob([Uint8Array.from(odd)])));
  recognizer.close();
  return found.code ? found.reason : [textOf(found), found.incomplete, found.width, found.height];
"""


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        ({"ended": True, "filled": 1}, ["123", False, 480, 320]),
        ({"ended": True, "filled": 3}, ["123", False, 480, 320]),
        ({"ended": False}, ["123", True, 480, 320]),
        ({"ended": False, "filled": 2}, ["123", True, 480, 320]),
        ({"cut": 0.9}, ["123", True, 480, 320]),
        # In the midst of the head there is no picture yet.
        ({"cut": 0.01}, "truncated"),
    ],
    ids=str,
)
def test_odd_jpegs_are_read_as_far_as_they_go(odd: dict[str, Any], expected: Any, blank: Page) -> None:
    assert evaluate(blank, ODD_JPEG, odd) == expected


@pytest.mark.parametrize("kind", ["image/png", "image/webp"])
@pytest.mark.parametrize("colour", ["white", "#ffe9a8", "black", "#803010"])
def test_what_is_drawn_on_transparent_ground_is_read(colour: str, kind: str, blank: Page) -> None:
    text = evaluate(
        blank,
        """
        const canvas = new OffscreenCanvas(480, 320);
        const context = canvas.getContext('2d');
        Object.assign(context, { fillStyle: given.colour, font: 'bold 130px sans-serif', textBaseline: 'top' });
        context.fillText('123', 110, 95);
        const recognizer = await create({ backend: 'wasm' });
        const file = await canvas.convertToBlob({ type: given.kind });
        const text = textOf(await recognizer.recognize(file));
        recognizer.close();
        return text;
        """,
        {"colour": colour, "kind": kind},
    )
    assert text == "123"


SCREENSHOT = """
  // A list of numbers, as on a phone.
  const canvas = new OffscreenCanvas(1080, given.height);
  const context = canvas.getContext('2d');
  context.fillStyle = 'white';
  context.fillRect(0, 0, 1080, given.height);
  const numbers = Array.from({ length: given.count }, (_, index) => String(10007 + ((index * 7919) % 89989)));
  for (const [index, number] of numbers.entries()) {
    Object.assign(context, { fillStyle: '#111', font: `bold ${given.size}px sans-serif`, textBaseline: 'top' });
    context.fillText(number, 60 + (index % 3) * 90, (index * given.height) / given.count + 20);
  }
  const recognizer = await create({ backend: 'wasm' });
  const { numbers: closer, earlier } = await recognizer.recognize(await canvas.convertToBlob(), { tiles: true });
  recognizer.close();
  const right = (found) => numbers.filter((number) => found.some(({ text }) => text === number)).length;
  const doubled = closer.filter(({ text }) => text.length > 5).length;
  return { closer: right(closer), earlier: right(earlier.numbers), doubled };
"""


@pytest.mark.parametrize(
    ("height", "count", "size", "least"), [(2400, 12, 90, 12), (2400, 12, 130, 12), (5000, 25, 90, 23)]
)
def test_a_closer_look_at_a_long_screenshot_reads_more_and_nothing_twice(
    height: int, count: int, size: int, least: int, blank: Page
) -> None:
    found = evaluate(blank, SCREENSHOT, {"height": height, "count": count, "size": size})
    assert found["closer"] >= max(least, found["earlier"])
    assert found["doubled"] == 0
