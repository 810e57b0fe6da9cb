"""Runs the jobs of a workflow as GitHub would, as far as a machine without it can.

Its ``run:`` steps run in order, in bash, with the job's environment, in a checkout. Of the actions, those that move
artefacts do so, the one that signs in leaves keyless credentials, and the others are only written down.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from infra.settings import ROOT
from tests.hosting.tokens import CANARY

FOLDER = ROOT / ".github"
EXPRESSION = re.compile(r"\$\{\{ (.+?) \}\}")
UNSET = ("GOOGLE_APPLICATION_CREDENTIALS", "GH_TOKEN", "BUILDX_BUILDER")

Job = dict[str, Any]
StandIn = Callable[[str, dict[str, str]], None]


def read(path: Path) -> dict[str, Any]:
    """A file for GitHub; all values are text."""
    # YAML 1.1 reads the key `on` as true.
    content: dict[str, Any] = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)
    return content


def shared(patterns: list[str]) -> Path:
    """The folder that all ``patterns`` lie in: what GitHub leaves out of the paths in an artefact."""
    named = [Path(pattern).parts for pattern in patterns if pattern[0] != "!"]
    fixed = [list(takewhile(lambda part: not set(part) & set("*?["), parts)) for parts in named]
    return Path(os.path.commonpath([Path(*parts) for parts in fixed]))


def environment_of(job: Job) -> str:
    """The name of a job's environment, empty for none."""
    place = job.get("environment", "")
    return str(place["name"] if isinstance(place, dict) else place)


@dataclass
class Runner:
    """Where jobs run, and what GitHub and this machine put in."""

    checkout: Path
    temporary: Path
    environment: dict[str, str]
    """Of the machine: over ours, below a job's."""
    credentials: str = ""
    """What the action that signs in leaves."""
    values: dict[str, str] = field(default_factory=dict)
    """Of GitHub's expressions."""
    elsewhere: dict[str, str] = field(default_factory=dict)
    """Words that only a runner with other parts can follow, and what is said here instead."""
    standins: dict[str, StandIn] = field(default_factory=dict)
    """What is called with the line and its environment instead of a line that begins so."""
    summary: str = ""
    """What the last job showed on the page of its run."""
    address: str = ""
    """And where its deployment is to be seen."""
    said: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)

    def job(self, workflow: str, job: str, overrides: Mapping[str, str] | None = None, /, **values: str) -> None:
        """Run a job; ``overrides`` win over its environment, ``values`` are more of GitHub's, with _ for dots."""
        content = read(FOLDER / "workflows" / f"{workflow}.yml")["jobs"][job]
        known = {**self.values, **{name.replace("_", "."): value for name, value in values.items()}}
        summary, outputs = (self.temporary / name for name in ("summary.md", "outputs"))
        own = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(outputs)}
        summary.unlink(missing_ok=True)
        signed_in = False
        for step in content["steps"]:
            if not self._is_wanted(step.get("if", ""), known):
                continue
            if "uses" in step:
                self.used.append(step["uses"].partition("@")[0])
                signed_in |= self.used[-1] == "google-github-actions/auth"
                self._use(step, known)
                continue
            variables = {**content.get("env", {}), **step.get("env", {})}
            given = {name: self._filled(text, known) for name, text in variables.items()}
            if signed_in:
                given["GOOGLE_APPLICATION_CREDENTIALS"] = self.credentials
            outputs.write_text("", "utf-8")
            said = self._run(step["run"], {**own, **given, **(overrides or {})})
            known[f"steps.{step.get('id', '')}.outcome"] = "failure" if said else "success"
            assert not said or step.get("continue-on-error") == "true", said
            for line in outputs.read_text("utf-8").splitlines() if "id" in step else ():
                name, _, value = line.partition("=")
                known[f"steps.{step['id']}.outputs.{name}"] = value
        for name, text in content.get("outputs", {}).items():
            # Of a step that was skipped there is nothing.
            self.values[f"needs.{job}.outputs.{name}"] = self._filled(text, defaultdict(str, known))
        self.summary = summary.read_text("utf-8") if summary.exists() else ""
        place = content.get("environment", "")
        self.address = self._filled(place["url"], known) if "url" in place else ""

    def _is_wanted(self, condition: str, known: Mapping[str, str]) -> bool:
        inner = EXPRESSION.fullmatch(condition)
        words = inner[1] if inner else condition
        if words in {"", "!cancelled()"}:
            return True
        found = re.fullmatch(r"(\S+) (!=|==) '(.*)'", words)
        assert found, f"this runner can't say whether {words}"
        return (known[found[1]] == found[3]) == (found[2] == "==")

    def _filled(self, text: str, known: Mapping[str, str]) -> str:
        return EXPRESSION.sub(lambda found: known[found[1]], text)

    def _use(self, step: Job, known: Mapping[str, str]) -> None:
        given = {name: self._filled(text, known) for name, text in step.get("with", {}).items()}
        kept = self.temporary / "artefacts" / given.get("name", "")
        if "actions/checkout@" in step["uses"]:
            subprocess.run(["git", "reset", "--quiet", "--hard"], cwd=self.checkout, check=True)
        elif "actions/upload-artifact@" in step["uses"]:
            patterns = given["path"].split()
            files = self._matching(patterns)
            assert files or given.get("if-no-files-found") == "ignore", f"nothing to keep as {given['name']}"
            for file in files:
                copy = kept / file.relative_to(self.checkout / shared(patterns))
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, copy)  # with its time: what is current stays so
        elif "actions/download-artifact@" in step["uses"]:
            if kept.is_dir():
                shutil.copytree(kept, self.checkout / given.get("path", "."), dirs_exist_ok=True)
            else:
                assert step.get("continue-on-error") == "true", f"nobody kept {given['name']}"

    def _matching(self, patterns: list[str]) -> list[Path]:
        files: set[Path] = set()
        left_out = {path for one in patterns if one[0] == "!" for path in self.checkout.glob(one[1:])}
        for pattern in (one for one in patterns if one[0] != "!"):
            found = list(self.checkout.glob(pattern))
            files |= {path for path in found if path.is_file()}
            files |= {inner for path in found for inner in path.rglob("*") if inner.is_file()}
        return sorted(files - left_out)

    def _run(self, line: str, variables: dict[str, str]) -> str:
        """Run ``line``; returns what it says where it fails."""
        self.ran.append(line)
        for words, other in self.elsewhere.items():
            line = line.replace(words, other)
        machine = {name: value for name, value in os.environ.items() if name not in UNSET}
        environment = {**machine, **self.environment, "RUNNER_TEMP": str(self.temporary), **variables}
        for beginning, standin in self.standins.items():
            if line.startswith(beginning):
                standin(line, environment)
                return ""
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", line],
            cwd=self.checkout,
            env=environment,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        self.said += [done.stdout, done.stderr]
        assert CANARY not in done.stdout + done.stderr, f"{line} says a secret"
        return f"{line}\n{done.stdout}\n{done.stderr}" if done.returncode else ""
