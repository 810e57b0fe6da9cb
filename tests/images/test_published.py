"""Published environments: pushed once, signed, and pulled instead of built where the signature is right."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.errors import DigitlensError, MissingPartError, RefusedError, UsageError
from infra.execution import engine, images, inventory, published, signing
from infra.execution.images import Image
from infra.settings import settings
from tests.images import cosign
from tests.images.conftest import inside

SIGNER = "https://github.com/o/r/.github/workflows/images.yml@refs/heads/main"
WORKFLOW = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "o/r",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_SHA": "c" * 40,
    "GITHUB_WORKFLOW_REF": "o/r/.github/workflows/images.yml@refs/heads/main",
    "GITHUB_RUN_ID": "9871",
}


@pytest.fixture
def team(registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A registry that the settings name, whose signer is asked for with cosign."""
    for name, value in cosign.install(tmp_path, SIGNER).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DIGITLENS_IMAGES_REGISTRY", f"{registry}/team")
    monkeypatch.setenv("DIGITLENS_IMAGES_SIGNER", SIGNER)
    settings.cache_clear()
    yield f"{registry}/team"
    monkeypatch.undo()
    settings.cache_clear()


def test_what_is_published_and_signed_is_pulled_instead_of_built(
    small_image: Image, team: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    reference = inventory.publish(small_image, team)
    assert reference is not None
    repository = reference.split("@")[0]
    assert inventory.publish(small_image, team) is None
    dated = engine.connect().images.get_registry_data(f"{repository}:{datetime.now(UTC).date()}")
    assert reference.endswith(f"@{dated.id}")
    labels = engine.connect().images.get(f"{repository}:{small_image.version}").labels
    assert labels[images.ENVIRONMENT] == small_image.environment
    assert engine.OURS not in labels  # ./inv images.prune leaves it alone
    # Nobody signed it yet; then somebody else; then the workflow.
    with pytest.raises(RefusedError, match=r"isn't signed by https://github\.com/o/r.*no matching signatures"):
        images.build(small_image)
    with pytest.raises(RefusedError, match="isn't signed by"):
        published.verify(reference, SIGNER.replace("o/r", "another/r"))
    # Something that only the published one has shows that nothing was built.
    marked = io.BytesIO(f"FROM {repository}:{small_image.version}\nENV MARK=published\n".encode())
    engine.connect().images.build(fileobj=marked, tag=f"{repository}:{small_image.version}", rm=True)
    engine.connect().images.push(f"{repository}:{small_image.version}")
    digest = engine.connect().images.get_registry_data(f"{repository}:{small_image.version}").id
    bill = tmp_path / "bill.json"
    bill.write_text('{"bomFormat": "CycloneDX"}', "utf-8")
    signing.sign(f"{repository}@{digest}", bill, WORKFLOW)
    said = json.loads((tmp_path / "signed.json").read_text("utf-8"))
    assert [kind for _, _, kind in said] == ["signature", "cyclonedx", "slsaprovenance1"]
    capfd.readouterr()
    images.build(small_image)
    assert f"signed by {SIGNER}" in capfd.readouterr().err
    built = engine.connect().images.get(small_image.tag)
    assert "MARK=published" in built.attrs["Config"]["Env"]
    assert built.labels[images.FINGERPRINT] == small_image.fingerprint
    assert "pytest" in inside(
        small_image.tag, "/opt/digitlens/bin/python", "-c", "import pytest, training; print(pytest)"
    )
    # --no-cache means every layer, here.
    images.build(small_image, no_cache=True)
    assert "MARK=published" not in engine.connect().images.get(small_image.tag).attrs["Config"]["Env"]


def test_what_is_not_published_is_built_here(team: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert published.find("digitlens/test", "0" * 16) is None
    assert re.search(rf"{team}/digitlens/test:0+ can't be had and is built here", capfd.readouterr().err)


def test_who_signs_has_to_be_said_and_asked(team: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = shutil.which("cosign")
    assert program
    Path(program).unlink()
    with pytest.raises(MissingPartError, match=r"cosign, .*install it"):
        published.verify(f"{team}/x@sha256:{'0' * 64}", SIGNER)
    monkeypatch.setenv("DIGITLENS_IMAGES_SIGNER", "")
    settings.cache_clear()
    with pytest.raises(UsageError, match=r"\[images\] signer has to name"):
        published.find("digitlens/test", "0" * 16)


def test_only_a_workflow_signs() -> None:
    made = signing.provenance(WORKFLOW)
    assert made["runDetails"]["builder"]["id"] == SIGNER
    assert made["buildDefinition"]["externalParameters"]["workflow"]["path"] == ".github/workflows/images.yml"
    for name in WORKFLOW:
        with pytest.raises(UsageError, match=name):
            signing.provenance({**WORKFLOW, name: ""})


def test_a_registry_that_does_not_answer_is_said(small_image: Image) -> None:
    with pytest.raises(DigitlensError, match=r"127\.0\.0\.1:9/digitlens/test.* can't be asked for"):
        inventory.publish(small_image, "127.0.0.1:9")
