"""The recognizer as a library, in Chromium, under the shipped headers: backends, its queue, its workers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import ANSWER_MILLISECONDS, Witness
from tests.browser.recognizer.library import EXAMPLE, Library, evaluate


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
        const heard = new Set();
        new BroadcastChannel('recognizer-requests').onmessage = ({ data }) => heard.add(new URL(data.name).pathname);
        const recognizer = await create();
        const text = textOf(await recognizer.recognize(await photo('plate.png')));
        const { runtime } = recognizer;
        recognizer.close();
        return { isolated: crossOriginIsolated, threads: runtime.threads, text, heard: [...heard] };
        """,
    )
    heard = set(found.pop("heard"))
    assert found == {"isolated": True, "threads": 4, "text": "123"}
    # Those of the threads themselves, too.
    scripts = set(library.paths("threaded-simd"))
    assert len(scripts) == 4
    assert scripts - heard == set()


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


WATCHED = """
  // What comes of the workers' tasks, and how many workers there were.
  const outcomes = [];
  let workers = 0;
  const Original = Worker;
  globalThis.Worker = class extends Original {
    constructor(...options) {
      super(...options);
      workers += 1;
      this.addEventListener('message', ({ data }) => data.type === 'done' && outcomes.push(data.outcome.type));
    }
  };
  const aborted = async (source, options, milliseconds) => {
    const recognizer = await create({ backend: 'wasm' });
    const abort = new AbortController();
    const call = tried(() => recognizer.recognize(source, { ...options, signal: abort.signal }));
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    abort.abort('no longer wanted');
    const { message } = await call;
    // It waits until the worker is free.
    await recognizer.benchmark({ runs: 1 });
    recognizer.close();
    return { message, outcomes, workers };
  };
"""
ABORTED = {"message": "no longer wanted", "outcomes": ["cancelled", "measured"], "workers": 1}


def test_an_aborted_call_looks_no_further(blank: Page) -> None:
    found = evaluate(
        blank,
        WATCHED
        + """
        const plate = await createImageBitmap(await photo('plate.png'));
        const canvas = new OffscreenCanvas(2000, 2000);
        canvas.getContext('2d').drawImage(plate, 0, 0, 2000, 2000);
        // Decoded already, and with many tiles to look at.
        return aborted(canvas.transferToImageBitmap(), { tiles: true }, 100);
        """,
    )
    assert found == ABORTED


def test_an_aborted_call_does_not_wait_for_a_decoder(blank: Page, library: Library) -> None:
    never = b"globalThis.createImageBitmap = () => new Promise(() => undefined);"
    library.changed[".js"] = lambda body: never + body if b"recognizer-" in body else body
    assert evaluate(blank, WATCHED + "return aborted(await photo('plate.png'), {}, 100);") == ABORTED


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


def test_memory_returns_to_its_level_after_500_photos(blank: Page, library: Library) -> None:
    counting = b"""
      const make = createImageBitmap;
      let open = 0;
      globalThis.createImageBitmap = async (...given) => {
        const bitmap = await make(...given);
        const close = bitmap.close.bind(bitmap);
        open += 1;
        bitmap.close = () => { open -= 1; close(); };
        return bitmap;
      };
      const asked = new BroadcastChannel('bitmaps');
      asked.onmessage = () => asked.postMessage(open);
    """
    # Of the worker's: the page below leaves one open itself.
    workers = b"if (typeof document === 'undefined') {" + counting + b"}"
    library.changed[".js"] = lambda body: workers + body if b"recognizer-" in body else body
    before, after, bitmaps = evaluate(
        blank,
        """
        const recognizer = await create();
        const canvas = new OffscreenCanvas(480, 320);
        canvas.getContext('2d').drawImage(await createImageBitmap(await photo('plate.png')), 0, 0, 480, 320);
        const file = await canvas.convertToBlob({ type: 'image/jpeg' });
        const read = async (count) => {
          for (; count > 0; count--) await recognizer.recognize(file, { looks: 1 });
          const { memory } = await recognizer.benchmark({ runs: 1 });
          // Of this page and its workers, after a collection of garbage.
          const { bytes } = await performance.measureUserAgentSpecificMemory();
          return { ...memory, total: bytes };
        };
        const before = await read(20);
        const after = await read(500);
        const bitmaps = await new Promise((resolve) => {
          const channel = new BroadcastChannel('bitmaps');
          channel.onmessage = ({ data }) => resolve(data);
          channel.postMessage('how many');
        });
        recognizer.close();
        return [before, after, bitmaps];
        """,
    )
    assert before["tensors"] == after["tensors"] > 0
    assert before["bytes"] == after["bytes"]
    assert bitmaps == 0
    # The pixels of seven photos: less than a hundredth of what 500 could leave behind.
    assert after["total"] - before["total"] < 7 * 480 * 320 * 4
