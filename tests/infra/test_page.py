"""What a page is furnished with: the owner's samples, the icon, the words before any program runs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from infra.errors import UsageError
from infra.page import icons, samples, shell
from infra.page.identity import Identity
from infra.settings import Hosting

SHELL = """<html lang="%lang%"><title>%name%</title><meta content="%promise%" />
<script id="page" type="application/json">%page%</script>%samples%<p>%starting%%late%%noscript%</p>"""


def identity(name: str, promise: str = "Finds things.") -> Identity:
    return Identity("en", name, promise, {"kind": "neutral"}, "Starting", "Late", "No script")


def photo(path: Path, size: tuple[int, int] = (640, 480), **options: object) -> Path:
    Image.new("RGB", size, "#557755").save(path, **options)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "has no photos"),
        ([f"{index}.png" for index in range(13)], "13 files"),
        (["a.png", "notes.txt"], "notes.txt is no picture"),
        (["tiny.png"], "tiny.png has 8 × 8 pixels"),
        (["cut.png"], "cut.png is no picture"),
        ([".hidden"], "has no photos"),
    ],
)
def test_a_folder_that_gives_no_samples_is_refused_by_name(files: list[str], words: str, tmp_path: Path) -> None:
    for name in files:
        if name in {"notes.txt", ".hidden"}:
            (tmp_path / name).write_text("words")
        elif name == "cut.png":
            (tmp_path / name).write_bytes(photo(tmp_path / ".whole.png").read_bytes()[:60])
        else:
            photo(tmp_path / name, (8, 8) if name == "tiny.png" else (640, 480))
    with pytest.raises(UsageError, match=words):
        samples.gather(tmp_path)


def test_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        samples.gather(tmp_path / "none")


def test_samples_are_upright_small_and_say_nothing_of_the_camera(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera of mine"
    photo(tmp_path / "a b.jpg", (4000, 3000), exif=exif)
    photo(tmp_path / "a_b.png")
    photo(tmp_path / "猫 & co.webp")
    chosen = samples.gather(tmp_path)
    assert [one.name for one in chosen] == ["a-b", "a-b-2", "猫-co"]
    with Image.open(io.BytesIO(chosen[0].photo)) as whole:
        assert whole.size == (1200, 1600)
        assert b"Camera" not in chosen[0].photo
    for one in chosen:
        with Image.open(io.BytesIO(one.thumbnail)) as small:
            assert (small.format, small.size) == ("WEBP", (one.width, one.height))
        assert len(one.thumbnail) < 8000


def test_transparent_samples_stand_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    with Image.open(io.BytesIO(samples.gather(tmp_path)[0].photo)) as made:
        assert made.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    "name", ["Raccoons", "</script><b>", '"quoted" & more', "浣熊", "%name%", "\\", "a/b", "ⵣ", "שלום"]
)
def test_any_name_is_written_as_it_is(name: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(SHELL, "utf-8")
    (tmp_path / "manifest.webmanifest").write_text('{"name": "%name%"}', "utf-8")
    photo(tmp_path / "chosen.png")
    chosen = [samples.Sample("猫", b"", b"", 240, 180)]
    shell.furnish(tmp_path, identity(name, f"Finds {name}."), chosen, "none")
    page = (tmp_path / "index.html").read_text("utf-8")
    script = page.split('type="application/json">')[1].split("</script>")[0]
    said = json.loads(script)
    assert (said["name"], said["promise"], said["reading"]) == (name, f"Finds {name}.", "none")
    assert said["samples"][0]["photo"] == "samples/%E7%8C%AB.jpg"
    assert "<b>" not in page
    assert json.loads((tmp_path / "manifest.webmanifest").read_text("utf-8"))["name"] == name


HEADS = '<meta property="og:image" content="%picture%" /><meta name="twitter:card" content="summary_large_image" />'


@pytest.mark.parametrize("address", ["https://my-site.web.app", "https://digits.example/"])
def test_links_are_shown_with_the_pictures_whole_address(address: str, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(HEADS, "utf-8")
    (tmp_path / "manifest.webmanifest").write_text("{}", "utf-8")
    shell.furnish(tmp_path, identity("Raccoons"), [], "none", address)
    page = (tmp_path / "index.html").read_text("utf-8")
    assert f'content="{address.rstrip("/")}/preview.png"' in page


def test_where_nobody_knows_the_address_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(HEADS, "utf-8")
    (tmp_path / "manifest.webmanifest").write_text("{}", "utf-8")
    shell.furnish(tmp_path, identity("Raccoons"), [], "none")
    assert (tmp_path / "index.html").read_text("utf-8") == '<meta name="twitter:card" content="summary_large_image" />'


@pytest.mark.parametrize(
    ("given", "live"),
    [
        ({}, ""),
        ({"project": "my-project"}, "https://my-project.web.app"),
        ({"project": "my-project", "site": "my-site"}, "https://my-site.web.app"),
        ({"project": "my-project", "address": "https://digits.example"}, "https://digits.example"),
    ],
)
def test_a_site_is_live_where_the_settings_say(given: dict[str, str], live: str) -> None:
    assert Hosting(**given).live == live  # type: ignore[arg-type]


@pytest.mark.parametrize("icon", [{"kind": "letter", "letter": "R"}, {"kind": "neutral"}])
def test_icons_are_drawn_and_differ(icon: dict[str, str], tmp_path: Path) -> None:
    icons.draw(icon, "Raccoons", "Finds raccoons on a photo.", tmp_path)
    assert ("R</text>" in (tmp_path / "favicon.svg").read_text("utf-8")) == (icon["kind"] == "letter")
    with Image.open(tmp_path / "icons" / "512.png") as drawn:
        assert drawn.size == (512, 512)
        assert len(drawn.getcolors(1 << 20) or []) > 2
    assert (tmp_path / "preview.png").stat().st_size < 100_000


def test_digits_keep_the_icon_of_the_app(tmp_path: Path) -> None:
    icons.draw({"kind": "digits"}, "digitlens", "Reads numbers.", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["preview.png"]
