"""Which site of which Firebase project is meant."""

from __future__ import annotations

import os
from dataclasses import dataclass

from infra.errors import UsageError
from infra.settings import settings

HOSTING = "https://firebasehosting.googleapis.com"
MANAGEMENT = "https://firebase.googleapis.com"


@dataclass(frozen=True)
class Target:
    """A Hosting site."""

    project: str
    site: str

    @property
    def path(self) -> str:
        """Its name in Google's API."""
        return f"projects/{self.project}/sites/{self.site}"


def chosen() -> Target:
    """The site that the settings name.

    Raises:
        UsageError: they name none.
    """
    hosting = settings().hosting
    if not hosting.project:
        raise UsageError(
            "no Firebase project is set: write [hosting] project into digitlens.toml or set "
            "DIGITLENS_HOSTING_PROJECT (docs/deploying.md); without a project ./inv serve shows the site"
        )
    return Target(hosting.project, hosting.site or hosting.project)


def api() -> str:
    """Where Google's Hosting API answers; the variable is the official client's own."""
    return os.environ.get("FIREBASE_HOSTING_API_URL", HOSTING).rstrip("/")


def management() -> str:
    """Where Firebase's project management answers."""
    return os.environ.get("FIREBASE_API_URL", MANAGEMENT).rstrip("/")
