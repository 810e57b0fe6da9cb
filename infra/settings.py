"""What can be set, in ``digitlens.toml`` and in the environment: one typed, frozen object.

``DIGITLENS_<SECTION>_<KEY>`` overrides ``[section] key``, for example
``DIGITLENS_SERVE_PORT=5001``.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from infra.errors import UsageError

ROOT = Path(__file__).resolve().parents[1]
RELEASED = ROOT / "models" / "digits"
"""The released detector: ``checkpoint/`` and ``web_model/``."""
PREFIX = "DIGITLENS_"

Quantization = Literal["none", "float16", "uint16", "uint8"]
Place = Literal["auto", "docker", "local", "ray"]
Gpus = Literal["auto", "all", "none"]
RootedPath = Annotated[Path, AfterValidator(lambda path: ROOT / path)]


class Section(BaseModel):
    """A table of ``digitlens.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class Paths(Section):
    """Where things are kept; relative to the repository."""

    runs: RootedPath = Path("runs")
    site: RootedPath = Path("dist")
    environments: RootedPath = Path(".environments")
    cache: RootedPath = Path(".cache")


class Pipeline(Section):
    """What ``./inv pipeline`` does unless its flags say otherwise."""

    config: RootedPath | None = None
    quantize: Quantization = "uint8"
    gate_photos: Annotated[int, Field(ge=1)] = 200
    smoke_photos: Annotated[int, Field(ge=2)] = 8


class Synthetic(Section):
    """The photos that are made where no data is given."""

    config: RootedPath = Path("training/configs/drawn.yaml")
    photos: Annotated[int, Field(ge=10)] = 3000
    seed: Annotated[int, Field(ge=0)] = 1


class Serve(Section):
    """The local site."""

    port: Annotated[int, Field(ge=1, le=65535)] = 5000


class Hosting(Section):
    """Where the site is deployed, and what is refused."""

    project: Annotated[str, Field(pattern=r"^([a-z][a-z0-9-]{4,28}[a-z0-9])?$")] = ""
    site: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9-]{0,61}[a-z0-9])?$")] = ""
    address: Annotated[str, Field(pattern=r"^(https://[^\s/?#]+/?)?$")] = ""
    budget_mb: Annotated[float, Field(gt=0)] = 12.0
    patience: Annotated[float, Field(gt=0)] = 300.0

    @property
    def live(self) -> str:
        """Where the site is live; empty where nothing says."""
        name = self.site or self.project
        return self.address or (f"https://{name}.web.app" if name else "")


class Registry(Section):
    """Where model versions are kept."""

    location: str = "registry"


class Tools(Section):
    """Programs that are taken from PATH or their usual places unless named here."""

    chromium: Path | None = None
    docker: Path | None = None


class Execution(Section):
    """Where steps run, and what their containers may use; the last three: ``on = "ray"``."""

    on: Place = "auto"
    gpus: Gpus = "auto"
    memory: Annotated[str, Field(pattern=r"^(\d+[kmg])?$")] = ""
    cpus: Annotated[float, Field(ge=0)] = 0
    shared_memory: Annotated[str, Field(pattern=r"^\d+[kmg]$")] = "1g"
    leftover: Literal["ask", "attach", "remove"] = "ask"
    cluster: Annotated[str, Field(pattern=r"^([A-Za-z0-9.-]+:\d{1,5})?$")] = ""
    shards: Annotated[int, Field(ge=1, le=10_000)] = 8
    folders: Literal["auto", "sent"] = "auto"


class Vertex(Section):
    """Where trainings run with ``--on vertex``, in the project of ``hosting``; each worker has one accelerator."""

    region: Annotated[str, Field(pattern=r"^([a-z]+-[a-z]+\d)?$")] = ""
    bucket: Annotated[str, Field(pattern=r"^(gs://[a-z0-9._-]+(/[^/\s]+)*)?$")] = ""
    image: str = ""
    machine: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] = "n1-standard-8"
    accelerator: Annotated[str, Field(pattern=r"^[A-Z0-9_]*$")] = ""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    endpoint: Annotated[str, Field(pattern=r"^(https://[^/\s]+)?$")] = ""


class Images(Section):
    """What images are built from, where the Dockerfiles' own choice can't be had."""

    base: str = ""
    registry: Annotated[str, Field(pattern=r"^([a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)*)?$")] = ""
    signer: str = ""
    package_mirror: str = ""
    certificate_authority: Path | None = None


class Readers(Section):
    """What others ask for reading a photo, and where Cloud Vision answers; see ``./inv bench.readers``."""

    endpoint: Annotated[str, Field(pattern=r"^https://[^/\s]+$")] = "https://vision.googleapis.com"
    seconds: Annotated[float, Field(gt=0)] = 30.0
    prices_of: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")] = "2026-11-28"
    vision_usd_per_1000: Annotated[float, Field(ge=0)] = 1.5
    hosting_usd_per_gb: Annotated[float, Field(ge=0)] = 0.15


class Settings(Section):
    """Everything that can be set."""

    paths: Paths = Paths()
    pipeline: Pipeline = Pipeline()
    synthetic: Synthetic = Synthetic()
    serve: Serve = Serve()
    hosting: Hosting = Hosting()
    registry: Registry = Registry()
    tools: Tools = Tools()
    execution: Execution = Execution()
    vertex: Vertex = Vertex()
    images: Images = Images()
    readers: Readers = Readers()


def load(file: Path, environment: Mapping[str, str]) -> Settings:
    """Read ``file`` (absent: defaults) and lay ``environment`` over it.

    Raises:
        UsageError: for an unknown key, naming the nearest valid one, or a value of the wrong kind.
    """
    try:
        values = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file.name} isn't TOML: {error}") from error
    variables = {
        f"{PREFIX}{section}_{key}".upper(): (section, key)
        for section, field in Settings.model_fields.items()
        for key in type(field.default).model_fields
    }
    origins = {}
    for name, value in environment.items():
        if not name.startswith(PREFIX):
            continue
        if name not in variables:
            raise UsageError(f"environment variable {name} is unknown{_nearest(name, variables)}")
        section, key = variables[name]
        if isinstance(values.setdefault(section, {}), dict):
            values[section][key] = value
            origins[section, key] = f"environment variable {name}"
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        findings = [
            _explain(finding["loc"], finding["type"], finding["msg"], origins, file.name) for finding in error.errors()
        ]
        raise UsageError("\n".join(findings)) from error


def _explain(
    place: tuple[int | str, ...],
    kind: str,
    message: str,
    origins: Mapping[tuple[str, str], str],
    file: str,
) -> str:
    section, *rest = map(str, place)
    key = rest[0] if rest else ""
    if kind != "extra_forbidden":
        return f"{origins.get((section, key), f'{file}, [{section}] {key}')}: {message}"
    if not key:
        return f"{file}: section [{section}] is unknown{_nearest(section, Settings.model_fields)}"
    keys = type(Settings.model_fields[section].default).model_fields
    return f"{file}, [{section}]: key {key} is unknown{_nearest(key, keys)}"


def _nearest(word: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(word, known, 1, 0.4)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(sorted(known))}"


@cache
def settings() -> Settings:
    """The settings of this process."""
    return load(ROOT / "digitlens.toml", os.environ)
