"""Environments of images that a workflow has published: pulled instead of built, once their signature is checked.

They are named by the hash of all that they are made of, so that what is found is what a build here would make, and
pulled by digest, so that what was checked is what is pulled.
"""

from __future__ import annotations

import shutil
import subprocess

from infra.errors import MissingPartError, RefusedError, UsageError
from infra.execution import engine
from infra.progress import say
from infra.settings import settings

ISSUER = "https://token.actions.githubusercontent.com"
"""Who says which workflow signed."""
ANYBODY = "anybody"
HERE = "empty [images] registry in digitlens.toml to build here"


def find(repository: str, version: str) -> str | None:
    """The published ``repository:version`` by digest, verified and pulled; None where a build has to do.

    Raises:
        UsageError: nobody was named who has to have signed it.
        RefusedError: somebody else has, or nobody.
        MissingPartError: signatures can't be checked here.
    """
    own = settings().images
    if not own.registry:
        return None
    from docker.errors import APIError

    if not own.signer:
        raise UsageError(
            f"[images] signer has to name the workflow that signs what is in {own.registry}, or {ANYBODY}: not checked"
        )
    home = f"{own.registry.strip('/')}/{repository}"
    try:
        digest = engine.connect().images.get_registry_data(f"{home}:{version}").id
    except APIError as error:
        say(f"{home}:{version} can't be had and is built here: {error.explanation}")
        return None
    reference = f"{home}@{digest}"
    verify(reference, own.signer)
    say(f"pulling {reference} ...")
    with engine.expected(f"pulling {reference}"):
        engine.connect().images.pull(reference, platform=engine.platform())
    return reference


def verify(reference: str, signer: str) -> None:
    """Make sure that the workflow ``signer`` signed the image ``reference``.

    Raises:
        RefusedError: it didn't.
        MissingPartError: there is no cosign to ask.
    """
    if signer == ANYBODY:
        return
    words = ["verify", "--certificate-identity", signer, "--certificate-oidc-issuer", ISSUER, reference]
    done = subprocess.run([cosign(), *words], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RefusedError(f"{reference} isn't signed by {signer}: {reason}; don't use it: {HERE}")
    say(f"signed by {signer}: {reference}")


def cosign() -> str:
    """The program that makes and checks signatures.

    Raises:
        MissingPartError: it isn't there.
    """
    program = shutil.which("cosign")
    if program is None:
        raise MissingPartError(
            f"cosign, which makes and checks signatures of images, isn't on PATH: install it, or {HERE}"
        )
    return program
