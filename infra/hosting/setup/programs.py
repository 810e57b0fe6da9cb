"""The programs that a set-up uses, as a person would: gcloud, GitHub's gh, and the Firebase client."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import textwrap
from collections.abc import Callable
from typing import Any

from infra.errors import MissingPartError, ServiceError, TransientError
from infra.execution import processes
from infra.hosting import firebase, refusals
from infra.hosting.patience import persist
from infra.hosting.releases import Api
from infra.hosting.setup import remedies
from infra.hosting.setup.place import Words
from infra.hosting.target import Target
from infra.settings import ROOT, settings

CALL_SECONDS = 300.0
WIDE = 112
"""Where the line of a command is broken."""
QUIET = {"CLOUDSDK_CORE_DISABLE_PROMPTS": "1", "GH_PROMPT_DISABLED": "1", "CLICOLOR": "0"}
"""Nothing is asked: a question that nobody sees would wait for ever."""
LOGINS = {"gcloud": "gcloud auth login --update-adc", "gh": "gh auth login"}
WHERE = {"gcloud": "https://cloud.google.com/sdk/docs/install", "gh": "https://cli.github.com"}
LOGGED_OUT = re.compile(
    r"not currently have an active account|Reauthentication|invalid_grant|gh auth login|HTTP 401|Bad credentials"
)
ABSENT = re.compile(r"HTTP 404|HTTPError 404|NOT_FOUND")
PASSING = re.compile(
    # What was made a moment ago isn't known everywhere at once.
    r"[Ss]ervice account \S+ does not exist|Unknown service account|concurrent policy changes"
    r"|UNAVAILABLE|ABORTED|RESOURCE_EXHAUSTED|HTTP(Error)? (429|5\d\d)|rate limit"
    r"|timed? ?out|[Cc]onnection (reset|refused|aborted|error)|error connecting|Could not resolve|TLS handshake",
)


class Reader:
    """What there is. Each question is asked once, until something was changed."""

    def __init__(self, target: Target, repository: str, *, is_blind: bool = False) -> None:
        self.target = target
        self.repository = repository
        self.is_blind = is_blind
        """Whether nobody is asked, and nothing is there."""
        self.has_apis = False
        """Whether they were turned on: one that is off all the same isn't on everywhere yet."""
        self._answers: dict[Words, Any] = {}
        self._api = Api(target)

    def ask(self, *words: str) -> Any:
        """The answer of a program as JSON, None where there is no such thing or its API is off.

        Raises:
            MissingPartError: the program isn't there, or nobody is logged in.
            ServiceError: it was refused.
        """
        return self._once(words, lambda: self._asked(words))

    def has_firebase(self) -> bool:
        """Whether the project is one of Firebase's."""
        return bool(self._once(("projects",), lambda: self._api.find_project()))

    def has_site(self) -> bool:
        """Whether the Hosting site exists."""
        return bool(self._once(("sites",), lambda: self._api.find_site()))

    def forget(self) -> None:
        """Something was changed."""
        self._answers.clear()

    def perform(self, words: Words) -> None:
        """Run a command that changes something; again, while what was made a moment ago isn't known everywhere.

        Raises:
            ServiceError: it was refused.
        """
        self.forget()
        shown = shlex.join(words)
        try:
            persist(shown, lambda left: self._run(words, left, is_made=True), settings().hosting.patience)
        except ServiceError as error:
            raise ServiceError(f"{error}\n  command: {command(words, self.target)}") from error

    def _asked(self, words: Words) -> Any:
        whole = (*words, "--format", "json") if words[0] == "gcloud" else words
        text = persist(shlex.join(words), lambda left: self._run(whole, left), settings().hosting.patience)
        return None if text is None else _parsed(text)

    def _once(self, question: Words, find: Callable[[], Any]) -> Any:
        if self.is_blind:
            return None
        if question not in self._answers:
            what = f"asking for {shlex.join(question)}"
            self._answers[question] = persist(what, lambda _: self._found(find), settings().hosting.patience)
        return self._answers[question]

    def _found(self, find: Callable[[], Any]) -> Any:
        """What ``find`` finds; None where an API is off that has to be on for anything to be there."""
        try:
            return find()
        except ServiceError as error:
            if not refusals.OFF.search(str(error)):
                raise self._explained(error) from error
            if self.has_apis:
                raise TransientError("an API isn't on everywhere yet") from error
            return None

    def _explained(self, error: ServiceError) -> ServiceError:
        """``error`` with what helps whoever sets up, where it says what helps an account that deploys."""
        said = str(error).partition("\n")[0]
        if isinstance(error, TransientError) or not remedies.is_known(said):
            return error
        return ServiceError(f"{said}\n  {remedies.remedy(said, self.target.project, self.repository)}")

    def _run(self, words: Words, seconds: float, *, is_made: bool = False) -> str | None:
        if words[0] == "firebase":
            try:
                firebase.call(firebase.Command(self.target, words[1:]), seconds)
            except ServiceError as error:
                raise self._explained(error) from error
            return None
        try:
            done = processes.capture(words, cwd=ROOT, environment=QUIET, seconds=min(max(seconds, 1.0), CALL_SECONDS))
        except MissingPartError as error:
            raise MissingPartError(f"there is no {words[0]} here: {WHERE[words[0]]} has it") from error
        except subprocess.TimeoutExpired as error:
            raise TransientError(f"no answer in {CALL_SECONDS:.0f} s", is_silence=True) from error
        if done.returncode == 0:
            return done.stdout
        text = done.stdout.strip()
        if LOGGED_OUT.search(text):
            raise MissingPartError(f"nobody is logged in at {words[0]}: `{LOGINS[words[0]]}`")
        if not is_made and ABSENT.search(text):
            return None
        raise _refused(text, self, is_made=is_made)


def command(words: Words, target: Target, indent: int = 0) -> str:
    """``words`` as a person would type them in the repository; $NAME in them is a variable of the shell."""
    if words[0] == "firebase":
        return " " * indent + str(firebase.Command(target, words[1:]))
    parts: list[str] = []
    for before, word in zip(("", *words), words, strict=False):
        quoted = f'"{word}"' if "$" in word else shlex.quote(word)
        # A flag and its value stay together.
        is_value = before.startswith("-") and not word.startswith("-")
        parts = [*parts[:-1], f"{parts[-1]} {quoted}"] if is_value else [*parts, quoted]
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + len(part) < WIDE:
            lines[-1] += f" {part}"
        else:
            lines.append(f"  {part}")
    return textwrap.indent(" \\\n".join(lines), " " * indent)


def _refused(text: str, reader: Reader, *, is_made: bool) -> ServiceError:
    said = "\n  | ".join(firebase.SECRETS.sub("(secret)", text).splitlines()[-12:])
    if PASSING.search(text) or (is_made and refusals.OFF.search(text)):
        return TransientError(said)
    if untrusted := refusals.CERTIFICATE.search(text):
        return refusals.untrusted(f"{untrusted[0]}; gcloud has a setting of its own for it, core/custom_ca_certs_file")
    return ServiceError(f"{said}\n  {remedies.remedy(text, reader.target.project, reader.repository)}")


def _parsed(text: str) -> Any:
    """The JSON of an answer; warnings may stand before it."""
    found = re.search(r"^[\[{]", text, re.MULTILINE)
    if not found:
        return None
    try:
        return json.JSONDecoder().raw_decode(text[found.start() :])[0]
    except ValueError as error:
        raise TransientError(f"an answer is cut off: {text[-200:]}") from error
