"""The official client: it uploads, and deletes channels. Run as a child, its answer is JSON."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import ServiceError, TransientError
from infra.execution import environments, processes
from infra.hosting import refusals
from infra.hosting.target import Target
from infra.settings import ROOT, settings

PASSING = re.compile(
    r"Failed to make request|Timeout reached|premature close|socket hang up|ECONN|ETIMEDOUT|EAI_AGAIN"
    r"|terminated|fetch failed|Unable to parse JSON|Failed to authenticate|Failed to get Firebase project|content hash",
    re.IGNORECASE,
)
"""What the client says of failures that may pass. Token and project were asked for right before, see deployment."""
STATUS = re.compile(r'HTTP Error: (\d{3}),? ?(.*)|"code":\s*(\d{3})')
LOGGED = re.compile(r"\[apiv2\]\[status\] (\S+) \S+ ([45]\d\d)")
SECRETS = re.compile(r"(Bearer |ya29\.|eyJ)[\w.~+/=-]+")
FINAL = re.compile(r"\[apiv2\]\[status\] POST (\S+) (40[1349])")
"""Refusals that asking again doesn't change, in the client's log."""
TOLD = re.compile(r"\[apiv2\]\[body\] \S+ \S+ (\{.*\"error\".*\})")
"""What the services told it, in its log."""
BUILD_DIGITS = 16
"""A label has at most 63 characters."""
AGENT = re.compile(rf"--digitlens-(\w+(?:-dirty)?)(?:-([0-9a-f]{{{BUILD_DIGITS}}}))?$")
LEAN = ROOT / "infra" / "hosting" / "client" / "lean.cjs"
"""Makes the client start in two thirds of its time."""


@dataclass(frozen=True)
class Command:
    """A call of the client, for ``target``."""

    target: Target
    words: tuple[str, ...]

    @property
    def line(self) -> tuple[str, ...]:
        """The whole command line; it is run in a folder that has the project's configuration."""
        client = environments.find("hosting").folder / "node_modules" / ".bin" / "firebase"
        return (str(client), *self.words, "--project", self.target.project, "--non-interactive", "--json")

    def __str__(self) -> str:
        """As a person would type it in the repository."""
        client, *rest = self.line
        return shlex.join([str(Path(client).relative_to(ROOT)), *rest])


def deploy(target: Target, channel: str, expires: str) -> Command:
    """Upload the site to a preview channel, which is made if there is none."""
    # The site's name is that of the configuration: where it says another, nothing is deployed. The page has no sign-in:
    # Firebase Auth's list of domains is left alone, and needs no role.
    words = ("--expires", expires, "--only", target.site, "--no-authorized-domains")
    return Command(target, ("hosting:channel:deploy", channel, *words))


def delete(target: Target, channel: str) -> Command:
    """Delete a preview channel."""
    return Command(target, ("hosting:channel:delete", channel, "--site", target.site, "--force"))


def call(command: Command, seconds: float, site: Path | None = None, agent: str = "") -> Any:
    """Run ``command`` once; ``site`` is the folder that it uploads, ``agent`` is noted on its version.

    Raises:
        ServiceError: Google refused; transient if that may pass.
    """
    environments.ensure("hosting")
    with tempfile.TemporaryDirectory(prefix="digitlens-deploy-") as scratch:
        folder = Path(scratch)
        _configure(folder, command.target, site)
        variables = {
            "CI": "1",
            "NO_UPDATE_NOTIFIER": "1",
            # Neither the user's `firebase login` nor a deprecated token: one credential for all calls.
            "XDG_CONFIG_HOME": str(folder / "config"),
            "FIREBASE_TOKEN": "",
            "FIREBASE_DEPLOY_AGENT": agent,
        }
        log = folder / "firebase-debug.log"
        try:
            done = processes.capture(
                ("node", "--require", str(LEAN), *command.line),
                cwd=folder,
                environment=variables,
                seconds=max(seconds, 1.0),
                is_hopeless=lambda: asks_in_vain(_text(log)),
            )
        except subprocess.TimeoutExpired as error:
            raise TransientError(f"no answer in {seconds:.0f} s", is_silence=True) from error
        return _result(done, command.target, _text(log))


def _text(log: Path) -> str:
    return log.read_text("utf-8", "replace") if log.exists() else ""


def asks_in_vain(log: str) -> bool:
    """Whether the client repeats what it was refused: it does so with every file, whatever the reason, for 13 s.

    Once isn't enough: it fetches another token after a 401.
    """
    return any(count > 1 for count in Counter(FINAL.findall(log)).values())


def _configure(folder: Path, target: Target, site: Path | None) -> None:
    configuration = json.loads((ROOT / "firebase.json").read_text("utf-8"))
    configuration["hosting"] |= {"site": target.site, "public": "site"}
    # firebase-tools refuses a public folder outside of the project's.
    (folder / "site").symlink_to((site or settings().paths.site).resolve())
    (folder / "firebase.json").write_text(json.dumps(configuration), "utf-8")


def _result(done: subprocess.CompletedProcess[str], target: Target, log: str) -> Any:
    start = done.stdout.find('{\n  "status"')
    try:
        answer = json.JSONDecoder().raw_decode(done.stdout[start:])[0] if start >= 0 else {}
    except ValueError:
        answer = {}
    if done.returncode == 0 and answer.get("status") == "success":
        return answer.get("result")
    if untrusted := refusals.CERTIFICATE.search(done.stdout) or refusals.CERTIFICATE.search(log):
        raise refusals.untrusted(f"the Firebase client: {untrusted[0]}")
    # That there is no such channel yet is an answer.
    refused = [int(status) for method, status in LOGGED.findall(log) if (method, status) != ("GET", "404")]
    if "error" not in answer and refused:
        # The client falls over its own answer to a 401 and says nothing; its log has what it was told.
        raise refusals.error_for(refused[-1], "", target)
    if "firebase-debug.log" in str(answer.get("error")) and refused:
        # It keeps the reason for a file that is gone when somebody looks.
        raise refusals.error_for(refused[-1], _told(log), target)
    words = str(answer.get("error") or done.stdout[-500:] or f"exit code {done.returncode}")
    raise _error(SECRETS.sub("(secret)", words).strip(), target)


def _told(log: str) -> str:
    """The last refusal in the client's log."""
    told = TOLD.findall(log)
    try:
        return str(json.loads(told[-1])["error"]["message"])
    except (IndexError, ValueError, KeyError, TypeError):
        return ""


def _error(words: str, target: Target) -> ServiceError:
    found = STATUS.search(words)
    if found:
        status = int(found[1] or found[3])
        if "content hash" not in words:
            return refusals.error_for(status, found[2] or words, target)
    if PASSING.search(words):
        return TransientError(words)
    return ServiceError(f"the Firebase client failed: {words}\n  see {refusals.GUIDE}")


def agent_of(commit: str | None, build: str, *, dirty: bool) -> str:
    """What a version's label says of where it came from, and of its list of files, whose SHA-256 is ``build``."""
    return f"digitlens-{(commit or 'unknown')[:12]}{'-dirty' if dirty else ''}-{build[:BUILD_DIGITS]}"


def commit_of(label: str) -> str:
    """The commit in the label of a version, empty where there is none."""
    found = AGENT.search(label)
    return found[1] if found else ""


def build_of(label: str) -> str:
    """How the SHA-256 of a version's list of files begins, empty where its label doesn't say."""
    found = AGENT.search(label)
    return (found[2] or "") if found else ""
