"""The recognizer as a library, in Chromium, under the shipped headers: backends, queue, downloads, kinds of files."""

from __future__ import annotations

import base64
import json
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from infra import frontend, models, results
from infra.errors import CommandError
from tests.browser.conftest import ANSWER_MILLISECONDS, TOLERANCE, Witness
from tests.browser.library import EXAMPLE, Library, serving
from tests.browser.test_released import photograph

PRELUDE = """
  const { createRecognizer } = await import('/frontend/recognizer/dist/index.js');
  const create = (options = {}) =>
    createRecognizer({ modelUrl: '/models/digits/web_model/manifest.json', ...options });
  const photo = async (name) => (await fetch(`/photos/${name}`)).blob();
  const textOf = ({ numbers }) => numbers.map(({ text }) => text).join(' ');
  const tried = async (work) => {
    try { return await work(); }
    catch (error) {
      const { name, code, reason, format } = error;
      return { name, code, reason, format, message: `${error.message ?? error}` };
    }
  };
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Path:
    """plate.png says 123."""
    frontend.build_recognizer(models.RELEASED / "web_model")
    folder = tmp_path_factory.mktemp("photos")
    photograph(browser, "123", folder / "plate.png")
    return folder


@pytest.fixture
def library(photos: Path) -> Iterator[Library]:
    with serving(Library(photos=photos)) as library:
        yield library


@pytest.fixture
def blank(page: Page, witness: Witness, library: Library) -> Page:
    """A page of the library's origin that has loaded nothing."""
    library.missing.add("example.js")
    page.goto(library.address + EXAMPLE)
    # The script that is missing on purpose.
    witness.complaints.clear()
    return page


def evaluate(page: Page, body: str, argument: Any = None) -> Any:
    """What ``body``, JavaScript with the prelude's names, returns."""
    return page.evaluate(f"async (given) => {{ {PRELUDE} {body} }}", argument)


def test_the_example_reads_a_photo(page: Page, witness: Witness, library: Library, photos: Path) -> None:
    page.goto(library.address + EXAMPLE)
    status = page.get_by_role("status")
    expect(status).to_contain_text("Ready on wasm", timeout=ANSWER_MILLISECONDS)
    page.get_by_label("Photo").set_input_files(photos / "plate.png")
    expect(status).to_contain_text("Found 123", timeout=ANSWER_MILLISECONDS)
    expect(page.get_by_role("listitem")).to_have_count(3)
    page.get_by_label("Photo").set_input_files(FilePayload(name="x.jpg", mimeType="image/jpeg", buffer=b"no photo"))
    expect(status).to_contain_text("not an image", timeout=ANSWER_MILLISECONDS)


@pytest.mark.parametrize("backend", ["wasm", "webgl", "cpu"])
def test_every_backend_gives_the_same_answer(backend: str, blank: Page, witness: Witness) -> None:
    found = evaluate(
        blank,
        """
        const recognizer = await create({ backend: given });
        const recognition = await recognizer.recognize(await photo('plate.png'));
        const { runtime } = recognizer;
        recognizer.close();
        return { runtime, text: textOf(recognition), timings: recognition.timings };
        """,
        backend,
    )
    # WebGL here is made in software, and says how slow it is to read from.
    witness.complaints[:] = [line for line in witness.complaints if "GL Driver Message" not in line]
    assert found["runtime"]["backend"] == backend
    assert found["text"] == "123"
    assert found["timings"].keys() == {"decode", "letterbox", "inference", "recognition", "total"}
    assert all(milliseconds >= 0 for milliseconds in found["timings"].values())


def test_a_backend_that_is_not_there_is_an_error_by_name(blank: Page) -> None:
    error = evaluate(blank, "return tried(() => create({ backend: 'webgpu' }));")
    assert error["code"] == "model"
    assert "WebGPU" in error["message"]


def test_only_what_is_used_is_loaded(blank: Page, library: Library) -> None:
    evaluate(blank, "(await create()).close();")
    loaded = " ".join(library.paths("/dist/worker/"))
    assert "wasm" in loaded
    assert "webgl" not in loaded
    assert "webgpu" not in loaded
    assert "cpu" not in loaded


