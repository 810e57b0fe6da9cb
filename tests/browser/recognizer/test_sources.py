"""What a photo may be given as, from where the library may be called, and from where it may be served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Witness
from tests.browser.recognizer.library import EXAMPLE, PRELUDE, Library, evaluate, serving


@pytest.fixture
def open_library(photos: Path) -> Iterator[Library]:
    """Served to every site, without a policy: a CDN, or a page that has none."""
    with serving(Library(photos=photos, headers={"Access-Control-Allow-Origin": "*"})) as library:
        yield library


def test_a_photo_may_be_given_in_many_ways(blank: Page) -> None:
    found = evaluate(
        blank,
        """
        const file = await photo('plate.png');
        const bitmap = await createImageBitmap(file);
        const { width, height } = bitmap;
        const onPage = Object.assign(document.createElement('canvas'), { width, height });
        onPage.getContext('2d').drawImage(bitmap, 0, 0);
        const off = new OffscreenCanvas(width, height);
        off.getContext('2d').drawImage(bitmap, 0, 0);
        const img = Object.assign(new Image(), { src: '/photos/plate.png' });
        const video = document.createElement('video');
        video.srcObject = onPage.captureStream(5);
        video.muted = true;
        await video.play();
        const frame = new VideoFrame(onPage, { timestamp: 0 });
        const bytes = await file.arrayBuffer();
        const ways = {
          Blob: file,
          File: new File([file], 'x'),
          ArrayBuffer: bytes,
          Uint8Array: new Uint8Array(bytes),
          ImageBitmap: bitmap,
          ImageData: onPage.getContext('2d').getImageData(0, 0, width, height),
          canvas: onPage,
          OffscreenCanvas: off,
          img,
          video,
          VideoFrame: frame,
          URL: new URL('/photos/plate.png', location.href),
          string: '/photos/plate.png',
        };
        const recognizer = await create({ backend: 'wasm' });
        const found = {};
        for (const [way, source] of Object.entries(ways)) {
          // Twice: what was given is still there.
          for (let time = 0; time < 2; time++) {
            const recognition = await tried(() => recognizer.recognize(source, { looks: 1 }));
            found[way] = recognition.message ?? textOf(recognition);
            if (found[way] !== '123') break;
          }
        }
        frame.close();
        recognizer.close();
        return found;
        """,
    )
    assert len(found) == 13
    assert set(found.values()) == {"123"}, found


def test_what_shows_no_picture_is_refused_for_a_reason(blank: Page, witness: Witness) -> None:
    found = evaluate(
        blank,
        """
        const recognizer = await create({ backend: 'wasm' });
        const closed = await createImageBitmap(await photo('plate.png'));
        closed.close();
        const broken = Object.assign(new Image(), { src: '/photos/nothing.png' });
        const wrong = {
          closed,
          broken,
          empty: Object.assign(document.createElement('canvas'), { width: 0 }),
          video: document.createElement('video'),
          missing: '/photos/nothing.png',
          page: location.href,
          element: document.body,
          object: { width: 3 },
        };
        const found = {};
        for (const [name, source] of Object.entries(wrong)) {
          const { name: kind, reason, message } = await tried(() => recognizer.recognize(source));
          found[name] = [kind, reason ?? message];
        }
        recognizer.close();
        return found;
        """,
    )
    witness.complaints.clear()
    assert found.pop("missing")[0] == "DownloadError"
    assert found == {
        "closed": ["ImageError", "unreadable"],
        "broken": ["ImageError", "unreadable"],
        "empty": ["ImageError", "empty"],
        "video": ["ImageError", "unreadable"],
        "page": ["ImageError", "not-image"],
        "element": ["ImageError", "not-image"],
        "object": ["ImageError", "not-image"],
    }


def test_a_picture_of_another_site_is_an_error_of_the_family(
    page: Page, open_library: Library, library: Library
) -> None:
    library.headers = {}
    page.goto(open_library.address + EXAMPLE)
    error = evaluate(
        page,
        """
        const img = Object.assign(new Image(), { src: given });
        await img.decode();
        const canvas = new OffscreenCanvas(9, 9);
        canvas.getContext('2d').drawImage(img, 0, 0);
        const recognizer = await create({ backend: 'wasm' });
        const { name, reason } = await tried(() => recognizer.recognize(canvas));
        recognizer.close();
        return [name, reason];
        """,
        f"{library.address}/photos/plate.png",
    )
    assert error == ["ImageError", "unreadable"]


@pytest.mark.parametrize("worker", ["bundled", "parts"])
def test_it_works_from_another_origin(worker: str, page: Page, open_library: Library, library: Library) -> None:
    """The page of one site, library and model of another."""
    library.headers = {}
    library.missing.add("example.js")
    page.goto(library.address + EXAMPLE)
    found = page.evaluate(
        """
        async ([cdn, worker]) => {
          const { createRecognizer } = await import(`${cdn}/frontend/recognizer/dist/index.js`);
          const recognizer = await createRecognizer({
            modelUrl: `${cdn}/models/digits/web_model/manifest.json`,
            ...(worker === 'parts' && { workerUrl: `${cdn}/frontend/recognizer/dist/worker/worker.js` }),
          });
          const { numbers } = await recognizer.recognize('/photos/plate.png');
          const { runtime } = recognizer;
          recognizer.close();
          return [numbers[0].text, runtime.backend, runtime.threads];
        }
        """,
        [open_library.address, worker],
    )
    assert found == ["123", "wasm", 1]
    assert library.paths("/dist/") == []


def test_another_origin_that_refuses_is_named_with_what_helps(blank: Page, library: Library, witness: Witness) -> None:
    """The shipped policy forbids workers from elsewhere."""
    error = evaluate(blank, "return tried(() => create({ workerUrl: 'https://cdn.invalid/worker/worker.js' }));")
    witness.complaints.clear()
    assert error["name"] in {"DownloadError", "WorkerError"}
    assert "https://cdn.invalid/worker/worker.js" in error["message"]
    assert "blob:" in error["message"]


def test_it_works_in_a_worker_of_ones_own(blank: Page, library: Library) -> None:
    script = f"""
      onmessage = async () => {{
        {PRELUDE}
        const recognizer = await create({{ backend: 'wasm' }});
        const text = textOf(await recognizer.recognize('/photos/plate.png'));
        recognizer.close();
        postMessage(text);
      }};
    """
    library.changed["example.js"] = lambda _: script.encode()
    library.missing.clear()
    text = blank.evaluate(
        """
        () => new Promise((resolve, reject) => {
          const worker = new Worker('/frontend/recognizer/example/example.js', { type: 'module' });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
          worker.postMessage('go');
        })
        """
    )
    assert text == "123"
