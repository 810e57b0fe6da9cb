"""What a project needs to have before anything else: APIs, Firebase, a Hosting site."""

from __future__ import annotations

from infra.hosting.setup.place import Place
from infra.hosting.setup.programs import Reader
from infra.hosting.setup.resource import MISSING, Fault, Resource

APIS = tuple(
    f"{name}.googleapis.com"
    for name in (
        *("firebase", "firebasehosting", "serviceusage", "cloudresourcemanager"),
        *("iam", "iamcredentials", "sts"),  # a workflow's token for an account's
    )
)


def apis(place: Place) -> Resource:
    """The services that are called."""
    names = (*APIS, "storage.googleapis.com") if place.models else APIS
    listing = ("gcloud", "services", "list", "--enabled", "--project", place.project)

    def look(reader: Reader) -> tuple[Fault, ...]:
        found = {service["config"]["name"] for service in reader.ask(*listing) or ()}
        off = [name for name in names if name not in found]
        return (Fault("missing", f"off: {', '.join(off)}"),) if off else ()

    return Resource(
        "",
        "APIs",
        look,
        (("gcloud", "services", "enable", *names, "--project", place.project),),
        stays=f"they stay on, at no cost: other things may use them by now; `gcloud services disable NAME --project "
        f"{place.project}`",
    )


def firebase(place: Place) -> Resource:
    """That the project is one of Firebase's."""

    def look(reader: Reader) -> tuple[Fault, ...]:
        return () if reader.has_firebase() else (Fault("missing", "the project isn't one of Firebase's yet"),)

    add = ("firebase", "projects:addfirebase", place.project)
    return Resource("firebase", "Firebase", look, (add,), stays="Google has nothing that takes it out of a project")


def site(place: Place) -> Resource:
    """The site, which not every project has from the beginning."""

    def look(reader: Reader) -> tuple[Fault, ...]:
        return () if reader.has_site() else MISSING

    return Resource(
        "site",
        f"Hosting site {place.site}",
        look,
        (("firebase", "hosting:sites:create", place.site),),
        (("firebase", "hosting:disable", "--site", place.site, "--force"),),
        stays="it serves nothing any more; its name stays this project's",
    )