def test_a_backend_that_gives_wrong_values_is_not_used(blank: Page, library: Library, witness: Witness) -> None:
    library.changed[".js"] = lambda body: re.sub(rb"answer:\{boxes:\[[^,]+,", b"answer:{boxes:[7,", body)
    error = evaluate(blank, "return tried(() => create());")
    assert error["code"] == "model"
    assert "wasm gives wrong values" in error["message"]
    # It tried others in its place.
    assert library.paths("cpu-")
    witness.complaints.clear()


def test_threads_run_where_there_are_processors(blank: Page, library: Library) -> None:
    eight = b"Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => 8 });"
    library.changed[".js"] = lambda body: eight + body if b"BUILT" in body or b"recognizer-" in body else body
    found = evaluate(
        blank,
        """
        const recognizer = await create();
        const text = textOf(await recognizer.recognize(await photo('plate.png')));
        const { runtime } = recognizer;
        recognizer.close();
        return { isolated: crossOriginIsolated, threads: runtime.threads, text };
        """,
    )
    assert found == {"isolated": True, "threads": 4, "text": "123"}


def test_calls_wait_for_each_other_and_an_aborted_one_rejects_at_once(blank: Page) -> None:
    found = evaluate(
        blank,
        """
        const recognizer = await create();
        const plate = await photo('plate.png');
        const abort = new AbortController();
        const calls = [
          recognizer.recognize(plate),
          tried(() => recognizer.recognize(plate, { signal: abort.signal })),
          recognizer.recognize(plate, { looks: 1 }),
        ];
        abort.abort('no longer wanted');
        const first = await Promise.race([calls[0].then(() => 'photo'), calls[1].then(() => 'abort')]);
        const [one, aborted, three] = await Promise.all(calls);
        recognizer.close();
        return { first, texts: [textOf(one), textOf(three)], looks: three.looks, aborted };
        """,
    )
    assert found["first"] == "abort"
    assert found["texts"] == ["123", "123"]
    assert found["looks"] == 1
    assert found["aborted"]["message"] == "no longer wanted"


def test_a_worker_that_is_killed_is_replaced_and_the_photo_read(blank: Page, library: Library) -> None:
    found = evaluate(
        blank,
        """
        const workers = [];
        const Original = Worker;
        globalThis.Worker = class extends Original {
          constructor(...options) { super(...options); workers.push(this); }
        };
        const recognizer = await create();
        const plate = await photo('plate.png');
        const call = recognizer.recognize(plate);
        await new Promise((resolve) => setTimeout(resolve, 1));
        workers[0].terminate();
        const text = textOf(await call);
        recognizer.close();
        return { text, workers: workers.length };
        """,
    )
    assert found == {"text": "123", "workers": 2}
    # The second worker's model came from the store.
    assert len(library.paths("weights-")) == 1


def test_an_idle_worker_is_released_and_started_again(blank: Page) -> None:
    text = evaluate(
        blank,
        """
        const recognizer = await create({ idleAfter: 10 });
        await new Promise((resolve) => setTimeout(resolve, 200));
        const text = textOf(await recognizer.recognize(await photo('plate.png')));
        recognizer.close();
        return text;
        """,
    )
    assert text == "123"


def test_memory_returns_to_its_level_after_500_photos(blank: Page) -> None:
    memory = evaluate(
        blank,
        """
        const recognizer = await create();
        const canvas = new OffscreenCanvas(64, 48);
        canvas.getContext('2d').fillRect(9, 9, 20, 20);
        const frame = canvas.transferToImageBitmap();
        await recognizer.recognize(frame);
        const { memory: before } = await recognizer.benchmark({ runs: 1 });
        for (let count = 0; count < 500; count++) await recognizer.recognize(frame, { looks: 1 });
        const { memory: after } = await recognizer.benchmark({ runs: 1 });
        recognizer.close();
        return [before, after];
        """,
    )
    assert memory[0] == memory[1]
    assert memory[0]["tensors"] > 0


def starts(library: Library) -> list[int]:
    """Where the ranges began that were asked for of the weights."""
    return [int(wanted.removeprefix("bytes=").rstrip("-")) for wanted in library.ranges("weights-")]


