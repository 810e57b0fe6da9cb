"""A stand-in for the Google APIs that a deploy uses, strict about what it is sent.

What a client may not send (another method, an unknown field or parameter, a wrong mask, bytes that
aren't gzip or don't have their hash) is answered with 400 and kept in ``violations``, which fail the
test.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.hosting.loopback import Answer, Request, Server
from tests.hosting.pages import Pages
from tests.hosting.tokens import ACCOUNT, Refusal, Tokens

PROJECT = "test-project"
SITE = "test-site"
LIVE = "live"
NAME = f"projects/{PROJECT}/sites/{SITE}"
HASH = re.compile(r"[0-9a-f]{64}")
CONFIG_FIELDS = {"headers", "redirects", "rewrites", "cleanUrls", "trailingSlashBehavior", "appAssociation", "i18n"}
QUOTA = 50
MAX_TTL = 30 * 86400


@dataclass
class Fault:
    """What happens instead to calls whose ``METHOD path`` contains ``where``, ``times`` times."""

    where: re.Pattern[str]
    answer: Answer | None
    times: int = 1
    seconds: float = 0.0
    expires: bool = False
    reset: bool = False


@dataclass
class Google:
    """State and rules. ``Stand-in.address`` is where it answers."""

    tokens: Tokens
    pages: Pages
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    releases: list[dict[str, Any]] = field(default_factory=list)
    domains: list[str] = field(default_factory=lambda: ["localhost"])
    calls: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    address: str = ""
    is_firebase: bool = True
    has_site: bool = True
    is_disabled: bool = False
    has_terms: bool = True
    """Whether whoever asks accepted Firebase's terms."""
    most_together: int = 0
    """How many calls were under way at once, at most."""

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._together = 0
        self._numbers = itertools.count(1)
        self.open_channel(LIVE, None)

    def fail(
        self,
        where: str,
        status: int | None = None,
        *,
        message: str = "injected",
        after: int | None = None,
        reset: bool = False,
        seconds: float = 0.0,
        expires: bool = False,
        times: int = 1,
    ) -> None:
        """Inject a fault: an error's status, a reset, a pause, or the end of the token's life."""
        answer = None
        if status:
            headers = {"Retry-After": str(after)} if after is not None else {}
            answer = _json(status, _error(status, message), headers)
        self.faults.append(Fault(re.compile(where), answer, times, seconds, expires, reset))

    def serve(self, channel: str) -> dict[str, str]:
        """Path and SHA-256 of what a channel serves: of the content, not of its gzip."""
        version = self.version_of(channel)
        named = self.files[version] if version else {}
        return {path: hashlib.sha256(gzip.decompress(self.blobs[value])).hexdigest() for path, value in named.items()}

    def version_of(self, channel: str) -> str:
        """The version that a channel serves, empty for none."""
        release = self.channels[channel].get("release")
        return release["version"]["name"].rpartition("/")[2] if release else ""

    def count(self, part: str) -> int:
        """How many calls contained ``part``."""
        return sum(part in call for call in self.calls)

    def now(self, seconds: float = 0.0) -> str:
        """The time in so many seconds, as Google writes it."""
        return _now(seconds)

    def handle(self, request: Request) -> Answer:
        """Answer a call."""
        try:
            return self._answer(request)
        finally:
            with self._lock:
                self._together -= 1

    def _answer(self, request: Request) -> Answer:
        call = f"{request.method} {request.path}"
        self.calls.append(call)
        fault = self._fault(call, reset=False)
        if fault:
            time.sleep(fault.seconds)
            if fault.expires:
                self.tokens.expire(request)
            if fault.answer:
                return fault.answer
        try:
            with self._lock:
                return _json(200, self._route(request))
        except Refusal as refusal:
            if refusal.violation:
                self.violations.append(f"{call}: {refusal}")
            return _json(refusal.status, _error(refusal.status, str(refusal)))
        except Exception as error:
            self.violations.append(f"{call}: {error!r}")
            return _json(500, _error(500, "the stand-in failed"))

    def breaks(self, call: str) -> bool:
        """Whether the connection breaks in the middle of a call."""
        with self._lock:
            self._together += 1
            self.most_together = max(self.most_together, self._together)
        broken = self._fault(call, reset=True) is not None
        if broken:
            self._together -= 1
            self.calls.append(f"{call} (reset)")
        return broken

    def _fault(self, call: str, *, reset: bool) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.times > 0 and fault.reset == reset and fault.where.search(call):
                    fault.times -= 1
                    return fault
        return None

    def _route(self, request: Request) -> dict[str, Any]:
        if (request.method, request.path) == ("POST", "/sts/v1/token"):
            return self.tokens.exchange(request)
        if (request.method, request.path) == (
            "POST",
            f"/iam/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken",
        ):
            return self.tokens.impersonate(request)
        self.tokens.require(request)
        for method, pattern, action in self._routes():
            found = re.fullmatch(pattern, request.path)
            if found and method == request.method:
                return action(request, *found.groups())
        raise Refusal(404, f"no such call: {request.method} {request.path}", violation=True)

    def _routes(self) -> Iterable[tuple[str, str, Callable[..., dict[str, Any]]]]:
        site = f"/v1beta1/{NAME}"
        return (
            ("POST", f"/v1/projects/{PROJECT}:testIamPermissions", self._permissions),
            ("GET", f"/v1/projects/{PROJECT}/services/127.0.0.1", self._service),
            ("GET", f"/v1beta1/projects/{PROJECT}", self._project),
            ("GET", f"/v1/projects/{PROJECT}", self._project),
            ("POST", f"/v1beta1/projects/{PROJECT}:addFirebase", self._add_firebase),
            ("GET", "/v1beta1/operations/added", self._added),
            ("POST", f"/v1beta1/projects/(?:{PROJECT}|123)/sites", self._create_site),
            ("POST", f"{site}/releases", self._disable),
            ("GET", f"/admin/v2/projects/{PROJECT}/config", self._domains),
            ("PATCH", f"/admin/v2/projects/{PROJECT}/config", self._set_domains),
            ("GET", f"/v1beta1/projects/(?:{PROJECT}|-)/sites/{SITE}", self._site),
            ("GET", r"/v1beta1/projects/[^/]+/sites/[^/]+", self._no_site),
            ("GET", f"{site}/channels", self._list_channels),
            ("POST", f"{site}/channels", self._create_channel),
            ("GET", f"{site}/channels/([^/]+)", self._get_channel),
            ("PATCH", f"{site}/channels/([^/]+)", self._patch_channel),
            ("DELETE", f"{site}/channels/([^/]+)", self._delete_channel),
            ("GET", f"{site}/channels/([^/]+)/releases", self._list_releases),
            ("POST", f"{site}/channels/([^/]+)/releases", self._create_release),
            ("GET", f"{site}/versions", self._list_versions),
            ("POST", f"{site}/versions", self._create_version),
            ("GET", f"{site}/versions/([^/:]+)", self._get_version),
            ("PATCH", f"{site}/versions/([^/:]+)", self._finalize),
            ("DELETE", f"{site}/versions/([^/:]+)", self._delete_version),
            ("POST", f"{site}/versions/([^/:]+):populateFiles", self._populate),
            ("POST", f"/upload/sites/{SITE}/versions/([^/]+)/files/([^/]+)", self._upload),
        )

    def _permissions(self, request: Request) -> dict[str, Any]:
        return {"permissions": _body(request, {"permissions"})["permissions"]}

    def _service(self, request: Request) -> dict[str, Any]:
        _query(request, set())
        return {"name": f"projects/123/services/{request.path.rpartition('/')[2]}", "state": "ENABLED"}

    def _project(self, request: Request) -> dict[str, Any]:
        _query(request, set())
        if not self.is_firebase:
            raise Refusal(404, "Requested entity was not found.")
        resources = {"hostingSite": SITE} if self.has_site else {}
        return {"projectId": PROJECT, "projectNumber": "123", "state": "ACTIVE", "resources": resources}

    def _add_firebase(self, request: Request) -> dict[str, Any]:
        _query(request, set())
        if self.is_firebase:
            raise Refusal(409, "Requested entity already exists", violation=True)
        if not self.has_terms:
            raise Refusal(403, "Firebase Tos Not Accepted")
        self.is_firebase = True
        return {"name": "operations/added"}

    def _added(self, request: Request) -> dict[str, Any]:
        project = self._project(request)
        return {"name": "operations/added", "done": True, "response": project}

    def _create_site(self, request: Request) -> dict[str, Any]:
        is_trial = request.query.get("validateOnly") == "true"
        _query(request, {"siteId", "validateOnly"} if is_trial else {"siteId"}, siteId=SITE)
        _body(request, {"appId"})
        if self.has_site or not self.is_firebase:
            raise Refusal(409, "the site exists, or the project isn't one of Firebase's", violation=True)
        self.has_site = not is_trial
        return {"name": NAME, "defaultUrl": self.channels[LIVE]["url"], "type": "DEFAULT_SITE"}

    def _disable(self, request: Request) -> dict[str, Any]:
        _query(request, set())
        if _body(request, {"type"}) != {"type": "SITE_DISABLE"}:
            raise Refusal(400, "only SITE_DISABLE has no version", violation=True)
        self.is_disabled = True
        return {"name": f"{NAME}/releases/0", "type": "SITE_DISABLE"}

    def _domains(self, request: Request) -> dict[str, Any]:
        return {"authorizedDomains": self.domains}

    def _set_domains(self, request: Request) -> dict[str, Any]:
        _query(request, {"update_mask"}, update_mask="authorizedDomains")
        self.domains = _body(request, {"authorizedDomains"})["authorizedDomains"]
        return {"authorizedDomains": self.domains}

    def _site(self, request: Request) -> dict[str, Any]:
        _query(request, set())
        if not self.has_site:
            raise Refusal(404, "Requested entity was not found.")
        return {"name": NAME, "defaultUrl": self.channels[LIVE]["url"], "type": "DEFAULT_SITE"}

    def _no_site(self, request: Request) -> dict[str, Any]:
        raise Refusal(404, "Requested entity was not found.")

    def _list_channels(self, request: Request) -> dict[str, Any]:
        return _page(request, "channels", list(self.channels.values()))

    def _create_channel(self, request: Request) -> dict[str, Any]:
        _query(request, {"channelId"})
        name = request.query["channelId"]
        if not re.fullmatch(r"[a-z0-9-]{1,63}", name):
            raise Refusal(400, f"channelId {name}", violation=True)
        if name in self.channels:
            raise Refusal(409, "the channel exists", violation=True)
        if len(self.channels) > QUOTA:
            raise Refusal(429, "channel quota exceeded")
        return self.open_channel(name, _ttl(_body(request, {"ttl"})["ttl"]))

    def open_channel(self, name: str, ttl: float | None) -> dict[str, Any]:
        """Make a channel that ends in ``ttl`` seconds."""
        url = self.pages.open(lambda: self._content(name))
        self.channels[name] = {
            "name": f"{NAME}/channels/{name}",
            "url": url,
            "createTime": _now(),
            "updateTime": _now(),
        }
        if ttl:
            self.channels[name] |= {"ttl": f"{ttl:.0f}s", "expireTime": _now(ttl)}
        return self.channels[name]

    def _get_channel(self, request: Request, name: str) -> dict[str, Any]:
        _query(request, set())
        if name not in self.channels:
            raise Refusal(404, "Requested entity was not found.")
        return self.channels[name]

    def _patch_channel(self, request: Request, name: str) -> dict[str, Any]:
        channel = self._get_channel(Request("GET", "", {}, {}, b""), name)
        _query(request, {"updateMask"}, updateMask="ttl")
        ttl = _ttl(_body(request, {"ttl"})["ttl"])
        channel |= {"ttl": f"{ttl:.0f}s", "expireTime": _now(ttl), "updateTime": _now()}
        return channel

    def _delete_channel(self, request: Request, name: str) -> dict[str, Any]:
        if name == LIVE:
            raise Refusal(400, "the live channel can't be deleted", violation=True)
        self._get_channel(request, name)
        del self.channels[name]
        return {}

    def _list_releases(self, request: Request, name: str) -> dict[str, Any]:
        mine = [one for one in self.releases if f"/channels/{name}/" in one["name"]]
        return _page(request, "releases", mine[::-1])

    def _create_release(self, request: Request, name: str) -> dict[str, Any]:
        _query(request, {"versionName"})
        channel = self._get_channel(Request("GET", "", {}, {}, b""), name)
        version = self._version(request.query["versionName"].rpartition("/")[2])
        if version["status"] != "FINALIZED" or request.query["versionName"] != version["name"]:
            raise Refusal(400, f"version {request.query['versionName']} isn't finalized", violation=True)
        if request.body:
            message = _body(request, set(), optional={"message"}).get("message", "")
            if len(message) > 512:
                raise Refusal(400, "the message is too long", violation=True)
        else:
            message = ""
        release = {
            "name": f"{NAME}/channels/{name}/releases/{next(self._numbers)}",
            "version": version,
            "type": "DEPLOY",
            "releaseTime": _now(),
            "releaseUser": {"email": ACCOUNT},
            **({"message": message} if message else {}),
        }
        self.releases.append(release)
        channel["release"] = release
        return release

    def _list_versions(self, request: Request) -> dict[str, Any]:
        return _page(request, "versions", list(self.versions.values())[::-1])

    def _create_version(self, request: Request) -> dict[str, Any]:
        _query(request, set())
        body = _body(request, {"status", "labels"})
        if body["status"] != "CREATED" or not all(
            re.fullmatch(r"[a-z0-9_-]{0,63}", v) for v in body["labels"].values()
        ):
            raise Refusal(400, f"version: {body}", violation=True)
        name = secrets.token_hex(8)
        self.versions[name] = {**body, "name": f"{NAME}/versions/{name}", "createTime": _now()}
        self.versions[name]["createUser"] = {"email": ACCOUNT}
        self.files[name] = {}
        return self.versions[name]

    def _get_version(self, request: Request, name: str) -> dict[str, Any]:
        _query(request, set())
        return self._version(name)

    def _delete_version(self, request: Request, name: str) -> dict[str, Any]:
        _query(request, set())
        self._version(name)
        if name in {self.version_of(channel) for channel in self.channels}:
            raise Refusal(400, "a channel serves this version", violation=True)
        del self.versions[name]
        return {}

    def _version(self, name: str) -> dict[str, Any]:
        if name not in self.versions:
            raise Refusal(404, "Requested entity was not found.")
        return self.versions[name]

    def _finalize(self, request: Request, name: str) -> dict[str, Any]:
        _query(request, {"updateMask"}, updateMask="status,config")
        version = self._open_version(name)
        body = _body(request, {"status", "config"})
        if body["status"] != "FINALIZED" or set(body["config"]) - CONFIG_FIELDS:
            raise Refusal(400, f"config: {body}", violation=True)
        missing = set(self.files[name].values()) - set(self.blobs)
        if missing:
            raise Refusal(400, f"{len(missing)} files weren't uploaded", violation=True)
        sizes = [len(self.blobs[value]) for value in self.files[name].values()]
        version |= {**body, "fileCount": str(len(sizes)), "versionBytes": str(sum(sizes))}
        return version

    def _open_version(self, name: str) -> dict[str, Any]:
        version = self._version(name)
        if version["status"] != "CREATED":
            raise Refusal(400, "the version is finalized", violation=True)
        return version

    def _populate(self, request: Request, name: str) -> dict[str, Any]:
        _query(request, set())
        self._open_version(name)
        files = _body(request, {"files"})["files"]
        for path, value in files.items():
            if not path.startswith("/") or ".." in path or not HASH.fullmatch(value):
                raise Refusal(400, f"file {path}: {value}", violation=True)
        self.files[name] |= files
        return {
            "uploadRequiredHashes": sorted(set(files.values()) - set(self.blobs)),
            "uploadUrl": f"{self.address}/upload/sites/{SITE}/versions/{name}/files",
        }

    def _upload(self, request: Request, name: str, value: str) -> dict[str, Any]:
        self._open_version(name)
        if value not in self.files[name].values():
            raise Refusal(400, f"nobody said that {value} would come", violation=True)
        if hashlib.sha256(request.body).hexdigest() != value:
            raise Refusal(400, "content hash mismatch", violation=True)
        try:
            gzip.decompress(request.body)
        except (OSError, EOFError) as error:
            raise Refusal(400, f"not gzip: {error}", violation=True) from error
        self.blobs[value] = request.body
        return {}

    def _content(self, channel: str) -> tuple[dict[str, bytes], dict[str, Any]]:
        """The gzipped files of a channel by path, and its config."""
        with self._lock:
            version = self.version_of(channel) if channel in self.channels else ""
            files = {path: self.blobs[value] for path, value in self.files.get(version, {}).items()}
            return files, self.versions[version]["config"] if version else {}


