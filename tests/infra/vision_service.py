"""A stand-in for Google Cloud Vision on loopback: strict about what it is sent, as late and wrong as a test wants."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from tests.hosting.loopback import Answer, Request, Server
from tests.hosting.tokens import ACCOUNT, Refusal, Tokens

FEATURES = ("TEXT_DETECTION", "DOCUMENT_TEXT_DETECTION")


@dataclass
class VisionService:
    """Says ``numbers`` of photos by their SHA-256, after ``seconds`` by feature; ``faults`` are the next answers."""

    numbers: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    faults: list[int | dict[str, Any]] = field(default_factory=list)
    """a status, or the whole JSON of an answer with status 200"""
    tokens: Tokens = field(default_factory=Tokens)
    asked: list[tuple[str, str]] = field(default_factory=list)
    """photo and feature of each question"""
    violations: list[str] = field(default_factory=list)
    address: str = ""
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, request: Request) -> Answer:
        try:
            with self._one_at_a_time:
                return self._route(request)
        except Refusal as refusal:
            if refusal.violation:
                self.violations.append(f"{request.method} {request.path}: {refusal}")
            return _json(refusal.status, _error(refusal.status, str(refusal)))

    def _route(self, request: Request) -> Answer:
        call = request.method, request.path
        if call == ("HEAD", "/"):
            return Answer(404)
        if call == ("POST", "/sts/v1/token"):
            return _json(200, self.tokens.exchange(request))
        if call == ("POST", f"/iam/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"):
            return _json(200, self.tokens.impersonate(request))
        if call != ("POST", "/v1/images:annotate") or request.query:
            raise Refusal(404, "no such call", violation=True)
        self.tokens.require(request)
        photo, feature = question(request)
        self.asked.append((photo, feature))
        time.sleep(self.seconds.get(feature, 0.0))
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, int):
            raise Refusal(fault, {429: "Quota exceeded", 403: "The API is disabled"}.get(fault, "No"))
        return _json(200, fault or {"responses": [found(self.numbers.get(photo, ""))]})


def question(request: Request) -> tuple[str, str]:
    """SHA-256 of the photo, and the feature, of a question that is as the API's reference asks for."""

    def fault(words: str) -> Refusal:
        return Refusal(400, f"Invalid JSON payload received. {words}", violation=True)

    if request.headers.get("Content-Type", "").partition(";")[0] != "application/json":
        raise fault(f"Content-Type {request.headers.get('Content-Type')}")
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise fault(str(error)) from error
    (asked,) = _fields(body, {"requests"}, fault)["requests"]
    parts = _fields(asked, {"image", "features"}, fault)
    (feature,) = parts["features"]
    if _fields(feature, {"type"}, fault)["type"] not in FEATURES:
        raise fault(f"features.type {feature['type']}")
    try:
        photo = base64.b64decode(_fields(parts["image"], {"content"}, fault)["content"], validate=True)
        with Image.open(io.BytesIO(photo)) as picture:
            picture.verify()
    except (binascii.Error, OSError) as error:
        raise fault(f"image.content: {error}") from error
    return hashlib.sha256(photo).hexdigest(), feature["type"]


def _fields(value: Any, names: set[str], fault: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != names:
        raise fault(f"Unknown or missing names: {sorted(set(value) ^ names)}")
    return value


def found(text: str) -> dict[str, Any]:
    """A response for ``text``, in the form of the API; of nothing found, it is empty."""
    if not text:
        return {}
    box = {"vertices": [{"x": 1, "y": 1}, {"x": 9, "y": 1}, {"x": 9, "y": 9}, {"x": 1, "y": 9}]}
    annotations = [{"locale": "und", "description": f"No. {text}\n", "boundingPoly": box}]
    return {"textAnnotations": annotations, "fullTextAnnotation": {"pages": [], "text": f"No. {text}\n"}}


def _json(status: int, content: object) -> Answer:
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


def _error(status: int, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "status": "FAILED"}}


def token(service: VisionService) -> str:
    """A token that ``service`` takes."""
    service.tokens.access["token"] = time.time() + 3600
    return "token"


def start(chain: Path) -> tuple[VisionService, Server]:
    """A stand-in, and its server, to be closed."""
    service = VisionService()
    server = Server(chain, service.handle)
    service.address = server.address
    return service, server
