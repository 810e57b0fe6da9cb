"""A download ends whole or says why, whatever the server does."""

from __future__ import annotations

import hashlib
import io
import random
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from infra.datasets import fetching, svhn
from infra.errors import DigitlensError, MissingPartError, RefusedError, ServiceError, UsageError
from infra.fingerprints import of_file
from infra.tasks import words
from tests.infra.archive_server import Behaviour, serving

CONTENT = random.Random(1).randbytes(3_000_000)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "FIRST_PAUSE", 0.0)


def fetch(behaviour: Behaviour, file: Path, size: int | None = None) -> None:
    with serving(behaviour) as address:
        fetching.fetch(f"{address}/file", file, len(CONTENT) if size is None else size)


def test_a_file_comes_whole_and_leaves_nothing_else(tmp_path: Path) -> None:
    fetch(Behaviour(CONTENT), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_dropped_connections_go_on_where_they_were(tmp_path: Path) -> None:
    behaviour = Behaviour(CONTENT, drops=[1_000_000, 700_000, 1, 900_000])
    fetch(behaviour, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    starts = [asked.get("Range") for asked in behaviour.asked]
    assert starts == [None, *(f"bytes={start}-" for start in (1_000_000, 1_700_000, 1_700_001, 2_600_001))]
    assert {asked["If-Range"] for asked in behaviour.asked[1:]} == {'"one"'}


def test_an_interrupted_call_is_gone_on_with_by_the_next(tmp_path: Path) -> None:
    behaviour = Behaviour(CONTENT, drops=[1_000_000] + [0] * fetching.ATTEMPTS)
    with serving(behaviour) as address:
        with pytest.raises(ServiceError, match="what came is kept"):
            fetching.fetch(f"{address}/file", tmp_path / "file", len(CONTENT))
        assert not (tmp_path / "file").exists()
        fetching.fetch(f"{address}/file", tmp_path / "file", len(CONTENT))
    assert behaviour.asked[-1]["Range"] == "bytes=1000000-"
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_server_without_ranges_begins_anew(tmp_path: Path) -> None:
    behaviour = Behaviour(CONTENT, drops=[1_000_000, 2_000_000], ranges=False)
    fetch(behaviour, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert len(behaviour.asked) == 3


def test_a_server_without_validators_begins_anew(tmp_path: Path) -> None:
    behaviour = Behaviour(CONTENT, etag="", drops=[1_000_000])
    fetch(behaviour, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert "Range" not in behaviour.asked[1]


def test_a_file_that_changed_meanwhile_is_not_mixed_with_its_former_bytes(tmp_path: Path) -> None:
    behaviour = Behaviour(bytes(len(CONTENT)), drops=[1_000_000] + [0] * fetching.ATTEMPTS)
    with serving(behaviour) as address:
        with pytest.raises(ServiceError):
            fetching.fetch(f"{address}/file", tmp_path / "file", len(CONTENT))
        behaviour.content, behaviour.etag = CONTENT, '"two"'
        fetching.fetch(f"{address}/file", tmp_path / "file", len(CONTENT))
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_busy_answers_are_tried_again(tmp_path: Path) -> None:
    fetch(Behaviour(CONTENT, status=[503, 429]), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("behaviour", "error", "message"),
    [
        (Behaviour(CONTENT[:-1]), RefusedError, "has 2999999 bytes; expected were 3000000"),
        (Behaviour(CONTENT + b"x"), RefusedError, "has 3000001 bytes"),
        (Behaviour(CONTENT, drops=[5], wrong_start=True), RefusedError, "begins at byte 1;"),
        (Behaviour(CONTENT, status=[404]), ServiceError, "answers 404 Not Found"),
        (Behaviour(CONTENT, status=[503] * fetching.ATTEMPTS), ServiceError, "again and again"),
    ],
)
def test_what_cannot_be_had_is_said_and_no_file_appears(
    tmp_path: Path, behaviour: Behaviour, error: type[DigitlensError], message: str
) -> None:
    with pytest.raises(error, match=message):
        fetch(behaviour, tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_a_machine_without_network_is_told_what_to_do(tmp_path: Path) -> None:
    with serving(Behaviour(CONTENT)) as address:
        pass
    with pytest.raises(MissingPartError, match=rf"seems to be offline.*{tmp_path / 'file'}"):
        fetching.fetch(f"{address}/file", tmp_path / "file", len(CONTENT))


def test_a_network_that_went_away_is_told_from_a_server_that_fails(tmp_path: Path) -> None:
    behaviour = Behaviour(CONTENT, drops=[1_000_000] + [0] * fetching.ATTEMPTS)
    with serving(behaviour) as address, pytest.raises(ServiceError, match="interrupted again and again"):
        fetching.fetch(f"{address}/file", tmp_path / "file", len(CONTENT))
    with pytest.raises(MissingPartError, match=r"can't be reached any more.*; what came is kept"):
        fetching.fetch(f"{address}/file", tmp_path / "file", len(CONTENT))
    assert (tmp_path / ".file.partial").stat().st_size == 1_000_000


# SVHN's archives.


def archive(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return file.getvalue()


GOOD = archive(("train/1.png", CONTENT[:9000]), ("train/digitStruct.mat", b"labels"))


def fetch_train(content: bytes, folder: Path, size: int | None = None, **hashes: str) -> None:
    parts = {"train": svhn.Part(len(content) if size is None else size, 1)}
    with serving(Behaviour(content)) as address:
        svhn.fetch(["train"], folder, hashes, address, parts)


def test_an_archive_is_unpacked_and_its_hash_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fetch_train(GOOD, tmp_path)
    assert (tmp_path / "train" / "1.png").read_bytes() == CONTENT[:9000]
    recorded = (tmp_path / "train.tar.gz.sha256").read_text()
    assert recorded == f"{of_file(tmp_path / 'train.tar.gz')}  train.tar.gz\n"
    said = capsys.readouterr().err
    assert "train 0 MB (1 photos)" in said
    assert "there is none to compare with" in said
    svhn.fetch(["train"], tmp_path, {}, "http://nowhere.invalid", {"train": svhn.Part(1, 1)})
    assert "current" in capsys.readouterr().err


def test_other_bytes_than_the_trusted_or_the_first_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="expected was 0000"):
        fetch_train(GOOD, tmp_path, train="0" * 64)
    assert not (tmp_path / "train").exists()
    assert not (tmp_path / "train.tar.gz").exists()
    fetch_train(GOOD, tmp_path)
    other = archive(("train/1.png", CONTENT[9000:18000]), ("train/digitStruct.mat", b"labels"))
    (tmp_path / "train.tar.gz").unlink()
    (tmp_path / "train").rename(tmp_path / "kept")
    with pytest.raises(RefusedError, match=r"or remove .*train\.tar\.gz\.sha256 if you trust the new one"):
        fetch_train(other, tmp_path)
    assert not (tmp_path / "train").exists()


def test_an_archive_of_another_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.tar.gz").write_bytes(GOOD[:-5])
    with pytest.raises(RefusedError, match=f"has {len(GOOD) - 5} bytes instead of {len(GOOD)}"):
        fetch_train(GOOD, tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (archive(("../evil", b"x"), ("train/digitStruct.mat", b"labels")), "can't be unpacked.*outside"),
        (archive(("/tmp/../../evil", b"x"), ("train/digitStruct.mat", b"labels")), "can't be unpacked"),
        (archive(("train/1.png", b"x")), "holds no train/digitStruct.mat"),
        (GOOD[:-2000], "can't be unpacked"),
        (GOOD[:5000] + bytes([GOOD[5000] ^ 1]) + GOOD[5001:], "can't be unpacked"),
        (GOOD[:-6] + bytes([GOOD[-6] ^ 1]) + GOOD[-5:], "can't be unpacked: CRC check failed"),
        (b"<html>Sign in to the network</html>", "can't be unpacked"),
    ],
)
def test_an_archive_that_is_cut_off_or_evil_unpacks_nothing(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        fetch_train(content, tmp_path / "in")
    assert not (tmp_path / "evil").exists()
    # No hash is kept of what is wrong: the right archive will have another.
    assert {path.name for path in (tmp_path / "in").iterdir()} == {"train.tar.gz.rejected"}
    fetch_train(GOOD, tmp_path / "in")


def test_a_known_hash_is_compared_without_being_asked(tmp_path: Path) -> None:
    part = svhn.Part(len(GOOD), 1, "0" * 64)
    with serving(Behaviour(GOOD)) as address, pytest.raises(RefusedError, match="expected was 0000"):
        svhn.fetch(["train"], tmp_path, {}, address, {"train": part})
    with serving(Behaviour(GOOD)) as address:
        svhn.fetch(["train"], tmp_path, {}, address, {"train": replace(part, sha256=hashlib.sha256(GOOD).hexdigest())})


def test_a_full_disk_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(MissingPartError, match="choose another disk"):
        fetch_train(GOOD, tmp_path, size=10**18)


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no part extras"):
        svhn.fetch(["extras"], tmp_path, {})


def test_hashes_are_read_from_their_flag() -> None:
    assert words.hashes(f"train={'a' * 64},test={'b' * 64}") == {"train": "a" * 64, "test": "b" * 64}
    with pytest.raises(UsageError, match="64 hexadecimal"):
        words.hashes("train=abc")
