"""Names: what a set-up makes is called the same everywhere, and what Google and GitHub number has its number here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra import git
from infra.errors import UsageError
from infra.hosting.target import Target
from infra.settings import settings

Words = tuple[str, ...]
"""A command: `gcloud`, `gh` or `firebase`, and its arguments."""

POOL = "github"
PROVIDER = "digitlens"
ISSUER = "https://token.actions.githubusercontent.com"
MAPPING = 'google.subject=assertion.repository_id + ":" + assertion.environment'
"""Who a job is: its repository's number and its environment. GitHub's own subject (`sub`) has names in it, with ids
since July 2026 and without before, in whatever case, and may be longer than the 127 bytes that Google takes. A job
without an environment lacks that claim and is nobody."""
PREVIEW, PRODUCTION, TRAINING = "preview", "production", "training"
TRUNK = "main"
RECORD = "DEPLOY_SETUP"
"""The variable of the repository that has what a set-up made, and nobody before it."""


@dataclass(frozen=True)
class Account:
    """A service account: who may act as it, and what it may do."""

    name: str
    why: str
    environments: tuple[str, ...]
    roles: tuple[str, ...]
    """In the project; those of a bucket are the bucket's."""


DEPLOY = Account(
    "digitlens-deploy",
    "deploys to Hosting from GitHub Actions",
    (PREVIEW, PRODUCTION),
    # Hosting, and asking whether its API is on.
    ("roles/firebasehosting.admin", "roles/serviceusage.serviceUsageConsumer"),
)
MODELS = Account("digitlens-models", "keeps model versions from GitHub Actions", (TRAINING,), ())
BUCKET_ROLES = ("roles/storage.objectCreator", "roles/storage.objectViewer")
"""Reads and adds, and neither replaces nor deletes."""


@dataclass(frozen=True)
class Place:
    """A project at Google and a repository at GitHub."""

    project: str
    site: str
    repository: str
    models: bool = False
    """Whether model versions have a bucket."""
    number: str = "$NUMBER"
    repository_id: str = "$REPOSITORY_ID"

    @property
    def target(self) -> Target:
        """The Hosting site."""
        return Target(self.project, self.site)

    @property
    def bucket(self) -> str:
        """Where model versions are kept, as the workflow `train` has it."""
        return f"gs://{self.project}-models"

    @property
    def pool(self) -> str:
        """The name by which Google refers to the pool."""
        return f"projects/{self.number}/locations/global/workloadIdentityPools/{POOL}"

    @property
    def condition(self) -> str:
        """Tokens of this repository: by its number, which no other ever has."""
        return f"assertion.repository_id == '{self.repository_id}'"

    def email(self, account: Account) -> str:
        """What Google calls an account."""
        return f"{account.name}@{self.project}.iam.gserviceaccount.com"

    def member(self, account: Account) -> str:
        """An account in a policy."""
        return f"serviceAccount:{self.email(account)}"

    def subject(self, environment: str) -> str:
        """A job of ``environment`` in a policy."""
        return f"principal://iam.googleapis.com/{self.pool}/subject/{self.repository_id}:{environment}"


def chosen(project: str | None, repository: str | None, *, models: bool) -> Place:
    """The place that is meant: what is named, else what the settings and the address of this clone say.

    Raises:
        UsageError: that is none.
    """
    hosting = settings().hosting
    name = project or hosting.project
    if not re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", name):
        raise UsageError(f"--project: {name!r} is no project's ID, which has 6 to 30 small letters, digits and dashes")
    address = re.search(r"github\.com[:/]([\w.-]+/[\w.-]+?)(\.git)?/?$", git.address())
    where = repository or (address[1] if address else "")
    if not re.fullmatch(r"\w[\w.-]*/[\w.-]+", where):
        raise UsageError(f"--repository: {where!r} isn't OWNER/NAME of a repository at GitHub")
    return Place(name, hosting.site if hosting.project == name and hosting.site else name, where, models)
