"""Where model versions are kept: a folder, or a bucket of Cloud Storage for Firebase."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from infra.errors import ServiceError, TransientError, UsageError
from infra.hosting.refusals import GUIDE
from infra.settings import ROOT

SCHEME = "gs://"


class Store(Protocol):
    """Named contents. A content appears whole or not at all, and is never replaced."""

    def names(self, prefix: str) -> list[str]:
        """Names that begin with ``prefix``, sorted."""

    def size(self, name: str) -> int | None:
        """Bytes of a content, None if there is none."""

    def create(self, name: str, file: Path) -> bool:
        """Keep ``file`` as ``name`` unless something has that name already; says whether it did."""

    def get(self, name: str, file: Path) -> None:
        """Write the content called ``name`` to ``file``."""

    def removal(self, name: str) -> str:
        """The command with which a person removes the content called ``name``."""


def find(location: str) -> Store:
    """The store at ``location``: ``gs://BUCKET/PREFIX``, or a folder."""
    if location.startswith(SCHEME):
        bucket, _, prefix = location.removeprefix(SCHEME).partition("/")
        if not bucket:
            raise UsageError(f"[registry] location: {location} names no bucket; write gs://BUCKET/PREFIX")
        return Bucket(bucket, prefix.strip("/"))
    if "://" in location:
        raise UsageError(f"[registry] location: {location} is neither a folder nor gs://BUCKET/PREFIX")
    return Folder(ROOT / Path(location).expanduser())


class Folder:
    """A folder, on this machine or a shared disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, prefix: str) -> list[str]:
        """Names that begin with ``prefix``, sorted."""
        found = (path.relative_to(self._root).as_posix() for path in self._root.rglob("*") if path.is_file())
        return sorted(name for name in found if name.startswith(prefix) and not Path(name).name.startswith("."))

    def size(self, name: str) -> int | None:
        """Bytes of a content, None if there is none."""
        path = self._root / name
        return path.stat().st_size if path.is_file() else None

    def create(self, name: str, file: Path) -> bool:
        """Keep ``file`` as ``name`` unless something has that name already; says whether it did."""
        with self._copy(name, file) as copy:
            try:
                # A link fails where a rename would overwrite.
                os.link(copy, self._root / name)
            except FileExistsError:
                return False
        return True

    def get(self, name: str, file: Path) -> None:
        """Write the content called ``name`` to ``file``."""
        shutil.copyfile(self._root / name, file)

    def removal(self, name: str) -> str:
        """The command with which a person removes the content called ``name``."""
        return shlex.join(["rm", str(self._root / name)])

    @contextlib.contextmanager
    def _copy(self, name: str, file: Path) -> Iterator[Path]:
        place = self._root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        copy = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
        try:
            shutil.copyfile(file, copy)
            yield copy
        finally:
            copy.unlink(missing_ok=True)


class Bucket:
    """A bucket; the client library repeats what fails transiently."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._name = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._opened: Any = None

    def names(self, prefix: str) -> list[str]:
        """Names that begin with ``prefix``, sorted."""
        with self._explained():
            blobs = list(self._bucket.list_blobs(prefix=f"{self._prefix}{prefix}"))
        return sorted(blob.name.removeprefix(self._prefix) for blob in blobs)

    def size(self, name: str) -> int | None:
        """Bytes of a content, None if there is none."""
        with self._explained():
            blob = self._bucket.get_blob(f"{self._prefix}{name}")
        return None if blob is None else int(blob.size)

    def create(self, name: str, file: Path) -> bool:
        """Keep ``file`` as ``name`` unless something has that name already; says whether it did."""
        from google.api_core.exceptions import PreconditionFailed

        if self.size(name) is not None:
            return False
        try:
            with self._explained():
                blob = self._bucket.blob(f"{self._prefix}{name}")
                # Generation 0 is that of what doesn't exist.
                blob.upload_from_filename(str(file), if_generation_match=0, checksum="crc32c")
        except PreconditionFailed:
            return False
        return True

    def get(self, name: str, file: Path) -> None:
        """Write the content called ``name`` to ``file``."""
        with self._explained():
            self._bucket.blob(f"{self._prefix}{name}").download_to_filename(str(file))

    def removal(self, name: str) -> str:
        """The command with which a person removes the content called ``name``."""
        return shlex.join(["gcloud", "storage", "rm", f"{SCHEME}{self._name}/{self._prefix}{name}"])

    @property
    def _bucket(self) -> Any:
        if self._opened is None:
            from firebase_admin import storage

            from infra.hosting import credentials

            self._opened = storage.bucket(self._name, credentials.app())
        return self._opened

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        from google.api_core import exceptions
        from google.auth.exceptions import GoogleAuthError

        where = f"{SCHEME}{self._name}"
        try:
            yield
        except exceptions.PreconditionFailed:
            raise
        except exceptions.NotFound as error:
            raise ServiceError(
                f"there is no bucket {where}, or not that content: `gcloud storage buckets create {where}`; "
                "./inv model.list shows what there is"
            ) from error
        except (exceptions.Forbidden, exceptions.Unauthorized) as error:
            raise ServiceError(
                f"{where} is closed to this account: `gcloud storage buckets add-iam-policy-binding {where} "
                "--member=serviceAccount:ACCOUNT --role=roles/storage.objectViewer`, and to push "
                f"roles/storage.objectCreator; see {GUIDE}"
            ) from error
        except GoogleAuthError as error:
            raise ServiceError(
                f"{where} wants a Google account: {str(error).splitlines()[0]}\n"
                f"  `gcloud auth application-default login`, or a workload identity file; see {GUIDE}"
            ) from error
        except (exceptions.GoogleAPIError, ConnectionError) as error:
            raise TransientError(f"{where}: {type(error).__name__}; run the same command again") from error
