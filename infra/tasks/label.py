"""Labels for photos that have none."""

from __future__ import annotations

from invoke import Context, task

from infra.errors import UsageError
from infra.tasks import words


@task(
    help={
        "folder": "the photos; labels are kept in its annotations.csv",
        "model": "what proposes: a run's folder or a web model (default: without --classes, models/digits)",
        "classes": "what to label, with commas between (default: the classes of the model and of annotations.csv)",
        "port": "where to listen on 127.0.0.1 (default: 5010, or a free one)",
        "on": words.ON,
    }
)
def label(
    _: Context,
    folder: str,
    model: str | None = None,
    classes: str | None = None,
    port: str | None = None,
    on: str | None = None,
) -> None:
    """Label a folder's photos in the browser: the model proposes, you correct; nothing leaves this machine."""
    import tempfile
    import time
    from pathlib import Path

    from infra.execution import runners
    from infra.labelling import page, server
    from infra.labelling import session as sessions
    from infra.models import kinds
    from infra.progress import say
    from infra.settings import RELEASED

    chosen = words.number(port, "port", 1, words.PORTS) if port else None
    names = words.names(classes, "classes") if classes else ()
    proposes = None
    if model:
        found = kinds.find(words.folder(model, "model"))
        if found.kind != "web_model":
            raise UsageError(f"--model: {found.folder} can't run in a browser; ./inv convert makes a web model of it")
        proposes = found.folder
    elif not names:
        proposes = RELEASED / "web_model"
    place = words.folder(folder, "folder")
    session = sessions.begin(place, proposes, names, runners.choose(on, None), released=not model)
    with tempfile.TemporaryDirectory(prefix="digitlens-label-") as scratch:
        site = Path(scratch) / "site"
        page.lay_out(session, site)
        with server.serving(session, site, chosen) as address:
            print(address, flush=True)
            words.show(address)
            try:
                # Within: who reads it may be as quick as a program.
                say("Ctrl-C ends it; what is labelled by then is kept")
                while True:
                    time.sleep(3600)
            except KeyboardInterrupt:
                done, of = session.progress()
                say(f"{done} of {of} photos are labelled: {session.labels.path}\n  {session.command}")