def asked_of_node(web_model: Path, header: dict[str, Any], payload: bytes) -> Any:
    """What the Node runtime answers to one frame."""
    text = json.dumps({**header, "bytes": len(payload)}).encode()
    frame = struct.pack("<I", len(text)) + text + payload
    command = ["node", str(frontend.RUNTIME), str(web_model)]
    output = subprocess.run(command, input=frame, capture_output=True, check=True).stdout
    answers = []
    while output:
        (length,) = struct.unpack_from("<I", output)
        answers.append(json.loads(output[4 : 4 + length]))
        output = output[4 + length + answers[-1].get("bytes", 0) :]
    return answers[-1]


@pytest.mark.parametrize("looks", [1, 2])
def test_the_page_looks_as_the_node_runtime_does(looks: int, blank: Page, library: Library, tmp_path: Path) -> None:
    released = models.RELEASED / "web_model"
    for file in released.iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    manifest = {**json.loads((released / "manifest.json").read_text("utf-8")), "looks": looks}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    library.changed["manifest.json"] = lambda _: json.dumps(manifest).encode()
    found = evaluate(
        blank,
        """
        const plate = await createImageBitmap(await photo('plate.png'));
        const canvas = new OffscreenCanvas(960, 640);
        const context = canvas.getContext('2d');
        context.fillStyle = '#8a7f72';
        context.fillRect(0, 0, 960, 640);
        context.drawImage(plate, 500, 300, 240, 160);
        const rgb = context.getImageData(0, 0, 960, 640).data.filter((_, index) => index % 4 < 3);
        const text = Array.from(rgb, (byte) => String.fromCharCode(byte)).join('');
        const recognizer = await create({ backend: 'wasm' });
        const recognition = await recognizer.recognize(await canvas.convertToBlob());
        recognizer.close();
        return { ...recognition, rgb: btoa(text) };
        """,
    )
    header = {"op": "recognize", "width": 960, "height": 640}
    expected = asked_of_node(tmp_path, header, base64.b64decode(found["rgb"]))
    assert found["looks"] == looks
    assert len(found["detections"]) == len(expected["detections"]) > 0
    for one, other in zip(found["detections"], expected["detections"], strict=True):
        assert one["class"] == other["class"]
        assert one["score"] == pytest.approx(other["score"], abs=TOLERANCE)
        assert one["box"] == pytest.approx(other["box"], abs=0.01)


