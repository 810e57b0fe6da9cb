"""The page on this machine with the photos of a session: what it may be asked for, and by whom.

It listens on 127.0.0.1 and answers who calls it by that name or ``localhost``: a foreign name that was made to lead
here (DNS rebinding) gets nothing. Only the page's own scripts learn what is in the folder, and only they may write:
browsers say where a request comes from. Nothing is served but the site's files and the photos that were listed, and
nothing is written but the session's labels. The headers are those that the page is deployed with.
"""

from __future__ import annotations

import contextlib
import json
import mimetypes
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator, Mapping
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from infra.errors import UsageError
from infra.labelling.session import Session
from infra.page import site as sites

HOST = "127.0.0.1"
PORT = 5010
NAMES = frozenset({HOST, "localhost"})
AREA = "/labelling/"
MOST_BYTES = 4 * 2**20
"""Of the labels of one photo."""
SECONDS = 30
"""Of silence, after which a connection is given up."""
FAREWELL = """\
// In the place of an offline copy of another page that this address served before: it goes, and the page comes anew.
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(leave()));
async function leave() {
  await registration.unregister();
  for (const tab of await clients.matchAll({ type: 'window' })) await tab.navigate(tab.url);
}
"""


@contextlib.contextmanager
def serving(session: Session, site: Path, port: int | None = None) -> Iterator[str]:
    """Serve ``site`` and the photos of ``session`` while the block runs; yields the address.

    Raises:
        UsageError: ``port`` can't be had (None: a usual one, or else a free one).
    """
    server = _listening(session, site, port)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="labelling", daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Of connections that wait to be taken: five are fewer than a page opens with two tabs, and the sixth is reset.
    request_queue_size = 128

    def __init__(self, *given: Any) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(*given)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Keep the connection in mind: browsers hold on to theirs."""
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """End what is left open, too: nothing is answered or written afterwards."""
        super().server_close()
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def server_bind(self) -> None:
        """Without asking for the machine's name, which takes long where nobody knows it."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over who went away before the answer."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _listening(session: Session, site: Path, port: int | None) -> _Server:
    handler = partial(_Handler, session, _files(site), _headers())
    for chosen in (port,) if port else (PORT, 0):
        try:
            return _Server((HOST, chosen), handler)
        except OSError as error:
            refused = error
    raise UsageError(f"port {port or PORT} can't be listened on ({refused.strerror}): choose another with --port")


def _files(site: Path) -> dict[str, Path]:
    """The site's files by their paths in addresses; nothing else can be asked for."""
    files = {f"/{path.relative_to(site).as_posix()}": path for path in site.rglob("*") if path.is_file()}
    return {**files, "/": site / "index.html"}


def _headers() -> dict[str, str]:
    """Of every answer, as they are deployed."""
    return {
        one["key"]: one["value"]
        for rule in sites.rules()["headers"]
        if rule.get("source") == "**"
        for one in rule["headers"]
    }


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "digitlens", ""
    timeout: ClassVar[float] = SECONDS

    def __init__(self, session: Session, files: Mapping[str, Path], common: Mapping[str, str], *given: Any) -> None:
        self.session, self.files, self.common = session, files, common
        super().__init__(*given)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if not self._is_called_right():
            self._say(HTTPStatus.MISDIRECTED_REQUEST, "this is 127.0.0.1, and answers to no other name")
        elif path.startswith(AREA) and not self._is_from_here():
            self._say(HTTPStatus.FORBIDDEN, "only this page's own program may ask for that")
        elif path == f"{AREA}session.json":
            self._describe()
        elif path.startswith(f"{AREA}photos/"):
            self._show(unquote(path.removeprefix(f"{AREA}photos/")))
        elif path == "/sw.js":
            self._send(HTTPStatus.OK, FAREWELL.encode(), "text/javascript")
        elif file := self.files.get(unquote(path)):
            self._send_file(file)
        else:
            self._say(HTTPStatus.NOT_FOUND, "there is nothing here")

    def do_PUT(self) -> None:
        # What isn't read would be taken for the next request.
        self.close_connection = True
        path = urlsplit(self.path).path
        name = unquote(path.removeprefix(f"{AREA}labels/"))
        if not self._is_called_right():
            self._say(HTTPStatus.MISDIRECTED_REQUEST, "this is 127.0.0.1, and answers to no other name")
        elif self.headers.get("Origin") != f"http://{self.headers.get('Host')}" or not self._is_from_here():
            self._say(HTTPStatus.FORBIDDEN, "only this page's own program may write")
        elif not path.startswith(f"{AREA}labels/") or name not in self.session.photos:
            self._say(HTTPStatus.NOT_FOUND, "there is no such photo")
        elif self.session.photos[name].problem:
            self._say(HTTPStatus.CONFLICT, "this photo can't be read, and so can't be labelled")
        elif self.headers.get_content_type() != "application/json":
            self._say(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "labels come as JSON")
        else:
            self._take(name)

    def _take(self, name: str) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the labels of a photo have at most {MOST_BYTES} bytes")
            return
        body = self.rfile.read(int(length))
        try:
            self.session.put(name, json.loads(body))
        except (ValueError, RecursionError) as error:
            self._say(HTTPStatus.BAD_REQUEST, f"no JSON: {error}")
        except UsageError as error:
            self._say(HTTPStatus.CONFLICT, str(error))
        except OSError as error:
            self._say(HTTPStatus.INSUFFICIENT_STORAGE, f"{self.session.labels.path}: {error.strerror}")
        else:
            self._send(HTTPStatus.OK, b"{}", "application/json")

    def _describe(self) -> None:
        try:
            described = self.session.describe()
        except UsageError as error:
            self._say(HTTPStatus.CONFLICT, str(error))
        else:
            self._send(HTTPStatus.OK, json.dumps(described).encode(), "application/json")

    def _show(self, name: str) -> None:
        photo = self.session.photos.get(name)
        if photo is None or photo.file is None:
            self._say(HTTPStatus.NOT_FOUND, "there is no such photo")
            return
        try:
            self._send(HTTPStatus.OK, photo.file.read_bytes(), _kind(photo.file), {"Cache-Control": "no-store"})
        except OSError as error:
            self._say(HTTPStatus.GONE, f"{name}: {error.strerror}")

    def _send_file(self, file: Path) -> None:
        self._send(HTTPStatus.OK, file.read_bytes(), mimetypes.guess_type(file.name)[0] or "application/octet-stream")

    def _is_called_right(self) -> bool:
        # The port may be another where it is forwarded to this machine.
        return (self.headers.get("Host") or "").rpartition(":")[0] in NAMES or self.headers.get("Host") in NAMES

    def _is_from_here(self) -> bool:
        """Whether the page's own scripts and pictures ask, or no browser."""
        return self.headers.get("Sec-Fetch-Site", "same-origin") in {"same-origin", "none"}

    def _say(self, status: HTTPStatus, words: str) -> None:
        self._send(status, json.dumps({"error": words}).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, kind: str, more: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {**self.common, **(more or {})}.items():
            self.send_header(key, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # Who asked may have gone.
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        """Say nothing: the page shows what goes on."""


def _kind(file: Path) -> str:
    """Browsers go by what a picture's bytes are; they must only not take it for anything else."""
    kind = mimetypes.guess_type(file.name)[0] or ""
    return kind if kind.startswith("image/") and "svg" not in kind else "image/jpeg"
