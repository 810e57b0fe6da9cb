"""The smoke test: the built page, in a browser, must answer as the web model does."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree
from pathlib import Path

from infra import fingerprints, results
from infra.browser import chromium
from infra.errors import CommandError, RefusedError, ServiceError, UsageError
from infra.execution import environments, processes
from infra.page import site as sites
from infra.runs import catalogue
from infra.runs.run import Run
from infra.settings import RELEASED, ROOT, settings

TEST = ROOT / "tests" / "browser" / "page" / "test_smoke.py"


def perform(run: Run, images: Path, site: str) -> results.Stamp:
    """Smoke-test ``site``, a folder or an address, with photos of ``run`` and what its web model says of them.

    Raises:
        RefusedError: the page isn't fit to be served; says which tests failed.
    """
    chromium.require()
    predictions = run.predictions / "predictions.jsonl"
    if not predictions.exists():
        raise UsageError(f"{predictions} doesn't exist: ./inv pipeline makes it")
    folder = Path(site)
    site = site if folder.is_dir() else site.rstrip("/")
    if folder.is_dir():
        _require_model(folder, run)
    build = _build(site)
    # What the site's files are served with decides what the page may do.
    rules = fingerprints.of_values(sites.rules())
    fingerprint = fingerprints.of_values(
        {
            # Its files, not its stamp: equal sites come from many commits.
            "site": sites.contents(folder) if folder.is_dir() else site,
            "predictions": fingerprints.of_file(predictions),
            "photos": settings().pipeline.smoke_photos,
            "build": build,
            "rules": rules,
            "code": [fingerprints.of_file(path) for path in (TEST, *sorted(TEST.parents[1].glob("*.py")))],
        }
    )

    def make(place: Path) -> None:
        environments.ensure("hosting")
        new = place.with_name(f".{place.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        report = new / "junit.xml"
        try:
            processes.run("smoke", _command(site, images, predictions, report, new), cwd=ROOT)
        except CommandError as error:
            raise RefusedError(_failures(report) or str(error)) from error
        finally:
            _write(new, report, {"site": site, "build": build, "rules": rules})
            results.replace(new, place)

    # What an address serves is another matter than what was built: a deploy needs both.
    place = run.smoke if folder.is_dir() else run.smoke_deployed
    return results.make_current("smoke", place, fingerprint, make)


def _require_model(site: Path, run: Run) -> None:
    """Raise RefusedError where ``site`` was built with the weights of another model than that of ``run``."""
    web_model = RELEASED / "web_model" if run.name == catalogue.RELEASED else run.web_model
    built, own = (folder / "manifest.json" for folder in (site / "model", web_model))
    if not built.exists() or not own.exists():
        return
    if _weights(built) != _weights(own):
        raise RefusedError(f"{site} was built with another model than {web_model}: {sites.task(run.name)}")


def _weights(manifest: Path) -> object:
    """What a web model's manifest says of its files; None where it is damaged."""
    try:
        return json.loads(manifest.read_text("utf-8"))["files"]
    except (ValueError, KeyError, TypeError):
        return None


def _build(site: str) -> str | None:
    """A hash that stands for all files of ``site``: that of its list of them; None if it has none."""
    try:
        if not site.startswith(("http://", "https://")):
            return fingerprints.of_file(Path(site) / sites.BUILD)
        with urllib.request.urlopen(f"{site}/{sites.BUILD}", timeout=60) as answer:
            return hashlib.sha256(answer.read()).hexdigest()
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise RefusedError(f"{site} answers {error.code}: ./inv deploy.list shows what is deployed where") from error
    except urllib.error.URLError as error:
        raise ServiceError(
            f"{site} doesn't answer ({error.reason}): ./inv deploy.list shows what is deployed where"
        ) from error
    except FileNotFoundError:
        return None


def _command(site: str, images: Path, predictions: Path, report: Path, folder: Path) -> list[str]:
    return [
        *(
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--no-header",
            "--tb=short",
            "-p",
            "no:cacheprovider",
            str(TEST),
        ),
        *("--site", site),
        *("--photos", str(images)),
        *("--predictions", str(predictions)),
        *("--photo-count", str(settings().pipeline.smoke_photos)),
        *("--junitxml", str(report)),
        *("--output", str(folder / "playwright"), "--screenshot", "only-on-failure"),
        *("--picture", str(folder / "page.png")),
    ]


def _write(folder: Path, report: Path, tested: dict[str, str | None]) -> None:
    cases = _cases(report)
    failed = [
        case.get("name", "") for case in cases if case.find("failure") is not None or case.find("error") is not None
    ]
    passed = bool(cases) and not failed and all(case.find("skipped") is None for case in cases)
    summary = {"passed": passed, "tests": len(cases), "failed": failed, **tested}
    (folder / "smoke.json").write_text(json.dumps(summary, indent=1) + "\n", "utf-8")


def _failures(report: Path) -> str:
    lines = [
        f"  {case.get('name')}: {finding.get('message', '').splitlines()[0][:300]}"
        for case in _cases(report)
        for finding in (*case.findall("failure"), *case.findall("error"))
    ]
    return "\n".join(["the page failed its smoke test:", *lines]) if lines else ""


def _cases(report: Path) -> list[xml.etree.ElementTree.Element]:
    if not report.exists():
        return []
    return xml.etree.ElementTree.parse(report).findall(".//testcase")
