"""A folder that is labelled: what is kept in annotations.csv, who may ask and write, and what a session begins with."""

from __future__ import annotations

import csv
import http.client
import json
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from infra.errors import UsageError
from infra.execution.local import Local
from infra.labelling import server, session
from infra.labelling.annotations import Annotations, Object
from infra.page import site as sites
from infra.settings import RELEASED

HEAD = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
SIZES = dict.fromkeys(("a.jpg", "b.jpg", "sub/c.jpg", "=d.jpg", "'e.jpg", "ä, ö;.jpg"), (100, 80))
BOX = (1.0, 2.0, 30.5, 40.25)


def labels(folder: Path) -> Annotations:
    return Annotations(folder, SIZES)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("kind", ["cat", "=1+1", "-", "'=x", 'a "b", c', "浣熊", "@me"])
def test_what_is_put_is_read_again_and_no_cell_is_a_formula(tmp_path: Path, name: str, kind: str) -> None:
    labels(tmp_path).put(name, [Object(kind, BOX)])
    assert labels(tmp_path).read() == {name: (Object(kind, BOX),)}
    with labels(tmp_path).path.open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if len(cell) > 1 and cell[0] in "=+-@\t\r"]


def test_a_photo_without_objects_is_a_row_and_one_not_looked_at_is_none(tmp_path: Path) -> None:
    kept = labels(tmp_path)
    kept.put("a.jpg", [])
    assert kept.path.read_text() == HEAD + "a.jpg,100,80,,,,,\n"
    assert kept.read() == {"a.jpg": ()}
    kept.put("a.jpg", None)
    assert kept.read() == {}


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_is_there_stays_to_the_letter(tmp_path: Path, separator: str, end: str, mark: str) -> None:
    rows = [
        ["group", "Filename", "class", "width", "height", "xmin", "ymin", "xmax", "ymax"],
        ["g1", "b.jpg", "cat", "100", "80", "1.0000", "2", "30", "40"],
        ["g2", "a.jpg", "cat", "0", "", "1", "2", "30", "40"],
        ["g3", "gone.jpg", "dog", "7", "7", "1", "2", "3", "4"],
    ]

    def text(lines: list[list[str]]) -> bytes:
        return (mark + "".join(separator.join(line) + end for line in lines)).encode()

    kept = labels(tmp_path)
    kept.path.write_bytes(text(rows))
    kept.put("a.jpg", [Object("dog", BOX), Object("cat", BOX)])
    kept.put("sub/c.jpg", [])
    box = ["1", "2", "30.5", "40.25"]
    new = [["g2", "a.jpg", name, "100", "80", *box] for name in ("dog", "cat")]
    header = [name.lower() for name in rows[0]]
    expected = [header, rows[1], *new, rows[3], ["", "sub/c.jpg", "", "100", "80", "", "", "", ""]]
    assert kept.path.read_bytes() == text(expected)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("image,xmin,ymin,xmax,ymax,label\na.jpg,1,2,3,4,cat\n", "has the columns"),
        (HEAD.replace("\n", ",score\n") + "a.jpg,100,80,cat,1,2,3,4,0.5\n", "has the columns"),
        ('{"images": []}', "has the columns"),
        (HEAD + "a.jpg,100,80,cat,1,2,3\n", "row 2: 7 fields instead of 8"),
        (HEAD + "a.jpg,100,80,cat,1,2,x,4\n", "row 2: xmax: 'x' is no number"),
        (HEAD + "a.jpg,100,80,cat,1,2,nan,4\n", "row 2: xmax: 'nan' is no number"),
        (HEAD + "b.jpg,100,80,,,,,\na.jpg,80,100,cat,1,2,3,4\n", "row 3: width and height: a.jpg has 100 × 80"),
        (HEAD + 'a.jpg,100,80,"cat,1,2,3,4\n', "row"),
        (b"\xff\xfe\x00", "isn't UTF-8"),
    ],
)
def test_what_cant_be_gone_on_with_is_refused_and_stays(tmp_path: Path, content: str | bytes, words: str) -> None:
    kept = labels(tmp_path)
    before = content if isinstance(content, bytes) else content.encode()
    kept.path.write_bytes(before)
    with pytest.raises(UsageError, match=words) as refused:
        kept.read()
    assert "./inv data." in str(refused.value)
    if "number" not in words and "width" not in words:
        with pytest.raises(UsageError, match=words):
            kept.put("a.jpg", [])
    assert kept.path.read_bytes() == before


