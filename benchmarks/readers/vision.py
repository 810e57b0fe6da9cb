"""Google Cloud Vision: asked within a budget, its answers kept by the photo's hash, its refusals passed on.

Plain REST over google-auth, which is locked already for deploys, not the client library google-cloud-vision: one call,
`images:annotate`, is all that is needed, a page would make the very same, so its bytes can be counted and put through
a slow line, and a stand-in can be strict about every field. The library would add gRPC and generated messages.

Only what was answered is kept, with the seconds that it took: asked again, it is answered from there, as late as then,
and costs nothing. The seconds are those from the machine that asked; the visitor's line comes before them.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.readers.origin import ANNOTATE
from benchmarks.readers.photos import Photo
from infra.settings import settings

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession

FEATURES = ("TEXT_DETECTION", "DOCUMENT_TEXT_DETECTION")
FINAL = (401, 403)
"""Refusals that would be the same for every further photo."""
Connect = Callable[[], "AuthorizedSession"]


@dataclass
class Budget:
    """US dollars that may be spent, and that were at most: nobody tells the free share, or what got no answer."""

    dollars: float
    spent: float = 0.0

    def takes(self, price: float) -> bool:
        """Spend ``price`` if it is within the budget."""
        # What is a hundredth of a cent over by rounding is not.
        if self.spent + price > self.dollars + 1e-9:
            return False
        self.spent += price
        return True


@dataclass
class Vision:
    """The service behind a page; ``open`` comes before the first photo that really is sent."""

    cache: Path
    budget: Budget
    connect: Connect = field(repr=False)
    sent: int = 0
    """photos that left the machine"""
    from_cache: int = 0
    refused: str = ""
    failed: dict[Path, tuple[int, bytes]] = field(default_factory=dict)
    """questions that aren't asked again in this run: who knows whether they are billed"""
    _session: AuthorizedSession | None = field(default=None, repr=False)

    def ask(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to a question, one photo and one feature, as the service would give them."""
        (question,) = json.loads(body)["requests"]
        photo = base64.b64decode(question["image"]["content"])
        place = self._place(hashlib.sha256(photo).hexdigest(), question["features"][0]["type"])
        if place.exists():
            kept = json.loads(place.read_text("utf-8"))
            self.from_cache += 1
            time.sleep(kept["seconds"])
            return 200, json.dumps(kept["answer"]).encode()
        if place in self.failed:
            return self.failed[place]
        if self.refused:
            return _error(403, f"not asked again: {self.refused}")
        if not self.budget.takes(price()):
            return _error(402, f"not asked: the budget of ${self.budget.dollars:.2f} is used up")
        status, answer = self._send(body, place)
        if not place.exists():
            self.failed[place] = status, answer
        return status, answer

    def has(self, photo: Photo, feature: str) -> bool:
        """Whether the answer is kept."""
        return self._place(photo.hash, feature).exists()

    def _place(self, photo: str, feature: str) -> Path:
        # By host: a stand-in's answers must never pass for the service's.
        host = settings().readers.endpoint.removeprefix("https://").replace(":", "_")
        return self.cache / host / feature / f"{photo}.json"

    def _send(self, body: bytes, place: Path) -> tuple[int, bytes]:
        import requests
        from google.auth import exceptions

        own = settings().readers
        assert self._session is not None, "open() comes first"
        self.sent += 1
        start = time.monotonic()
        try:
            answer = self._session.post(
                f"{own.endpoint}{ANNOTATE}",
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=own.seconds,
            )
        except (requests.Timeout, TimeoutError):
            return _error(504, f"no answer within {own.seconds:g} s")
        except exceptions.GoogleAuthError as error:
            self.refused = f"the credential was refused ({type(error).__name__})"
            return _error(401, self.refused)
        except requests.RequestException as error:
            return _error(503, f"the service can't be reached ({type(error).__name__})")
        seconds = time.monotonic() - start
        return self._judge(answer.status_code, answer.content, seconds, place)

    def _judge(self, status: int, content: bytes, seconds: float, place: Path) -> tuple[int, bytes]:
        """Keep what is an answer; of a refusal, its words."""
        try:
            said: dict[str, Any] = json.loads(content)
            error = said.get("error") or (said["responses"][0].get("error") if status == 200 else {})
        except (ValueError, AttributeError, LookupError, TypeError):
            return _error(status if status >= 400 else 502, "the answer isn't the service's JSON")
        if status != 200 or error:
            words = str((error or {}).get("message", "")) or "no reason is given"
            code = status if status != 200 else int((error or {}).get("code", 0))
            if status in FINAL:
                self.refused = f"{status} {words}"
            return _error(status if status != 200 else 200, words, code)
        place.parent.mkdir(parents=True, exist_ok=True)
        new = place.with_suffix(".new")
        new.write_text(json.dumps({"asked_at": _now(), "seconds": round(seconds, 4), "answer": said}) + "\n", "utf-8")
        new.replace(place)
        return 200, content

    def open(self) -> None:
        """Get a session whose connection stands: the visitor's line has a handshake of its own.

        Raises:
            MissingPartError: there are no credentials.
            ServiceError: they were refused.
        """
        import requests

        self._session = self.connect()
        # Whether it is there, the first photo will tell.
        with contextlib.suppress(requests.RequestException):
            requests.Session.head(self._session, settings().readers.endpoint, timeout=settings().readers.seconds)


def price() -> float:
    """US dollars for one photo and one feature."""
    return settings().readers.vision_usd_per_1000 / 1000


def _error(status: int, message: str, code: int | None = None) -> tuple[int, bytes]:
    """A refusal in the service's own form."""
    return status, json.dumps({"error": {"code": code or status, "message": message}}).encode()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