def start(chain: Any) -> tuple[Google, Callable[[], None]]:
    """A stand-in with an empty site, and what ends it."""
    pages = Pages(chain)
    google = Google(Tokens(), pages)
    server = Server(chain, google.handle, google.breaks)
    google.address = server.address

    def close() -> None:
        server.close()
        pages.close()

    return google, close


def _body(request: Request, fields: set[str], optional: set[str] | None = None) -> dict[str, Any]:
    """The JSON of a request: these fields, all of them, and nothing else."""
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        raise Refusal(400, f"content type {request.headers.get('Content-Type')}", violation=True)
    content = json.loads(request.body)
    if not fields <= set(content) <= fields | (optional or set()):
        raise Refusal(400, f"fields {sorted(content)} instead of {sorted(fields)}", violation=True)
    found: dict[str, Any] = content
    return found


def _query(request: Request, names: set[str], **values: str) -> None:
    """The parameters of a request: these and no others."""
    if set(request.query) != names or any(request.query[name] != value for name, value in values.items()):
        raise Refusal(400, f"parameters {request.query} instead of {sorted(names)} {values}", violation=True)


def _page(request: Request, key: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    if set(request.query) - {"pageSize", "pageToken"}:
        raise Refusal(400, f"parameters {request.query}", violation=True)
    start, size = int(request.query.get("pageToken") or 0), int(request.query.get("pageSize", "25"))
    if not 0 < size <= 100:
        raise Refusal(400, f"pageSize {size}", violation=True)
    # Smaller pages than were asked for are allowed: a client must follow the token.
    end = start + min(size, 10)
    more = {"nextPageToken": str(end)} if end < len(items) else {}
    return {**({key: items[start:end]} if items else {}), **more}


def _ttl(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)s", text)
    if not found or not 0 < float(found[1]) <= MAX_TTL:
        raise Refusal(400, f"ttl {text}", violation=True)
    return float(found[1])


def _now(seconds: float = 0.0) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + seconds)) + ".123456Z"


def _error(status: int, message: str) -> dict[str, Any]:
    names = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
    return {"error": {"code": status, "message": message, "status": names.get(status, "UNKNOWN")}}


def _json(status: int, content: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json", **(headers or {})})
