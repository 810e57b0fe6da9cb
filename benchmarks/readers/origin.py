"""A server on loopback for other readers' pages: their files, and where one asks a service, the service's answers."""

from __future__ import annotations

import contextlib
import mimetypes
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from benchmarks.page.link import HOST

Ask = Callable[[bytes], tuple[int, bytes]]
"""The body of a question to status and body of its answer, both JSON."""
ANNOTATE = "/v1/images:annotate"
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True


@contextlib.contextmanager
def serving(roots: Sequence[Path], files: Mapping[str, Path], ask: Ask | None = None) -> Iterator[str]:
    """Serve ``files`` by name, else what lies below the first of ``roots`` that has it; yields the address."""
    server = _Server((HOST, 0), _handler(roots, files, ask))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(roots: Sequence[Path], files: Mapping[str, Path], ask: Ask | None) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def do_GET(self) -> None:
            file = _find(unquote(urlsplit(self.path).path).lstrip("/") or "index.html")
            if file is None:
                self._answer(404, b"", "text/plain")
                return
            kind = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            self._answer(200, file.read_bytes(), kind)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if ask is None or self.path != ANNOTATE:
                self._answer(404, b"", "text/plain")
                return
            self._answer(*ask(body), "application/json")

        def _answer(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def _find(name: str) -> Path | None:
        if name in files:
            return files[name]
        for root in roots:
            place = (root / name).resolve()
            if place.is_relative_to(root.resolve()) and place.is_file():
                return place
        return None

    return Handler
