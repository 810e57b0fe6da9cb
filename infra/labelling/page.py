"""The page that a folder is labelled on: the visitors' viewer and corrector, on a desk of their own."""

from __future__ import annotations

import json
from pathlib import Path

from infra.browser import frontend
from infra.labelling.session import Session
from infra.page import identity
from infra.page import site as sites


def lay_out(session: Session, place: Path) -> None:
    """Build the page of ``session`` into the folder ``place``."""
    with frontend.alone():
        # Without a model the worker isn't asked for anything; the app is built on any.
        frontend.build_recognizer(session.web_model)
        app = frontend.build_desk()
        reading = "none"
        if session.web_model:
            manifest = json.loads((session.web_model / "manifest.json").read_text("utf-8"))
            reading = manifest["reading"]
        model = {"name": session.folder.name, "classes": list(session.classes), "reading": reading}
        who = identity.of(model, app, session.folder.name)
        sites.lay_out(place, app, who, reading, [], session.web_model)
