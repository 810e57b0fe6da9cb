from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra import fingerprints


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """shop.sell imports shop.parts.wheel and, relatively, shop.tools; shop.rent is apart."""
    files = {
        "shop/__init__.py": "",
        "shop/sell.py": "import json\nfrom shop.parts import wheel\nfrom . import tools\n",
        "shop/rent.py": "PRICE = 1\n",
        "shop/tools.py": "from .money import Price\n",
        "shop/money.py": "class Price:\n    '''What it costs.'''\n",
        "shop/parts/__init__.py": "",
        "shop/parts/wheel.py": "SPOKES = 32\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path


def test_sources_are_the_transitive_imports_within_the_repository(package: Path) -> None:
    found = [path.relative_to(package / "shop").as_posix() for path in fingerprints.sources("shop.sell", package)]
    assert found == [
        "__init__.py",
        "money.py",
        "parts/__init__.py",
        "parts/wheel.py",
        "sell.py",
        "tools.py",
    ]


@pytest.mark.parametrize(
    ("file", "text", "changes"),
    [
        ("shop/parts/wheel.py", "SPOKES = 36\n", True),
        ("shop/money.py", "class Price:\n    '''In euros.'''\n", False),
        ("shop/parts/wheel.py", "# light\nSPOKES = 32\n", False),
        ("shop/rent.py", "PRICE = 2\n", False),
        ("shop/parts/wheel.md.j2", "{{ spokes }}", True),
        ("shop/rent.md.j2", "{{ price }}", False),
    ],
)
def test_only_code_that_can_run_counts(package: Path, file: str, text: str, changes: bool) -> None:
    before = fingerprints.of_module("shop.sell", package)
    (package / file).write_text(text, "utf-8")
    assert (fingerprints.of_module("shop.sell", package) != before) is changes


def test_a_package_that_is_run_counts_its_main(package: Path) -> None:
    (package / "shop/parts/__main__.py").write_text("from shop import rent\n", "utf-8")
    names = {path.name for path in fingerprints.sources("shop.parts", package)}
    assert {"__main__.py", "rent.py"} <= names


def test_a_folder_counts_by_names_sizes_and_times(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    photo = tmp_path / "a" / "1.jpg"
    photo.write_bytes(b"photo")
    first = fingerprints.of_input(tmp_path)
    assert fingerprints.of_input(tmp_path) == first
    os.utime(photo, (1, 1))
    second = fingerprints.of_input(tmp_path)
    photo.rename(photo.with_name("2.jpg"))
    assert len({first, second, fingerprints.of_input(tmp_path)}) == 3


def test_a_file_counts_by_content_alone(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("a", "utf-8")
    before = fingerprints.of_input(file)
    os.utime(file, (1, 1))
    assert fingerprints.of_input(file) == before
    file.write_text("b", "utf-8")
    assert fingerprints.of_input(file) != before


def test_links_to_nothing_and_back_end_no_listing(tmp_path: Path) -> None:
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    (tmp_path / "photos" / "a.jpg").write_text("a")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "photos" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "self").symlink_to(".")
    (tmp_path / "photos" / "deep" / "up").symlink_to("../deep")
    (tmp_path / "photos" / "gone.jpg").symlink_to("nowhere")
    (tmp_path / "photos" / "ring").symlink_to("ring")
    (tmp_path / "photos" / os.fsdecode(b"caf\xe9.jpg")).write_text("e")
    before = fingerprints.of_input(tmp_path / "photos")
    assert fingerprints.of_input(tmp_path / "photos") == before
    (tmp_path / "elsewhere" / "b.jpg").write_text("b")
    assert fingerprints.of_input(tmp_path / "photos") != before
