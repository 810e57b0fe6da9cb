"""Workers that live and don't answer: noticed, replaced, and the photo read on by the next backend."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Witness
from tests.browser.recognizer.library import Library, evaluate

FAULTS = """{
  // Software is fast enough here.
  const get = OffscreenCanvas.prototype.getContext;
  const contexts = [];
  OffscreenCanvas.prototype.getContext = function (kind, options) {
    const context = get.call(this, kind, { ...options, failIfMajorPerformanceCaveat: false });
    if (kind.startsWith('webgl') && context) contexts.push(context);
    return context;
  };
  const fault = FAULT;
  let isOn = fault.stage === 'trying';
  const channel = new BroadcastChannel('faults');
  channel.onmessage = () => {
    isOn = true;
    if (fault.stage !== 'lost') return;
    for (const context of contexts) context.getExtension('WEBGL_lose_context')?.loseContext();
  };
  const block = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  const post = postMessage.bind(globalThis);
  globalThis.postMessage = (message) => {
    post(message);
    const isIt = message.type === fault.stage && (message.backend ?? fault.backend) === fault.backend;
    // A driver that stalls never comes back.
    if (isOn && isIt) block();
  };
  if (fault.stage === 'adapter') {
    Object.defineProperty(navigator, 'gpu', { value: { requestAdapter: () => new Promise(() => undefined) } });
  }
  if (fault.stage === 'decoder') {
    const make = createImageBitmap;
    globalThis.createImageBitmap = (...given) => (isOn ? new Promise(() => undefined) : make(...given));
  }
}"""

READ = """
  // What an earlier visit found.
  const key = `recognizer ${new URL('/models/digits/web_model/manifest.json', location.href).href}`;
  const found = { model: '', answer: { boxes: [], scores: [] }, complete: true, agent: navigator.userAgent };
  localStorage.setItem(key, JSON.stringify({ ...found, backend: given.backend }));
  const recognizer = await create();
  const plate = await photo('plate.png');
  const before = recognizer.runtime.backend;
  const first = given.stage === 'trying' || given.stage === 'adapter' || textOf(await recognizer.recognize(plate));
  new BroadcastChannel('faults').postMessage('now');
  // Until the worker has heard it.
  await recognizer.benchmark({ runs: 1 }).catch(() => undefined);
  const text = textOf(await recognizer.recognize(plate));
  const after = recognizer.runtime.backend;
  recognizer.close();
  return { before, first, text, after, remembered: localStorage.getItem(key) !== null };
"""


def hurry(library: Library, stage: str) -> None:
    """Ten seconds for what falls silent; what else a busy machine has to do keeps its own limits."""
    limits = {"trying": b"OPENING", "adapter": b"OPENING", "decoder": b"DECODING"}
    name = limits.get(stage, b"LOOKING")

    def hurried(body: bytes) -> bytes:
        body, count = re.subn(rb"var %s = [\de]+;" % name, b"var %s = 10000;" % name, body)
        assert count == 1
        return body

    library.changed["dist/index.js"] = hurried


@pytest.mark.parametrize(
    ("backend", "stage"),
    [
        ("wasm", "trying"),
        ("webgpu", "adapter"),
        ("wasm", "step"),
        ("webgl", "step"),
        ("webgl", "lost"),
    ],
)
def test_a_silent_worker_is_replaced_by_one_on_another_backend(
    backend: str, stage: str, blank: Page, library: Library, witness: Witness
) -> None:
    fault = {"backend": backend, "stage": stage}
    hurry(library, stage)
    prefix = FAULTS.replace("FAULT;", f"{json.dumps(fault)};").encode()
    library.changed[".js"] = lambda body: prefix + body if b"recognizer-" in body else body
    found = evaluate(blank, READ, fault)
    # WebGL here is made in software, and says how slow it is to read from.
    witness.complaints[:] = [line for line in witness.complaints if "GL" not in line]
    assert found["text"] == "123"
    assert found["after"] != backend
    # The next visit begins without it.
    assert not found["remembered"]
    if stage in {"step", "lost"}:
        assert (found["before"], found["first"]) == (backend, "123")


def test_a_decoder_that_hangs_is_an_error_and_the_next_photo_is_read(blank: Page, library: Library) -> None:
    hurry(library, "decoder")
    prefix = FAULTS.replace("FAULT;", f"{json.dumps({'backend': 'wasm', 'stage': 'decoder'})};").encode()
    library.changed[".js"] = lambda body: prefix + body if b"recognizer-" in body else body
    found = evaluate(
        blank,
        """
        const recognizer = await create();
        const plate = await photo('plate.png');
        const faults = new BroadcastChannel('faults');
        faults.postMessage('now');
        // Until the worker has heard it; its successor, too.
        await recognizer.benchmark({ runs: 1 });
        const again = setInterval(() => faults.postMessage('now'), 20);
        const error = await tried(() => recognizer.recognize(plate));
        clearInterval(again);
        recognizer.close();
        const other = await create();
        const text = textOf(await other.recognize(plate));
        other.close();
        return { code: error.code, message: error.message, text };
        """,
    )
    assert found["code"] == "worker"
    assert "while the photo was decoded" in found["message"]
    assert found["text"] == "123"
