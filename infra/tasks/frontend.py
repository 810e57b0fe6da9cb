"""The page: build, browser test, local server."""

from __future__ import annotations

import time

from invoke import Context, task

from infra.errors import UsageError
from infra.tasks import words


@task(
    help={
        "run": "whose web model to put into it (default: released, the released model)",
        "samples": "a folder of up to 12 photos of yours that visitors may try the page with; they become public",
    }
)
def build(_: Context, run: str | None = None, samples: str | None = None) -> None:
    """Build the page with the released model, or with a run's."""
    from pathlib import Path

    from infra.browser import frontend
    from infra.page import site
    from infra.runs import catalogue
    from infra.settings import RELEASED, settings

    web_model = RELEASED / "web_model"
    if run and run != catalogue.RELEASED:
        web_model = catalogue.find(run).web_model
        if not web_model.is_dir():
            raise UsageError(f"the run {run} has no web model: ./inv convert --run {run} makes one")
    chosen = Path(samples) if samples else None
    with frontend.alone():
        frontend.build_recognizer(web_model)
        frontend.build_app()
        site.assemble(web_model, settings().paths.site, run or catalogue.RELEASED, chosen)
    print(settings().paths.site)


@task(
    help={
        "run": f"{words.BUILT}; released: the released model's, made as needed",
        "site": "an address to test instead of the built site on the emulator",
        "on": words.ON,
    }
)
def smoke(_: Context, run: str | None = None, site: str | None = None, on: str | None = None) -> None:
    """Have the built page read validation photos in Chromium and compare its answers."""
    from infra.execution import runners
    from infra.models import showcase
    from infra.page import site as sites
    from infra.page import smoke as test
    from infra.runs import catalogue
    from infra.settings import settings

    chosen = catalogue.find(run or sites.origin(settings().paths.site).run)
    if chosen.name == catalogue.RELEASED:
        images = chosen.photos / "images"
        # What is at an address was built and tested before: it is compared with the very same.
        if not site or "://" not in site:
            showcase.bring_up_to_date(chosen, runners.choose(on, None, ("train", "convert")))
    else:
        images = chosen.request().images
    test.perform(chosen, images, site or str(settings().paths.site))
    print((chosen.smoke_deployed if site and "://" in site else chosen.smoke) / "smoke.json")


@task(help={"port": "where to listen on 127.0.0.1 (default: see digitlens.toml)"})
def serve(_: Context, port: str | None = None) -> None:
    """Serve the built page on the Hosting emulator until Ctrl-C, with its real headers."""
    serve_site(port)


def serve_site(port: str | None) -> None:
    """Serve the built site until Ctrl-C."""
    from infra.hosting import emulator
    from infra.progress import say
    from infra.settings import settings

    chosen = words.number(port, "port", 1, words.PORTS) if port else settings().serve.port
    with emulator.serving(settings().paths.site, chosen) as address:
        print(address, flush=True)
        try:
            say("Ctrl-C ends it")
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return
