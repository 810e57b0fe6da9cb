"""A stand-in for Google, a checkout of its own, small sites, and whoever deploys them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest
from gcp_storage_emulator.server import create_server

from benchmarks.certificate import Certificate, make
from infra import fingerprints
from infra import settings as infra_settings
from infra.page import site as infra_site
from tests.hosting import google
from tests.hosting.google import Google
from tests.hosting.tokens import CANARY

ROOT = Path(__file__).resolve().parents[2]
LINKED = (".environments", "infra/hosting/client/node_modules")
"""What a checkout borrows: it takes minutes to install."""
BUCKET = "test-models"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
"""What small sites say that they were built from."""


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def standin(certificate: Certificate) -> Iterator[Google]:
    """An empty site; a call that Google wouldn't accept fails the test."""
    state, close = google.start(certificate.chain)
    yield state
    close()
    assert state.violations == []


def environment_of(standin: Google, certificate: Certificate, folder: Path) -> dict[str, str]:
    """What points every client at the stand-in, with keyless credentials."""
    origins = ("HOSTING_API", "API", "RESOURCEMANAGER", "SERVICE_USAGE", "AUTH_MANAGEMENT", "IDENTITY", "TOKEN")
    authority = str(certificate.authority)
    return {
        **{f"FIREBASE_{origin}_URL": standin.address for origin in origins},
        "GOOGLE_APPLICATION_CREDENTIALS": str(standin.tokens.write_credentials(folder, standin.address)),
        **dict.fromkeys(("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), authority),
        "DIGITLENS_HOSTING_PROJECT": google.PROJECT,
        "DIGITLENS_HOSTING_SITE": google.SITE,
        "DIGITLENS_PATHS_RUNS": str(folder / "runs"),
        "DIGITLENS_PATHS_SITE": str(folder / "dist"),
        "DIGITLENS_PATHS_CACHE": str(folder / "cache"),
        "XDG_CACHE_HOME": str(folder / "user"),
    }


@dataclass
class Deployer:
    """Somebody who deploys a small site from a checkout."""

    standin: Google
    folder: Path
    checkout: Path
    environment: dict[str, str]
    said: list[str] = field(default_factory=list)

    @property
    def dist(self) -> Path:
        return self.folder / "dist"

    def inv(self, *arguments: str, code: int = 0, timeout: float = 120, **variables: str) -> str:
        """Run `./inv` in the checkout, which must end with ``code``; returns stdout."""
        done = subprocess.run(
            [str(self.checkout / "inv"), *arguments],
            cwd=self.checkout,
            env={**os.environ, **self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        self.said += [done.stdout, done.stderr]
        assert CANARY not in done.stdout + done.stderr
        assert done.returncode == code, done.stderr
        return done.stdout.strip()

    @property
    def complaint(self) -> str:
        """What the last task wrote to stderr."""
        return self.said[-1]

    def build(self, **files: str) -> None:
        """Make a site of ``files`` with a model that passed its gate, smoke-tested."""
        write_site(self.dist, files)
        self.smoke("smoke", str(self.dist))

    def smoke(self, name: str, site: str, *, passed: bool = True) -> None:
        """Write the record of a smoke test of the site as it is."""
        place = self.folder / "runs" / "digits-synthetic" / name
        place.mkdir(parents=True, exist_ok=True)
        build = hashlib.sha256((self.dist / infra_site.BUILD).read_bytes()).hexdigest()
        rules = fingerprints.of_values(infra_site.rules())
        record = {"passed": passed, "tests": 1, "failed": [] if passed else ["it"]}
        record |= {"site": site, "build": build, "rules": rules}
        (place / "smoke.json").write_text(json.dumps(record), "utf-8")

    def preview(self, channel: str = "pr-7") -> str:
        """Deploy a preview and note that it passed its smoke test there; returns its address."""
        address = self.inv("deploy.preview", "--channel", channel)
        self.smoke("smoke_deployed", address)
        return address


def write_site(folder: Path, files: dict[str, str]) -> None:
    """A site of ``files`` (names without dots: ``index`` is index.html) with a tiny model."""
    shutil.rmtree(folder, ignore_errors=True)
    model = folder / "model"
    model.mkdir(parents=True)
    for name, text in {"index": "<!doctype html>", **files}.items():
        (folder / f"{name}.html").write_text(text, "utf-8")
    weights = b"weights" * 50
    (model / "weights-0123456789abcdef.bin").write_bytes(weights)
    entry = {"path": "weights-0123456789abcdef.bin", "bytes": len(weights)}
    entry["sha256"] = hashlib.sha256(weights).hexdigest()
    manifest = {"name": "tiny", "files": [entry], "gate": {"passed": True}}
    (model / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    describe(folder)
    write_origin(folder, "digits-synthetic")


def describe(folder: Path) -> None:
    """Write the list of files that a build has."""
    (folder / infra_site.BUILD).write_text(json.dumps(infra_site.describe(folder), indent=1) + "\n", "utf-8")


def write_origin(folder: Path, run: str) -> None:
    """Write that the site has the model of ``run`` and was built in a clean tree."""
    origin = infra_site.Origin(run, COMMIT, is_dirty=False)
    (folder / infra_site.ORIGIN).write_text(json.dumps(asdict(origin)), "utf-8")


@pytest.fixture(scope="session")
def clean_checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This working tree, committed: a deploy to live wants that."""
    folder = tmp_path_factory.mktemp("checkout")
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    git(folder, "init", "--quiet")
    (folder / ".git/info/exclude").write_text("node_modules\n.environments\n", "utf-8")
    commit(folder, "Everything")
    return folder


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path, message: str) -> None:
    """Commit all there is, as nobody."""
    git(folder, "add", "--all")
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")
    git(folder, *who, "commit", "--quiet", "--allow-empty", "-m", message)


@pytest.fixture
def deployer(standin: Google, certificate: Certificate, clean_checkout: Path, tmp_path: Path) -> Deployer:
    """Deploys with `./inv`."""
    environment = environment_of(standin, certificate, tmp_path)
    found = Deployer(standin, tmp_path, clean_checkout, environment)
    found.build()
    return found


@pytest.fixture
def here(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployer]:
    """The same, for what is called in this process: settings and environment are the deployer's."""
    for name, value in deployer.environment.items():
        monkeypatch.setenv(name, value)
    # The environments stay where they are; only the rest is the deployer's.
    infra_settings.settings.cache_clear()
    yield deployer
    infra_settings.settings.cache_clear()


Patience = Callable[[float], None]


@pytest.fixture
def patience(here: Deployer, monkeypatch: pytest.MonkeyPatch) -> Patience:
    """Sets how long is gone on trying."""

    def set_seconds(seconds: float) -> None:
        monkeypatch.setenv("DIGITLENS_HOSTING_PATIENCE", str(seconds))
        infra_settings.settings.cache_clear()

    return set_seconds


@pytest.fixture
def bucket(here: Deployer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Its address; who asks has the deployer's keyless credentials."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    logging.getLogger("gcp_storage_emulator").setLevel(logging.ERROR)
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET)
    server.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    here.environment["STORAGE_EMULATOR_HOST"] = f"http://127.0.0.1:{port}"
    yield f"gs://{BUCKET}/digits"
    server.stop()
