"""The package as npm packs it, in projects of others: built for production from the README's first lines."""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from infra.browser import frontend
from infra.execution import environments
from infra.settings import ROOT
from tests.browser.conftest import ANSWER_MILLISECONDS

PACKAGE = ROOT / "frontend" / "recognizer"
MODEL = ROOT / "models" / "digits" / "web_model"
HTML = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>…</title>'
WORKER_LINE = re.compile(r"^ *workerUrl:.*\n", re.MULTILINE)
ANGULAR = {
    "version": 1,
    "projects": {
        "app": {
            "projectType": "application",
            "root": "",
            "sourceRoot": "src",
            "architect": {
                "build": {
                    "builder": "@angular/build:application",
                    "options": {
                        "browser": "src/main.ts",
                        "index": "src/index.html",
                        "tsConfig": "tsconfig.json",
                        "assets": [{"glob": "**/*", "input": "public"}],
                        "outputPath": {"base": "dist", "browser": ""},
                    },
                }
            },
        }
    },
    "cli": {"analytics": False},
}
TYPESCRIPT = {
    "compilerOptions": {
        "strict": True,
        "target": "ES2022",
        "module": "ES2022",
        "moduleResolution": "bundler",
        "lib": ["ES2022", "DOM"],
        "types": [],
    },
    "files": ["src/main.ts"],
}


def first_lines() -> str:
    """The README's first TypeScript, with a photo to read and a place for the answer."""
    blocks = re.findall(r"^```ts\n(.*?)^```", (PACKAGE / "README.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    lines = blocks[0].replace("recognize(file)", "recognize(await (await fetch('photo.png')).blob())")
    return f"{lines}\ndocument.title = numbers.map(({{ text }}) => text).join(' ');\n"


@pytest.fixture(scope="module")
def packed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty project in which the package is installed, beside the bundlers."""
    environments.ensure("frontend")
    environments.ensure("bundlers")
    project = tmp_path_factory.mktemp("project")
    modules = project / "node_modules"
    modules.mkdir()
    for source in (ROOT / "frontend/node_modules", ROOT / "tests/browser/recognizer/bundlers/node_modules"):
        for entry in source.iterdir():
            if not (modules / entry.name).exists() and entry.name != "@digitlens":
                (modules / entry.name).symlink_to(entry)
    words = ["npm", "pack", "--json", "--pack-destination", str(project)]
    (report,) = json.loads(subprocess.run(words, cwd=PACKAGE, check=True, capture_output=True).stdout)
    with tarfile.open(project / report["filename"]) as archive:
        archive.extractall(project / "unpacked", filter="data")
    (modules / "@digitlens").mkdir()
    shutil.move(project / "unpacked" / "package", modules / "@digitlens" / "recognizer")
    public = project / "public"
    shutil.copytree(MODEL, public / "model")
    shutil.copyfile(photos / "plate.png", public / "photo.png")
    # The README's command.
    node("node_modules/@digitlens/recognizer/bin/files.mjs", "public/recognizer", cwd=project)
    assert frontend.RECOGNIZER.exists()
    return project


def node(*words: str, cwd: Path) -> None:
    """Run a program of Node, and show what it said if it fails."""
    done = subprocess.run(["node", *words], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def build(bundler: str, project: Path) -> None:
    """Build src/main.ts or src/main.js into dist, for production."""
    match bundler:
        case "vite":
            node("node_modules/vite/bin/vite.js", "build", "--logLevel", "warn", cwd=project)
        case "webpack":
            script = """
              import webpack from 'webpack';
              const options = { mode: 'production', entry: './src/main.js', output: { filename: 'main.js' } };
              webpack(options, (error, stats) => {
                if (error || stats.hasErrors()) { console.error(error ?? stats.toString()); process.exitCode = 1; }
              });
            """
            (project / "webpack.mjs").write_text(script)
            node("webpack.mjs", cwd=project)
        case "esbuild":
            words = ("--bundle", "--format=esm", "--minify", "--outdir=dist")
            # Its own binary, not a script of Node.
            subprocess.run(["node_modules/.bin/esbuild", "src/main.js", *words], cwd=project, check=True)
        case "angular":
            node("node_modules/@angular/cli/bin/ng.js", "build", cwd=project)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of ``folder``, served without any headers of its own."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing: the page is looked at."""

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("bundler", "copied"),
    [("vite", False), ("vite", True), ("webpack", False), ("webpack", True), ("esbuild", True), ("angular", True)],
)
def test_it_reads_as_others_build_it(bundler: str, copied: bool, packed: Path, page: Page) -> None:
    source = first_lines()
    if not copied:
        source, count = WORKER_LINE.subn("", source)
        assert count == 1
    shutil.rmtree(packed / "dist", ignore_errors=True)
    shutil.rmtree(packed / "src", ignore_errors=True)
    (packed / "src").mkdir()
    name = "main.ts" if bundler == "angular" else "main.js"
    (packed / "src" / name).write_text(source, "utf-8")
    (packed / "package.json").write_text('{"type": "module", "private": true}')
    (packed / "angular.json").write_text(json.dumps(ANGULAR))
    (packed / "tsconfig.json").write_text(json.dumps(TYPESCRIPT))
    (packed / "src" / "index.html").write_text(f"{HTML}<body></body>")
    script = "/src/main.js" if bundler == "vite" else "main.js"
    (packed / "index.html").write_text(f'{HTML}<script type="module" src="{script}"></script>')
    build(bundler, packed)
    dist = packed / "dist"
    if bundler in ("webpack", "esbuild"):
        # These two copy nothing of their own.
        shutil.copytree(packed / "public", dist, dirs_exist_ok=True)
        shutil.copyfile(packed / "index.html", dist / "index.html")
    with served(dist) as address:
        page.goto(address)
        expect(page).to_have_title("123", timeout=ANSWER_MILLISECONDS)


def test_a_worker_that_was_not_copied_is_named_with_the_command(packed: Path, page: Page) -> None:
    """As with bundlers that take the script alone, and leave the files beside it behind."""
    dist = packed / "bare"
    shutil.copytree(packed / "public" / "model", dist / "model", dirs_exist_ok=True)
    shutil.copyfile(PACKAGE / "dist" / "index.js", dist / "index.js")
    (dist / "index.html").write_text(HTML)
    with served(dist) as address:
        page.goto(address)
        message = page.evaluate(
            """
            async () => {
              const { createRecognizer } = await import('/index.js');
              const wanted = createRecognizer({ modelUrl: 'model/manifest.json' });
              return wanted.catch((error) => `${error.name} ${error.message}`);
            }
            """
        )
    assert message.startswith(f"DownloadError The worker's script {address}/bundled/worker-")
    assert "npx recognizer-files" in message
