"""A package mirror over https whose certificate nobody knows: passes requests on to the index that pip uses here."""

from __future__ import annotations

import contextlib
import http.server
import ipaddress
import os
import re
import ssl
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from infra.execution import engine

PASSWORD = "not-in-any-layer-5f0c"
UPSTREAM = os.environ.get("PIP_INDEX_URL") or f"https://{'py' + 'pi.org'}/simple"


@dataclass
class Mirror:
    """``address`` has a password in it, as companies' mirrors do."""

    address: str
    authority: Path
    password: str = PASSWORD
    requests: list[str] = field(default_factory=list)


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Mirror]:
    """A mirror on the address under which containers reach this machine."""
    subnet = engine.connect().networks.get("bridge").attrs["IPAM"]["Config"][0]["Subnet"]
    host = str(next(ipaddress.ip_network(subnet).hosts()))
    authority = folder / "authority.pem"
    _certify(folder, "authority", "-addext", "keyUsage=keyCertSign")
    signed = ("-CA", str(authority), "-CAkey", str(folder / "authority.key"))
    _certify(folder, "mirror", *signed, "-addext", f"subjectAltName=IP:{host}", "-addext", "basicConstraints=CA:FALSE")
    mirror = Mirror("", authority)
    server = http.server.ThreadingHTTPServer((host, 0), _handler(mirror))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "mirror.pem", folder / "mirror.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    mirror.address = f"https://somebody:{PASSWORD}@{host}:{server.server_port}/simple"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield mirror
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _certify(folder: Path, name: str, *words: str) -> None:
    key = ("-newkey", "rsa:2048", "-nodes", "-keyout", str(folder / f"{name}.key"))
    subject = ("-subj", f"/CN=digitlens test {name}", "-days", "2", "-out", str(folder / f"{name}.pem"))
    subprocess.run(["openssl", "req", "-x509", *key, *subject, *words], check=True, capture_output=True)


def _handler(mirror: Mirror) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mirror.requests.append(self.path)
            if self.path.startswith("/file/"):
                address = urllib.parse.unquote(self.path.removeprefix("/file/").partition("/")[0])
            else:
                address = UPSTREAM + self.path.removeprefix("/simple")
            with urllib.request.urlopen(address) as answer:
                kind, body = answer.headers["Content-Type"], answer.read()
            if kind.startswith("text/html"):
                body = re.sub(rb'href="([^"#]+)', lambda match: _own(match[1].decode(), address), body)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def _own(address: str, page: str) -> bytes:
    """The mirror's address of a file; ends in its name, from which installers read what it is."""
    whole = urllib.parse.urljoin(page, address)
    return f'href="/file/{urllib.parse.quote(whole, safe="")}/{whole.rpartition("/")[2]}'.encode()