def test_a_file_that_cant_be_written_stays_and_nothing_is_left_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = labels(tmp_path)
    kept.put("a.jpg", [])
    kept.path.chmod(0o640)

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        kept.put("b.jpg", [])
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["annotations.csv"]
    assert set(kept.read()) == {"a.jpg"}
    kept.put("b.jpg", [])
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o640


def test_what_another_program_writes_meanwhile_is_gone_on_with(tmp_path: Path) -> None:
    mine, theirs = labels(tmp_path), labels(tmp_path)
    mine.put("a.jpg", [Object("cat", BOX)])
    theirs.put("b.jpg", [])
    mine.put("sub/c.jpg", [])
    assert set(mine.read()) == {"a.jpg", "b.jpg", "sub/c.jpg"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of several kinds, one of them turned, one that browsers can't show, one that is none."""
    made = tmp_path_factory.mktemp("photos")
    picture = Image.new("RGB", (100, 80), "#68755f")
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(made / "turned.JPG", "JPEG", exif=exif)
    picture.save(made / "scan.tif")
    (made / "sub").mkdir()
    picture.save(made / "sub" / "ä b%20.png")
    (made / "broken.jpg").write_bytes(b"no picture")
    (made / "notes.txt").write_text("secret")
    (made / ".hidden.jpg").write_bytes(b"")
    return made


def begun(folder: Path, classes: tuple[str, ...] = ("cat",), **more: Any) -> session.Session:
    return session.begin(folder, more.pop("web_model", None), classes, Local(), **more)


def test_a_session_has_every_photo_upright_with_what_a_browser_can_show(folder: Path) -> None:
    photos = begun(folder).photos
    assert {name: photo.size for name, photo in photos.items() if photo.file} == {
        "turned.JPG": (80, 100),
        "scan.tif": (100, 80),
        "sub/ä b%20.png": (100, 80),
    }
    scan = photos["scan.tif"].file
    assert scan is not None
    with Image.open(scan) as copy:
        assert (copy.format, copy.size) == ("JPEG", (100, 80))
    assert "not a readable picture" in str(photos["broken.jpg"].problem)
    before = scan.stat().st_mtime_ns
    assert begun(folder).photos["scan.tif"].file == scan
    assert scan.stat().st_mtime_ns == before, "it was copied again"


@pytest.mark.parametrize(
    ("rows", "classes", "released", "expected", "has_model"),
    [
        ("", (), True, tuple("0123456789"), True),
        ("", ("cat", "dog"), False, ("cat", "dog"), False),
        ("turned.JPG,80,100,owl,1,2,3,4\n", (), True, ("owl",), False),
        ("turned.JPG,80,100,7,1,2,3,4\n", (), True, tuple("0123456789"), True),
        ("turned.JPG,80,100,owl,1,2,3,4\n", ("cat",), False, ("cat", "owl"), False),
        ("turned.JPG,80,100,,,,,\n", (), True, tuple("0123456789"), True),
    ],
)
def test_classes_are_those_asked_for_and_those_that_are_there(
    folder: Path, rows: str, classes: tuple[str, ...], released: bool, expected: tuple[str, ...], has_model: bool
) -> None:
    file = folder / "annotations.csv"
    file.write_text(HEAD + rows)
    try:
        model = RELEASED / "web_model" if released else None
        found = begun(folder, classes, web_model=model, released=released)
    finally:
        file.unlink()
    assert found.classes == expected
    assert (found.web_model is not None) is has_model


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(UsageError, match="no photos that can be shown"):
        begun(tmp_path)


@dataclass(frozen=True)
class Served:
    """A session that is served."""

    session: session.Session
    port: int

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Of a raw connection, which sends the very path and headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, given)
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return found

    def put(self, name: str, document: object, **changes: str) -> int:
        """As the page does it, but for ``changes``."""
        origin = f"http://127.0.0.1:{self.port}"
        headers = {"Origin": origin, "Content_Type": "application/json", "Sec_Fetch_Site": "same-origin", **changes}
        return self.ask("PUT", f"/labelling/labels/{name}", json.dumps(document), **headers)[0]


