"""The model that a worker runs: the same answers as in Node, and none that it was not built for."""

from __future__ import annotations

import base64
import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from infra import results
from infra.browser import frontend
from infra.errors import CommandError
from infra.settings import RELEASED
from tests.browser.conftest import TOLERANCE
from tests.browser.recognizer.library import Library, evaluate


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
    released = RELEASED / "web_model"
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


def test_a_model_with_an_unknown_operation_fails_the_build_by_name(photos: Path, tmp_path: Path) -> None:
    released = RELEASED / "web_model"
    for file in released.iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "kernels": [*manifest["kernels"], "Dance"]}))
    with pytest.raises(CommandError, match="Dance"):
        frontend.build_recognizer(tmp_path)
    # The last good build is still there.
    assert results.read(frontend.RECOGNIZER) is not None
