"""What was deployed, served as Firebase Hosting does: each channel at an origin of its own."""

from __future__ import annotations

import gzip
import mimetypes
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.hosting.loopback import Answer, Request, Server

Content = tuple[dict[str, bytes], dict[str, Any]]
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json"}


class Pages:
    """The addresses of the channels."""

    def __init__(self, chain: Path) -> None:
        self._chain = chain
        self._servers: list[Server] = []
        self.corrupted: set[str] = set()
        """Paths that are served with other bytes than were uploaded."""
        self.dropped: set[str] = set()
        """Headers that aren't served."""
        self.busy: dict[str, int] = {}
        """How often paths are answered with 503 before they are served."""

    def open(self, content: Callable[[], Content]) -> str:
        """Serve ``content``, asked anew for each request; returns the address."""
        server = Server(self._chain, lambda request: self._answer(request, *content()))
        self._servers.append(server)
        return server.address

    def close(self) -> None:
        """Stop serving."""
        for server in self._servers:
            server.close()

    def _answer(self, request: Request, files: dict[str, bytes], config: dict[str, Any]) -> Answer:
        if request.method not in {"GET", "HEAD"}:
            return Answer(405)
        path = request.path + "index.html" if request.path.endswith("/") else request.path
        if self.busy.get(path):
            self.busy[path] -= 1
            return Answer(503)
        status = 200 if path in files else 404
        found = files.get(path) or files.get("/404.html", gzip.compress(b"Site Not Found"))
        if path in self.corrupted:
            found = gzip.compress(gzip.decompress(found) + b" ")
        suffix = Path(path).suffix
        headers = {"Content-Type": TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "text/html"}
        configured = _headers(request.path, config.get("headers", []))
        headers |= {name: value for name, value in configured.items() if name not in self.dropped}
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return Answer(status, found, {**headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
        return Answer(status, gzip.decompress(found), headers)


def _headers(path: str, rules: list[dict[str, Any]]) -> dict[str, str]:
    """Of all rules that match, the later ones win."""
    found: dict[str, str] = {}
    for rule in rules:
        if "regex" in rule:
            matches = re.search(rule["regex"], path) is not None
        else:
            assert rule["glob"] == "**", f"the stand-in knows no {rule['glob']}"
            matches = True
        if matches:
            found |= rule["headers"]
    return found
