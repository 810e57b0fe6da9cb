"""The code of docs/library.md, as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from infra.settings import ROOT
from tests.browser.conftest import ANSWER_MILLISECONDS, Witness
from tests.browser.recognizer.library import EXAMPLE, Library, evaluate, serving

ELEMENT, VIDEO, NODE = (
    code
    for _, code in re.findall(r"^```(html|js)\n(.*?)^```", (ROOT / "docs/library.md").read_text("utf-8"), re.S | re.M)
)


def addressed(code: str) -> str:
    """The recipe's code with the addresses of these tests."""
    return code.replace("/recognizer/dist/", "/frontend/recognizer/dist/").replace(
        "/model/", "/models/digits/web_model/"
    )


@pytest.fixture
def recipes(photos: Path) -> Iterator[Library]:
    """A library whose example is the recipe that a test chooses."""
    with serving(Library(photos=photos)) as library:
        yield library


def test_a_page_without_a_build(page: Page, witness: Witness, recipes: Library, photos: Path) -> None:
    html = f'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>…</title>{addressed(ELEMENT)}'
    recipes.changed["index.html"] = recipes.changed[EXAMPLE] = lambda _: html.encode()
    page.goto(recipes.address + EXAMPLE)
    reader = page.locator("digit-reader")
    reader.evaluate("(reader) => reader.addEventListener('read', ({ detail }) => { window.detail = detail; })")
    expect(page.get_by_text("Choose a photo of a meter")).to_be_visible()
    reader.locator("input").set_input_files(photos / "plate.png")
    expect(reader.locator("output")).to_have_text("123", timeout=ANSWER_MILLISECONDS)
    assert reader.evaluate("(reader) => reader.value") == "123"
    assert page.evaluate("window.detail.numbers[0].text") == "123"
    assert reader.locator("canvas").bounding_box()
    # What is no photo is said, and the next one is read.
    refused = reader.evaluate("async (reader) => [await reader.read(new Blob(['words'])) ?? null, reader.value]")
    assert refused == [None, ""]
    expect(reader.locator("output")).to_contain_text("not an image")
    again = (
        "async (reader) => { await reader.read(await (await fetch('/photos/plate.png')).blob()); return reader.value; }"
    )
    assert reader.evaluate(again) == "123"
    # Taken out of the page and put back, as frameworks do.
    moved = "async (reader) => { const { body } = document; reader.remove(); body.append(reader); }"
    reader.evaluate(moved)
    assert reader.evaluate(again) == "123"


def test_live_video(page: Page, witness: Witness, recipes: Library) -> None:
    html = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>…</title>'
    body = '<video muted playsinline></video><output></output><script type="module" src="example.js"></script>'
    recipes.changed[EXAMPLE] = lambda _: f"{html}{body}".encode()
    recipes.changed["example.js"] = lambda _: addressed(VIDEO).encode()
    page.context.grant_permissions(["camera"], origin=recipes.address)
    page.goto(recipes.address + EXAMPLE)
    # The camera of these tests films a plate, see tests/browser/pictures.py.
    expect(page.locator("output")).to_have_text(re.compile(r"^\d+$"), timeout=ANSWER_MILLISECONDS)


def test_in_node(blank: Page, tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "@digitlens"
    package.mkdir(parents=True)
    (package / "recognizer").symlink_to(ROOT / "frontend" / "recognizer")
    rgba = evaluate(
        blank,
        """
        const bitmap = await createImageBitmap(await photo('plate.png'));
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
        context.drawImage(bitmap, 0, 0);
        const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
        return { data: [...data], width, height };
        """,
    )
    (tmp_path / "photo.json").write_text(json.dumps(rgba))
    (tmp_path / "read.mjs").write_text(NODE)
    (tmp_path / "main.mjs").write_text(
        f"""
        import {{ readFileSync }} from 'node:fs';
        import {{ read }} from './read.mjs';
        const {{ data, ...size }} = JSON.parse(readFileSync('photo.json', 'utf8'));
        const model = {json.dumps(str(ROOT / "models/digits/web_model"))};
        console.log(await read(model, {{ data: Uint8Array.from(data), ...size }}));
        """
    )
    done = subprocess.run(["node", "main.mjs"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("123", "")
