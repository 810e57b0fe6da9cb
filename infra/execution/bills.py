"""Bills of materials: what is in an image, as CycloneDX says it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from infra.execution import environments, images, inventory

ENVIRONMENT = f"""
import runpy, sys
sys.path.insert(0, "/sbom")
sys.argv = [
    "cyclonedx-py", "environment", "--output-reproducible", "--output-format", "JSON", {inventory.PYTHON!r}
]
runpy.run_module("cyclonedx_py", run_name="__main__")
"""
BASE = """
import importlib.metadata as m, json, platform, subprocess, sys, sysconfig
words = ["dpkg-query", "--show", "--showformat=${Package}\\t${Version}\\t${Architecture}\\n"]
listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
folder = sysconfig.get_path("purelib", vars={"base": sys.base_prefix})
print(json.dumps({
    "release": platform.freedesktop_os_release(),
    "python": platform.python_version(),
    "debian": [line.split("\\t") for line in listed.splitlines()],
    "pypi": sorted((d.metadata["Name"], d.version) for d in m.distributions(path=[folder])),
}))
"""


def make(image: images.Image) -> str:
    """CycloneDX bill of materials of ``image``: its environment, by the standard's own tool, and its base."""
    tag = images.ensure(image)
    tool = environments.ensure("sbom").folder
    said = inventory.run_inside(tag, ["-c", ENVIRONMENT], {str(tool): {"bind": "/sbom", "mode": "ro"}})
    bill: dict[str, Any] = json.loads(said)
    base = json.loads(inventory.run_inside(tag, ["-c", BASE]))
    labels = images.labels(image)
    bill["metadata"]["component"] = {
        "type": "container",
        "bom-ref": tag,
        "name": image.repository,
        "version": tag.rpartition(":")[2],
        "licenses": [{"license": {"id": labels[f"{images.OCI}.licenses"]}}],
        "properties": [{"name": images.LOCK, "value": labels[images.LOCK]}],
    }
    bill["components"] += _components(base)
    return json.dumps(bill, indent=2)


def write(folder: Path, image: images.Image, text: str) -> Path:
    """Keep the bill of materials of ``image`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{image.name}.cdx.json"
    temporary = file.with_suffix(f".{os.getpid()}")
    temporary.write_text(text + "\n", "utf-8")
    temporary.replace(file)
    return file


def _components(base: dict[str, Any]) -> list[dict[str, str]]:
    """The operating system, its packages, and the Python below the environment; addresses as purl-spec has them."""
    system, version = base["release"]["ID"], base["release"]["VERSION_ID"]
    distribution = f"{system}-{version}"
    debian = [
        _component("library", name, of, f"pkg:deb/{system}/{name}@{_quoted(of)}?arch={kind}&distro={distribution}")
        for name, of, kind in base["debian"]
    ]
    pypi = [
        _component("library", name, of, f"pkg:pypi/{name.lower().replace('_', '-')}@{_quoted(of)}")
        for name, of in base["pypi"]
    ]
    return [
        {"type": "operating-system", "bom-ref": f"base {distribution}", "name": system, "version": version},
        _component("platform", "python", base["python"], f"pkg:generic/python@{base['python']}"),
        *debian,
        *pypi,
    ]


def _component(kind: str, name: str, version: str, address: str) -> dict[str, str]:
    return {"type": kind, "bom-ref": f"base {address}", "name": name, "version": version, "purl": address}


def _quoted(version: str) -> str:
    return quote(version, safe="")
