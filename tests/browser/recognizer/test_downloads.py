"""Faults on the way of a model's files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from playwright.sync_api import Page

from infra.settings import RELEASED
from tests.browser.conftest import Witness
from tests.browser.recognizer.library import EXAMPLE, PRELUDE, Library, evaluate


def starts(library: Library) -> list[int]:
    """Where the ranges began that were asked for of the weights."""
    return [int(wanted.removeprefix("bytes=").rstrip("-")) for wanted in library.ranges("weights-")]


def test_a_cut_file_goes_on_where_it_ended(blank: Page, library: Library) -> None:
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


@pytest.fixture
def sharded(photos: Path) -> str:
    """Address of the manifest of the released model, its weights in two files."""
    released, folder = RELEASED / "web_model", photos / "sharded"
    folder.mkdir(exist_ok=True)
    graph = json.loads((released / "model.json").read_text("utf-8"))
    manifest = json.loads((released / "manifest.json").read_text("utf-8"))
    (group,) = graph["weightsManifest"]
    weights = b"".join((released / path).read_bytes() for path in group["paths"])
    group["paths"] = ["weights-1.bin", "weights-2.bin"]
    files = {
        "model.json": json.dumps(graph).encode(),
        "weights-1.bin": weights[:500_000],
        "weights-2.bin": weights[500_000:],
    }
    for name, body in files.items():
        (folder / name).write_bytes(body)
    manifest["files"] = [
        {"path": name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()} for name, body in files.items()
    ]
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return "/photos/sharded/manifest.json"


@pytest.mark.parametrize("part", ["model.json", "weights-1.bin", "weights-2.bin"])
def test_each_of_several_files_may_be_cut(part: str, blank: Page, library: Library, sharded: str) -> None:
    library.cuts[part] = [20_000]
    text = evaluate(
        blank,
        """
        const recognizer = await create({ modelUrl: given });
        const text = textOf(await recognizer.recognize(await photo('plate.png')));
        recognizer.close();
        return text;
        """,
        sharded,
    )
    assert text == "123"
    continued = [path.rsplit("/", 1)[1] for path, wanted in library.asked if wanted]
    assert continued == [part]


def test_what_came_before_a_failure_is_there_for_the_retry(blank: Page, library: Library) -> None:
    library.cuts[".bin"] = [100_000] * 4
    error = evaluate(blank, "return tried(() => create());")
    assert error["code"] == "download"
    evaluate(blank, "(await create()).close();")
    # Each try went on from the one before, and so does the retry.
    assert starts(library) == sorted(starts(library))
    assert len(starts(library)) == 4


def test_what_came_before_it_was_cancelled_is_there_for_the_retry(blank: Page, library: Library) -> None:
    library.stalls[".bin"] = 700_000
    error = evaluate(
        blank,
        """
        const abort = new AbortController();
        const onProgress = ({ loaded }) => { if (loaded > 700_000) abort.abort('later'); };
        return tried(() => create({ signal: abort.signal, onProgress }));
        """,
    )
    assert error["message"] == "later"
    library.stalls.clear()
    evaluate(blank, "(await create()).close();")
    assert len(starts(library)) == 1
    # The graph may be among the 700,000 bytes.
    assert starts(library)[0] > 650_000


def test_a_tab_that_is_closed_keeps_most_of_what_came(blank: Page, library: Library) -> None:
    library.stalls[".bin"] = 900_000
    tab = blank.context.new_page()
    tab.goto(library.address + EXAMPLE)
    evaluate(
        tab,
        """
        await new Promise((resolve) => {
          void create({ onProgress: ({ loaded }) => { if (loaded > 900_000) resolve(); } });
        });
        """,
    )
    tab.close()
    library.stalls.clear()
    evaluate(blank, "(await create()).close();")
    assert len(starts(library)) == 1
    assert starts(library)[0] > 500_000


def test_a_flipped_byte_is_refused(blank: Page, library: Library) -> None:
    library.changed[".bin"] = lambda body: bytes([body[0] ^ 1]) + body[1:]
    error = evaluate(blank, "return tried(() => create());")
    assert error["code"] == "integrity"
    assert "SHA-256" in error["message"]


def test_a_missing_file_is_named(blank: Page, library: Library, witness: Witness) -> None:
    library.missing.add("model.json")
    error = evaluate(blank, "return tried(() => create());")
    assert error["code"] == "download"
    assert "model.json" in error["message"]
    assert "404" in error["message"]
    witness.complaints.clear()


def test_a_changed_entry_of_the_store_is_fetched_again(blank: Page, library: Library) -> None:
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


def test_the_next_visit_needs_no_network_for_the_model(blank: Page, library: Library) -> None:
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


def test_without_a_store_the_model_is_kept_in_memory(blank: Page, library: Library) -> None:
    refusing = b"Object.defineProperty(globalThis, 'caches', { value: { open() { throw new Error('private'); } } });"
    library.changed[".js"] = lambda body: refusing + body if b"recognizer-" in body else body
    text = evaluate(
        blank,
        """
        const recognizer = await create({ idleAfter: 10 });
        // Long enough for a worker that another could replace.
        await new Promise((resolve) => setTimeout(resolve, 200));
        const text = textOf(await recognizer.recognize(await photo('plate.png')));
        recognizer.close();
        return text;
        """,
    )
    assert text == "123"
    assert len(library.paths("weights-")) == 1


def test_two_tabs_at_once_both_get_their_model(blank: Page, library: Library) -> None:
    other = blank.context.new_page()
    other.goto(library.address + EXAMPLE)
    start = f"globalThis.loading = (async () => {{ {PRELUDE} return create(); }})(); null"
    finish = "async () => { const r = await globalThis.loading; r.close(); return r.manifest.name; }"
    for page in (blank, other):
        page.evaluate(start)
    assert [page.evaluate(finish) for page in (blank, other)] == ["digits", "digits"]


def test_loading_can_be_cancelled(blank: Page) -> None:
    error = evaluate(
        blank,
        """
        const abort = new AbortController();
        const onProgress = () => abort.abort('changed my mind');
        return tried(() => create({ signal: abort.signal, onProgress }));
        """,
    )
    assert error["message"] == "changed my mind"


def test_a_model_that_the_worker_was_not_built_for_is_named(blank: Page, library: Library) -> None:
    def demanding(body: bytes) -> bytes:
        manifest = json.loads(body)
        return json.dumps({**manifest, "kernels": [*manifest["kernels"], "FFT"]}).encode()

    library.changed["manifest.json"] = demanding
    error = evaluate(blank, "return tried(() => create());")
    assert error["code"] == "manifest"
    assert "FFT" in error["message"]
