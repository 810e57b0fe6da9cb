"""Images that steps run in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke import Context, task

if TYPE_CHECKING:
    from infra.execution.images import Image

REGISTRY = "where to, for example 127.0.0.1:5000 or a registry's host with a folder"
GPU = "the training image for GPUs, too (about 7 GB)"


@task(help={"gpu": GPU, "no-cache": "make every layer anew, also of images that exist"})
def build(_: Context, gpu: bool = False, no_cache: bool = False) -> None:
    """Build the training and the converter image; those that exist for these files are kept."""
    from infra.execution import images

    for image in _chosen(gpu):
        if no_cache:
            images.build(image, no_cache=True)
        print(images.ensure(image))


@task(name="list", help={"json": "all facts, with every package and its version"})
def list_(_: Context, json: bool = False) -> None:
    """Say which images of this project there are: size, tag, digest, packages."""
    from infra.execution import inventory

    found = inventory.entries()
    if json:
        print(inventory.as_json(found))
        return
    for entry in found:
        packages = f"{len(entry.packages)} packages" if entry.current else "of other files"
        print(f"{entry.tag:<40}  {entry.size / 1e6:>6.0f} MB  {entry.digest[:19]}  {packages}")


@task(help={"gpu": GPU, "out": "folder to write to (default: .cache/sbom)"})
def sbom(_: Context, gpu: bool = False, out: str | None = None) -> None:
    """Write a CycloneDX bill of materials for each image."""
    from infra.execution import bills
    from infra.settings import settings
    from infra.tasks import words

    folder = words.located(out) if out else settings().paths.cache / "sbom"
    for image in _chosen(gpu):
        print(bills.write(folder, image, bills.make(image)))


@task(help={"registry": REGISTRY, "gpu": GPU})
def push(_: Context, registry: str, gpu: bool = False) -> None:
    """Put the images into a registry, and print their names there by digest."""
    from infra.execution import inventory

    for image in _chosen(gpu):
        print(inventory.push(image, registry))


@task(
    help={
        "registry": REGISTRY,
        "gpu": GPU,
        "sign": "with cosign, as the workflow that this is; attests SBOM and provenance",
    }
)
def publish(_: Context, registry: str, gpu: bool = False, sign: bool = False) -> None:
    """Put the images' environments into a registry, where [images] registry finds them; prints what is new there."""
    import os

    from infra.execution import bills, inventory, signing
    from infra.settings import settings

    for image in _chosen(gpu):
        if reference := inventory.publish(image, registry):
            if sign:
                bill = bills.write(settings().paths.cache / "sbom", image, bills.make(image))
                signing.sign(reference, bill, os.environ)
            print(reference)


@task
def prune(_: Context) -> None:
    """Remove this project's images of other files; nothing else, and none in use."""
    from infra.execution import inventory

    for name in inventory.prune():
        print(name)


def _chosen(gpu: bool) -> list[Image]:
    from infra.execution.images import IMAGES

    return [image for name, image in IMAGES.items() if gpu or name != "train-gpu"]
