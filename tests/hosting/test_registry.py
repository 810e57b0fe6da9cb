"""Model versions in a folder and in a bucket of a real storage emulator."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from firebase_admin import storage
from google.auth.transport.requests import AuthorizedSession

from infra.errors import RefusedError, UsageError
from infra.hosting import credentials
from infra.models import registry, stores
from infra.models.stores import Store
from infra.runs import catalogue
from infra.runs.run import Run
from tests.hosting.conftest import BUCKET, Deployer
from tests.hosting.test_secrets import with_canary
from tests.hosting.tokens import CANARY


@pytest.fixture(params=["folder", "bucket"])
def location(request: pytest.FixtureRequest, here: Deployer) -> str:
    if request.param == "bucket":
        found: str = request.getfixturevalue("bucket")
        return found
    return str(here.folder / "registry")


@pytest.fixture
def store(location: str) -> Store:
    return stores.find(location)


@pytest.fixture
def run(here: Deployer) -> Run:
    """A run with one small file per part."""
    found = catalogue.find("trained")
    for part in registry.PARTS:
        place = found.folder / part
        file = place if place.suffix else place / "content.bin"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(part, "utf-8")
    gate(found, passed=True)
    return found


def gate(run: Run, *, passed: bool) -> None:
    (run.web_model / "manifest.json").write_text(json.dumps({"gate": {"passed": passed}}), "utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_version_comes_back_as_it_was(store: Store, run: Run, tmp_path: Path) -> None:
    pushed = registry.push(store, "v1", run)
    assert registry.pull(store, "v1", tmp_path / "copy") == pushed
    assert contents(tmp_path / "copy") == contents(run.folder)
    assert [version.name for version in registry.versions(store)] == ["v1"]


def test_a_version_does_not_change(store: Store, run: Run) -> None:
    registry.push(store, "v1", run)
    (run.folder / "report.md").write_text("other", "utf-8")
    with pytest.raises(RefusedError, match="of other files already, and versions don't change"):
        registry.push(store, "v1", run)
    registry.push(store, "v2", run)
    assert {version.name for version in registry.versions(store)} == {"v1", "v2"}


def test_an_interrupted_push_leaves_no_version_and_can_be_repeated(
    store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, count = store.create, iter(range(100))

    def interrupted(name: str, file: Path) -> bool:
        if next(count) == 3:
            raise KeyboardInterrupt
        return create(name, file)

    monkeypatch.setattr(store, "create", interrupted)
    with pytest.raises(KeyboardInterrupt):
        registry.push(store, "v1", run)
    monkeypatch.undo()
    assert registry.versions(store) == []
    with pytest.raises(UsageError, match=r"there is no version v1: \./inv model\.list"):
        registry.read(store, "v1")


def test_after_an_interruption_the_rest_is_pushed(store: Store, run: Run) -> None:
    file = run.folder / "report.md"
    store.create(f"objects/{hashlib.sha256(file.read_bytes()).hexdigest()}", file)
    registry.push(store, "v1", run)
    assert len(store.names("objects/")) == len(set(contents(run.folder).values()))


def test_a_version_that_is_pushed_again_is_what_it_was(store: Store, run: Run) -> None:
    pushed = registry.push(store, "v1", run)
    assert registry.push(store, "v1", run) == pushed


def test_a_damaged_version_is_refused_and_can_be_mended(
    location: str, store: Store, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed = registry.push(store, "v1", run)
    report = next(entry for entry in pushed.files if entry.path == "report.md")
    name = f"objects/{report.sha256}"
    damage(location, name, b"x" * report.bytes)
    with pytest.raises(RefusedError, match=rf"v1 is damaged: report\.md .* `.*{name}`.* model\.push v1") as said:
        registry.pull(store, "v1", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    # Not even another version relies on it.
    for version in ("v1", "v2"):
        with pytest.raises(RefusedError, match=rf"is damaged: report\.md .*{name}"):
            registry.push(store, version, run)
    remove(location, name, str(said.value))
    assert registry.push(store, "v1", run) == pushed
    registry.pull(store, "v1", tmp_path / "copy")
    assert contents(tmp_path / "copy") == contents(run.folder)


def damage(location: str, name: str, content: bytes) -> None:
    """Give a content of the store other bytes."""
    if location.startswith(stores.SCHEME):
        blob(name).upload_from_string(content)
    else:
        Path(location, name).write_bytes(content)


def remove(location: str, name: str, said: str) -> None:
    """Do what the command in ``said`` does."""
    if location.startswith(stores.SCHEME):
        assert f"`gcloud storage rm {location}/{name}`" in said
        blob(name).delete()
    else:
        assert f"`rm {location}/{name}`" in said
        Path(location, name).unlink()


def blob(name: str) -> Any:
    """The content of that name in the bucket."""
    return storage.bucket(BUCKET, credentials.app()).blob(f"digits/{name}")


def test_whatever_is_sent_to_a_bucket_replaces_nothing(bucket: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator heeds no preconditions: what it is sent is looked at, and it is answered for."""
    uploads: list[str] = []
    request: Any = AuthorizedSession.request

    def watched(self: AuthorizedSession, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        if method == "POST" and "/upload/" in url:
            uploads.append(url)
        return request(self, method, url, *args, **kwargs)

    monkeypatch.setattr(AuthorizedSession, "request", watched)
    store = stores.find(bucket)
    registry.push(store, "v1", run)
    assert len(uploads) == 1 + len(set(contents(run.folder).values()))
    assert all("ifGenerationMatch=0" in url for url in uploads)

    def refused(self: AuthorizedSession, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:
        answer = watched(self, method, url, *args, **kwargs)
        if "/upload/" in url:
            answer.status_code = 412
        return answer

    # Somebody else was faster, between the question whether it is there and the upload.
    monkeypatch.setattr(AuthorizedSession, "request", refused)
    assert not store.create("versions/v2.json", run.folder / "report.md")


def test_what_else_is_there_is_not_overwritten(store: Store, run: Run, tmp_path: Path) -> None:
    registry.push(store, "v1", run)
    (tmp_path / "copy").mkdir()
    with pytest.raises(UsageError, match="is no copy of version v1: --run"):
        registry.pull(store, "v1", tmp_path / "copy")
    registry.pull(store, "v1", run.folder)


def test_a_model_that_failed_its_gate_is_not_kept(store: Store, run: Run) -> None:
    gate(run, passed=False)
    with pytest.raises(RefusedError, match=r"passed no gate: \./inv convert --run trained"):
        registry.push(store, "v1", run)


def test_of_two_makers_of_a_version_one_is_refused(here: Deployer, tmp_path: Path) -> None:
    folder = stores.find(str(tmp_path / "registry"))
    (tmp_path / "file").write_text("x", "utf-8")
    assert folder.create("versions/v1.json", tmp_path / "file")
    assert not folder.create("versions/v1.json", tmp_path / "file")
    assert folder.names("") == ["versions/v1.json"]


def test_the_tasks_push_list_and_pull_through_a_bucket(here: Deployer, run: Run, bucket: str) -> None:
    here.environment["DIGITLENS_REGISTRY_LOCATION"] = bucket
    here.environment["DEBUG"] = "*"
    # At every verbosity: `Deployer.inv` looks through what was said for the token.
    scratch = here.folder / "scratch"
    scratch.mkdir()
    here.environment["TMPDIR"] = str(scratch)
    for version, loudly in (("v1", ()), ("v2", ("--debug",))):
        assert here.inv(*loudly, "model.push", version, "--run", "trained").startswith(f"{version}: 8 files")
        assert version in here.inv(*loudly, "model.list").split()
        assert here.inv(*loudly, "model.pull", version) == str(here.folder / "runs" / version)
        assert contents(here.folder / "runs" / version) == contents(run.folder)
    here.inv("model.pull", "v3", code=2)
    assert "there is no version v3" in here.complaint
    assert any(CANARY in token for token in here.standin.tokens.access)
    assert with_canary(here.folder) == []


def test_a_bucket_that_does_not_exist_is_explained(here: Deployer, bucket: str) -> None:
    here.inv("model.list", code=1, DIGITLENS_REGISTRY_LOCATION="gs://nowhere-at-all")
    assert "gcloud storage buckets create gs://nowhere-at-all" in here.complaint


def test_a_bucket_without_an_account_is_explained(here: Deployer) -> None:
    here.inv("model.list", code=1, DIGITLENS_REGISTRY_LOCATION="gs://x", GOOGLE_APPLICATION_CREDENTIALS="/nowhere")
    assert "gcloud auth application-default login" in here.complaint
    assert "Traceback" not in here.complaint
    here.inv("model.list", code=2, DIGITLENS_REGISTRY_LOCATION="gs://")
    assert "names no bucket" in here.complaint


def test_a_version_that_was_damaged_is_named(here: Deployer, tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "versions" / "v1.json").write_text("{", "utf-8")
    here.inv("model.list", code=1, DIGITLENS_REGISTRY_LOCATION=str(tmp_path))
    assert "version v1 is damaged, versions/v1.json isn't JSON: remove it" in here.complaint


def test_a_location_of_another_kind_is_refused(here: Deployer) -> None:
    here.inv("model.list", code=2, DIGITLENS_REGISTRY_LOCATION="s3://x")
    assert "neither a folder nor gs://BUCKET/PREFIX" in here.complaint
