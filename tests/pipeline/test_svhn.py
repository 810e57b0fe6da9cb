"""The whole path on real photos."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT, TINY, Place

SVHN = ROOT.parent / "shared" / "data" / "svhn"
PHOTOS = 300


@pytest.mark.skipif(not SVHN.is_dir(), reason=f"no SVHN photos in {SVHN}")
def test_real_photos_go_the_whole_way(small_place: Place, tmp_path: Path) -> None:
    lines = (SVHN / "annotations.csv").read_text("utf-8").splitlines()
    names = set(list(dict.fromkeys(line.split(",")[0] for line in lines[1:]))[:PHOTOS])
    labels = small_place.folder / "svhn.csv"
    kept = [line for line in lines[1:] if line.split(",")[0] in names]
    labels.write_text("\n".join([lines[0], *kept, ""]), "utf-8")
    place = Place(tmp_path)
    done = place.inv(
        *("pipeline", "--no-serve", "--config", str(TINY)),
        *("--images", str(SVHN / "images"), "--annotations", str(labels)),
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((place.run("svhn") / "report.json").read_text("utf-8"))
    assert report["data"]["photos"] == PHOTOS
    assert report["data"]["objects"] == len(kept)
    assert report["gate"]["passed"]
    assert report["smoke"]["passed"]
