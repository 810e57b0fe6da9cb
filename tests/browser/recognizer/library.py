"""The recognizer as a library: a server for its example and the released model, faults on request, and calls of it."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from infra.settings import ROOT

MODEL = "/models/digits/web_model/"
EXAMPLE = "/frontend/recognizer/example/"
SERVED = (MODEL, EXAMPLE, "/frontend/recognizer/dist/", "/photos/")
TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".wasm": "application/wasm",
    ".json": "application/json",
    ".jpg": "image/jpeg",
}

PRELUDE = """
  const { createRecognizer } = await import('/frontend/recognizer/dist/index.js');
  const create = (options = {}) => createRecognizer({
    modelUrl: '/models/digits/web_model/manifest.json',
    workerUrl: '/frontend/recognizer/dist/worker/worker.js',
    ...options,
  });
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
"""What `evaluate` has at hand."""

Body = Callable[[bytes], bytes]
"""What becomes of a file's bytes."""


@dataclass
class Library:
    """What is served and how; tests change it while the page runs."""

    address: str = ""
    photos: Path = ROOT
    """the folder behind /photos/"""
    headers: dict[str, str] = field(default_factory=lambda: shipped_headers())
    """of every answer"""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """path and Range of each request"""
    changed: dict[str, Body] = field(default_factory=dict)
    """other bytes by the end of the path"""
    cuts: dict[str, list[int]] = field(default_factory=dict)
    """bytes after which the connection is cut, one for each request, by the end of the path"""
    stalls: dict[str, int] = field(default_factory=dict)
    """bytes after which nothing more comes while the connection stays, by the end of the path"""
    over: threading.Event = field(default_factory=threading.Event)
    """set when nothing is served any more"""
    missing: set[str] = field(default_factory=set)
    """ends of paths that are not found"""

    def paths(self, part: str) -> list[str]:
        """Paths asked for that have ``part`` in them."""
        return [path for path, _ in self.asked if part in path]

    def ranges(self, part: str) -> list[str]:
        """Ranges asked for of paths that have ``part`` in them."""
        return [wanted for path, wanted in self.asked if part in path and wanted]

    def file(self, path: str) -> bytes | None:
        """The bytes behind ``path``, if there are any."""
        if not path.startswith(SERVED) or any(path.endswith(end) for end in self.missing):
            return None
        folder, name = (self.photos, path.removeprefix("/photos/")) if "/photos/" in path else (ROOT, path[1:])
        file = (folder / (name + "index.html" if name.endswith("/") else name)).resolve()
        if not file.is_relative_to(folder.resolve()) or not file.is_file():
            return None
        body = file.read_bytes()
        for end, change in self.changed.items():
            if path.endswith(end):
                body = change(body)
        return body

    def stall(self, path: str) -> int | None:
        """After how many bytes of the file nothing more comes."""
        return next((stall for end, stall in self.stalls.items() if path.endswith(end)), None)

    def cut(self, path: str) -> int | None:
        """After how many bytes the answer for ``path`` ends, if before its time."""
        for end, cuts in self.cuts.items():
            if path.endswith(end) and cuts:
                return cuts.pop(0)
        return None


def shipped_headers() -> dict[str, str]:
    """The headers that every file is deployed with."""
    hosting = json.loads((ROOT / "firebase.json").read_text("utf-8"))["hosting"]
    return {header["key"]: header["value"] for header in hosting["headers"][0]["headers"]}


def handler(library: Library) -> type[http.server.BaseHTTPRequestHandler]:
    """The requests' side of ``library``."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            wanted = self.headers.get("Range")
            library.asked.append((path, wanted))
            body = library.file(path)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            rest = (body or b"")[start:]
            self.send_response(404 if body is None else 206 if wanted else 200)
            for key, value in library.headers.items():
                self.send_header(key, value)
            suffix = Path(path).suffix or ".html"
            self.send_header("Content-Type", TYPES.get(suffix, "application/octet-stream"))
            self.send_header("Content-Length", str(len(rest)))
            if wanted and body is not None:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.end_headers()
            stall = library.stall(path)
            if stall is not None:
                self.wfile.write(rest[: max(0, stall - start)])
                self.wfile.flush()
                library.over.wait()
                return
            cut = library.cut(path)
            self.wfile.write(rest if cut is None else rest[:cut])
            if cut is not None:
                # Browsers forget what they have not handed over when the connection ends.
                self.wfile.flush()
                time.sleep(0.5)
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Nothing: tests look at what was asked."""

    return Handler


@contextmanager
def serving(library: Library) -> Iterator[Library]:
    """Serve ``library`` on loopback while the block runs."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(library)) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        library.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield library
        finally:
            library.over.set()
            server.shutdown()
            thread.join()


def evaluate(page: Page, body: str, argument: Any = None) -> Any:
    """What ``body``, JavaScript with the prelude's names, returns."""
    return page.evaluate(f"async (given) => {{ {PRELUDE} {body} }}", argument)