class TestDownloads:
    """Faults on the way of a model's files."""

    def test_a_cut_file_goes_on_where_it_ended(self, blank: Page, library: Library) -> None:
        library.cuts[".bin"] = [400_000]
        seen = evaluate(
            blank,
            """
            const seen = [];
            (await create({ onProgress: ({ loaded, total }) => seen.push([loaded, total]) })).close();
            return seen;
            """,
        )
        assert [0 < start <= 400_000 for start in starts(library)] == [True]
        assert seen[0][0] == 0
        assert seen[-1][0] == seen[-1][1]
        assert all(loaded <= total for loaded, total in seen)

    def test_what_came_before_a_failure_is_there_for_the_retry(self, blank: Page, library: Library) -> None:
        library.cuts[".bin"] = [100_000] * 4
        error = evaluate(blank, "return tried(() => create());")
        assert error["code"] == "download"
        evaluate(blank, "(await create()).close();")
        # Each try went on from the one before, and so does the retry.
        assert starts(library) == sorted(starts(library))
        assert len(starts(library)) == 4

    def test_a_flipped_byte_is_refused(self, blank: Page, library: Library) -> None:
        library.changed[".bin"] = lambda body: bytes([body[0] ^ 1]) + body[1:]
        error = evaluate(blank, "return tried(() => create());")
        assert error["code"] == "integrity"
        assert "SHA-256" in error["message"]

    def test_a_missing_file_is_named(self, blank: Page, library: Library, witness: Witness) -> None:
        library.missing.add("model.json")
        error = evaluate(blank, "return tried(() => create());")
        assert error["code"] == "download"
        assert "model.json" in error["message"]
        assert "404" in error["message"]
        witness.complaints.clear()

    def test_a_changed_entry_of_the_store_is_fetched_again(self, blank: Page, library: Library) -> None:
        evaluate(
            blank,
            """
            (await create()).close();
            for (const name of await caches.keys()) {
              const cache = await caches.open(name);
              for (const request of await cache.keys()) {
                if (!request.url.endsWith('manifest')) await cache.put(request, new Response('spoilt'));
              }
            }
            (await create()).close();
            """,
        )
        assert len(library.paths("weights-")) == 2

    def test_the_next_visit_needs_no_network_for_the_model(self, blank: Page, library: Library) -> None:
        evaluate(blank, "(await create()).close();")
        library.missing.update({".bin", "model.json"})
        text = evaluate(
            blank,
            """
            const recognizer = await create();
            const text = textOf(await recognizer.recognize(await photo('plate.png')));
            recognizer.close();
            return text;
            """,
        )
        assert text == "123"

    def test_without_a_store_the_model_is_kept_in_memory(self, blank: Page, library: Library) -> None:
        refusing = (
            b"Object.defineProperty(globalThis, 'caches', { value: { open() { throw new Error('private'); } } });"
        )
        library.changed[".js"] = lambda body: refusing + body if b"recognizer-" in body else body
        text = evaluate(
            blank,
            """
            const recognizer = await create();
            const text = textOf(await recognizer.recognize(await photo('plate.png')));
            recognizer.close();
            return text;
            """,
        )
        assert text == "123"

    def test_two_tabs_at_once_both_get_their_model(self, blank: Page, library: Library) -> None:
        other = blank.context.new_page()
        other.goto(library.address + EXAMPLE)
        start = f"globalThis.loading = (async () => {{ {PRELUDE} return create(); }})(); null"
        finish = "async () => { const r = await globalThis.loading; r.close(); return r.manifest.name; }"
        for page in (blank, other):
            page.evaluate(start)
        assert [page.evaluate(finish) for page in (blank, other)] == ["digits", "digits"]

    def test_loading_can_be_cancelled(self, blank: Page) -> None:
        error = evaluate(
            blank,
            """
            const abort = new AbortController();
            const onProgress = () => abort.abort('changed my mind');
            return tried(() => create({ signal: abort.signal, onProgress }));
            """,
        )
        assert error["message"] == "changed my mind"

    def test_a_model_that_the_worker_was_not_built_for_is_named(self, blank: Page, library: Library) -> None:
        def demanding(body: bytes) -> bytes:
            manifest = json.loads(body)
            return json.dumps({**manifest, "kernels": [*manifest["kernels"], "FFT"]}).encode()

        library.changed["manifest.json"] = demanding
        error = evaluate(blank, "return tried(() => create());")
        assert error["code"] == "manifest"
        assert "FFT" in error["message"]


def test_a_model_with_an_unknown_operation_fails_the_build_by_name(photos: Path, tmp_path: Path) -> None:
    released = models.RELEASED / "web_model"
    for file in released.iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "kernels": [*manifest["kernels"], "Dance"]}))
    with pytest.raises(CommandError, match="Dance"):
        frontend.build_recognizer(tmp_path)
    # The last good build is still there.
    assert results.read(frontend.RECOGNIZER) is not None


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


class TestFiles:
    """Photos of every kind: read, or refused for a reason."""

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize(("width", "height"), [(480, 320), (2880, 1920)])
    def test_a_photo_is_turned_as_it_says(self, orientation: int, width: int, height: int, blank: Page) -> None:
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

    def test_fifty_megapixels_are_read(self, blank: Page) -> None:
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

    def test_small_digits_of_a_panorama_are_found_in_tiles(self, blank: Page) -> None:
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
    def test_unusual_pictures_are_read(self, name: str, data: str, size: list[int], blank: Page) -> None:
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
            ("a broken one", b"\x89PNG\r\n\x1a\n" + bytes(40) + b"IEND", "damaged", "PNG"),
        ],
    )
    def test_what_can_not_be_read_is_refused_for_a_reason(
        self, name: str, data: bytes, reason: str, kind: str | None, blank: Page
    ) -> None:
        error = evaluate(blank, READ, base64.b64encode(data).decode())
        assert (error["name"], error["reason"], error["format"]) == ("ImageError", reason, kind)

    def test_a_truncated_jpeg_is_refused(self, blank: Page, photos: Path, browser: Browser) -> None:
        page = browser.new_page()
        data = page.screenshot(type="jpeg")
        page.close()
        error = evaluate(blank, READ, base64.b64encode(data[: len(data) // 2]).decode())
        assert (error["reason"], error["format"]) == ("truncated", "JPEG")