@pytest.fixture(scope="module")
def running(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    place = tmp_path_factory.mktemp("served")
    (place / "site").mkdir()
    (place / "site" / "index.html").write_text("the page")
    (place / "secret.txt").write_text("secret")
    own = begun(folder, ("cat", "dog"))
    with server.serving(own, place / "site") as address:
        yield Served(own, int(address.rsplit(":", 1)[1]))


@pytest.fixture
def served(running: Served) -> Iterator[Served]:
    """With no labels yet."""
    running.session.labels.path.unlink(missing_ok=True)
    yield running
    running.session.labels.path.unlink(missing_ok=True)


FOUND = {"objects": [{"class": "cat", "xmin": 1, "ymin": 2, "xmax": 30.5, "ymax": 40.25}]}


def test_every_answer_has_the_headers_that_the_page_is_deployed_with(served: Served) -> None:
    rules = {one["key"]: one["value"] for rule in sites.rules()["headers"][:1] for one in rule["headers"]}
    assert "connect-src 'self'" in rules["Content-Security-Policy"]
    for path in ("/", "/labelling/session.json", "/labelling/photos/scan.tif", "/nothing", "/sw.js"):
        headers = served.ask("GET", path)[1]
        for key, value in rules.items():
            expected = "no-store" if key == "Cache-Control" and "photos" in path else value
            assert headers[key] == expected, (path, key)


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "//etc/passwd",
        "/labelling/photos/notes.txt",
        "/labelling/photos/.hidden.jpg",
        "/labelling/photos/broken.jpg",
        "/labelling/photos/annotations.csv",
        "/labelling/photos/%2e%2e%2fsecret.txt",
        "/labelling/photos//etc/hostname",
        "/labelling/photos/",
        "/labelling/",
    ],
)
def test_nothing_but_the_site_and_the_folders_photos_is_served(served: Served, path: str) -> None:
    status, _, body = served.ask("GET", path)
    assert status == 404
    assert b"secret" not in body


@pytest.mark.parametrize("name", ["scan.tif", "turned.JPG", "sub%2F%C3%A4%20b%2520.png"])
def test_a_photo_is_served_as_a_picture(served: Served, name: str) -> None:
    status, headers, body = served.ask("GET", f"/labelling/photos/{name}")
    assert status == 200
    assert headers["Content-Type"].startswith("image/")
    assert len(body) > 100


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5010", "127.0.0.1.evil.example", "", "10.0.0.1:5010"])
def test_a_foreign_name_that_leads_here_gets_nothing(served: Served, host: str) -> None:
    for path in ("/", "/labelling/session.json", "/labelling/photos/scan.tif"):
        assert served.ask("GET", path, Host=host)[0] == 421
    assert served.put("turned.JPG", FOUND, Host=host, Origin=f"http://{host}") == 421
    assert not served.session.labels.path.exists()


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_pages_neither_see_nor_write(served: Served, site: str) -> None:
    assert served.ask("GET", "/labelling/session.json", Sec_Fetch_Site=site)[0] == 403
    assert served.ask("GET", "/labelling/photos/scan.tif", Sec_Fetch_Site=site)[0] == 403
    assert served.put("turned.JPG", FOUND, Sec_Fetch_Site=site) == 403
    # A link from elsewhere may open the page itself.
    assert served.ask("GET", "/", Sec_Fetch_Site=site)[0] == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_only_the_pages_own_program_writes(served: Served, changes: dict[str, str], status: int) -> None:
    assert served.put("turned.JPG", FOUND, **changes) == status
    assert not served.session.labels.path.exists()


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_other_methods_do_nothing(served: Served, method: str) -> None:
    assert served.ask(method, "/labelling/labels/turned.JPG", "{}")[0] == 501
    assert not served.session.labels.path.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"class": "owl"},
        {"class": ""},
        {"class": None},
        {"class": ["cat"]},
        {"xmin": -1},
        {"xmin": 31},
        {"xmax": 81},
        {"ymax": 1e300},
        {"ymax": float("nan")},
        {"ymax": float("inf")},
        {"ymax": 10**400},
        {"ymax": "40"},
        {"ymax": True},
        {"score": 1},
    ],
)
def test_what_cant_be_on_the_photo_is_refused(served: Served, change: dict[str, Any]) -> None:
    found = {"objects": [{**FOUND["objects"][0], **change}]}
    assert served.put("turned.JPG", found) == 409
    assert not served.session.labels.path.exists()


