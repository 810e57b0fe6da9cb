"""A server of one file on loopback that misbehaves as it is told."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """What is served, and how."""

    content: bytes
    etag: str = '"one"'
    ranges: bool = True
    drops: list[int] = field(default_factory=list)
    """after how many bytes of the body to drop the connection, one per request"""
    status: list[int] = field(default_factory=list)
    """to answer with instead, one per request"""
    wrong_start: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    """headers of the requests so far"""


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """The address of a server that behaves so."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            behaviour.asked.append(dict(self.headers))
            if behaviour.status:
                self.send_response(behaviour.status.pop(0))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            start, total = 0, len(behaviour.content)
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            same = self.headers.get("If-Range", behaviour.etag) == behaviour.etag
            if asked and behaviour.ranges and same:
                start = int(asked[1])
                if start >= total:
                    self.send_response(416)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                shown = 0 if behaviour.wrong_start else start
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {shown + behaviour.wrong_start}-{total - 1}/{total}")
            else:
                self.send_response(200)
            body = behaviour.content[start:]
            self.send_header("Content-Length", str(len(body)))
            if behaviour.etag:
                self.send_header("ETag", behaviour.etag)
            self.end_headers()
            if behaviour.drops:
                self.wfile.write(body[: behaviour.drops.pop(0)])
                self.wfile.flush()
                self.close_connection = True
                self.connection.shutdown(2)
                return
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
