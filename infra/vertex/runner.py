"""Runs trainings on Vertex AI, with the keyless credentials that deploy; other steps here."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from infra.errors import ServiceError, TransientError
from infra.execution.local import Local
from infra.execution.steps import Step
from infra.hosting import credentials
from infra.hosting.patience import persist
from infra.models import stores
from infra.progress import say
from infra.settings import settings
from infra.vertex import request

if TYPE_CHECKING:
    from google.auth.transport.requests import AuthorizedSession

POLL_SECONDS = 20.0
CALL_SECONDS = 30.0
DONE = "JOB_STATE_SUCCEEDED"
OVER = (DONE, "JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED", "JOB_STATE_PARTIALLY_SUCCEEDED")
REMEDIES = {
    400: "the request isn't one that Vertex takes: are machine and accelerator of [vertex] offered in this region?",
    403: (
        "the API is off or a role is missing: `gcloud services enable aiplatform.googleapis.com --project {project}`, "
        "and roles/aiplatform.user for the account"
    ),
    404: "is [vertex] region one of Vertex AI's, and does [hosting] project exist?",
    429: "the project's quota for such machines is used up: ask for more, or take another [vertex] accelerator",
}


class Vertex:
    """A runner of trainings."""

    def __init__(self, offer: request.Offer) -> None:
        self.offer = offer
        self._session: AuthorizedSession | None = None

    def run(self, step: Step) -> None:
        """Run ``step`` to its end; a training goes on at the last checkpoint that is in the bucket.

        Raises:
            ServiceError: it failed there, or Google refused it.
        """
        if not step.gang:
            Local().run(step)
            return
        store = stores.find(f"{self.offer.bucket}/{request.name(step)}")
        self._send(store, request.files(step))
        job = self._running(step) or self._call("POST", "customJobs", body=request.body(step, self.offer))
        number = job["name"].rpartition("/")[2]
        say(f"vertex: job {number}, {self._console(number)}")
        try:
            self._wait(job)
        except KeyboardInterrupt:
            # It writes a checkpoint before it ends; the same command goes on there.
            self._call("POST", f"customJobs/{number}:cancel", body={})
            raise
        self._fetch(store, step.output)

    def shown(self, step: Step) -> str:
        """What would be sent and asked, as JSON."""
        asked = {"files": sorted(request.files(step)), "customJob": request.body(step, self.offer)}
        return json.dumps(asked, indent=1)

    def _send(self, store: stores.Store, files: Mapping[str, Path]) -> None:
        for number, (name, file) in enumerate(files.items(), 1):
            store.create(name, file)
            say(f"vertex: sent {number} of {len(files)} files")

    def _fetch(self, store: stores.Store, output: Path) -> None:
        names = store.names("out/")
        if not names:
            raise ServiceError(f"vertex: the job left nothing in {self.offer.bucket}: may its account write there?")
        for number, name in enumerate(names, 1):
            file = output / name.removeprefix("out/")
            file.parent.mkdir(parents=True, exist_ok=True)
            store.get(name, file)
            say(f"vertex: fetched {number} of {len(names)} files")

    def _running(self, step: Step) -> dict[str, Any] | None:
        """The job of an earlier call that still runs: this one waits for it."""
        found = self._call("GET", "customJobs", {"filter": f'displayName="{request.name(step)}"'})
        return next((job for job in found.get("customJobs", []) if job["state"] not in OVER), None)

    def _wait(self, job: dict[str, Any]) -> None:
        """Wait until it is over, and say each new state. Raises ServiceError where it failed."""
        said, path = "", "/".join(job["name"].split("/")[-2:])
        while True:
            if job["state"] != said:
                said = job["state"]
                say(f"vertex: {said.removeprefix('JOB_STATE_').replace('_', ' ').lower()}")
            if said == DONE:
                return
            if said in OVER:
                number = path.rpartition("/")[2]
                words = job.get("error", {}).get("message", "no reason is given")
                raise ServiceError(f"vertex: {words}\n  its log: {self._console(number)}")
            time.sleep(POLL_SECONDS)
            job = self._call("GET", path)

    def _console(self, number: str) -> str:
        place = f"{self.offer.region}/training/{number}"
        return f"https://console.cloud.google.com/vertex-ai/locations/{place}?project={self.offer.project}"

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        origin = settings().vertex.endpoint or f"https://{self.offer.region}-aiplatform.googleapis.com"
        url = f"{origin}/v1/projects/{self.offer.project}/locations/{self.offer.region}/{path}"

        def once(left: float) -> dict[str, Any]:
            if self._session is None:
                self._session = credentials.session(self.offer.project)
            try:
                answer = self._session.request(
                    method, url, params=query, json=body, timeout=max(1.0, min(left, CALL_SECONDS))
                )
            except requests.RequestException as error:
                raise TransientError(f"Vertex AI doesn't answer ({type(error).__name__})") from error
            if answer.status_code == 200:
                found: dict[str, Any] = answer.json()
                return found
            raise _refusal(answer, self.offer.project)

        return persist("vertex", once, settings().hosting.patience)


def offered() -> Vertex:
    """The runner that the settings describe. Raises UsageError for what they lack."""
    return Vertex(request.offer(settings()))


def _refusal(answer: requests.Response, project: str) -> ServiceError:
    try:
        words = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        words = ""
    said = f"{answer.status_code} from Vertex AI: {words}"
    if answer.status_code >= 500:
        return TransientError(said)
    remedy = REMEDIES.get(answer.status_code, "see docs/scaling.md").format(project=project)
    return ServiceError(f"{said}\n  {remedy}")