@pytest.mark.parametrize("document", [[], {}, None, "x", {"objects": 1}, {"objects": [1]}, {"objects": [], "more": 1}])
def test_what_isnt_labels_is_refused(served: Served, document: object) -> None:
    assert served.put("turned.JPG", document) == 409


def test_bodies_that_are_no_json_or_too_long_are_refused(served: Served) -> None:
    origin = f"http://127.0.0.1:{served.port}"
    headers = {"Origin": origin, "Content_Type": "application/json"}
    assert served.ask("PUT", "/labelling/labels/turned.JPG", "{", **headers)[0] == 400
    assert (
        served.ask(
            "PUT",
            "/labelling/labels/turned.JPG",
            "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
            **headers,
        )[0]
        == 400
    )
    assert served.ask("PUT", "/labelling/labels/turned.JPG", None, Content_Length="99999999", **headers)[0] == 413
    assert served.ask("PUT", "/labelling/labels/turned.JPG", None, Content_Length="x", **headers)[0] == 413


@pytest.mark.parametrize(("name", "status"), [("notes.txt", 404), ("..%2Fsecret.txt", 404), ("broken.jpg", 409)])
def test_labels_are_of_photos_alone(served: Served, name: str, status: int) -> None:
    assert served.put(name, {"objects": []}) == status


def test_labels_are_kept_at_once_and_told_again(served: Served) -> None:
    assert served.put("turned.JPG", FOUND) == 200
    assert served.put("sub%2F%C3%A4%20b%2520.png", {"objects": []}) == 200
    assert served.session.labels.path.read_text() == (
        HEAD + "turned.JPG,80,100,cat,1,2,30.5,40.25\nsub/ä b%20.png,100,80,,,,,\n"
    )
    told = json.loads(served.ask("GET", "/labelling/session.json")[2])
    objects = {photo["name"]: photo.get("objects") for photo in told["photos"]}
    assert objects == {"turned.JPG": FOUND["objects"], "sub/ä b%20.png": [], "scan.tif": None, "broken.jpg": None}
    assert served.session.progress() == (2, 3)


def test_many_at_once_lose_nothing(served: Served) -> None:
    names = ("turned.JPG", "scan.tif", "sub%2F%C3%A4%20b%2520.png")
    threads = [threading.Thread(target=served.put, args=(name, FOUND)) for name in names * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert served.session.progress() == (3, 3)


def test_a_file_that_somebody_spoilt_meanwhile_is_said_and_stays(served: Served) -> None:
    served.session.labels.path.write_text("my notes\n")
    assert served.put("turned.JPG", FOUND) == 409
    status, _, body = served.ask("GET", "/labelling/session.json")
    assert status == 409
    assert b"has the columns" in body
    assert served.session.labels.path.read_text() == "my notes\n"


def test_a_port_that_is_taken_is_named(served: Served, tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match=f"port {served.port} can't be listened on"),
        server.serving(served.session, tmp_path, served.port),
    ):
        pass
