"""The server of the playground: the page, the package as an archive, and the runtime."""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from urllib.parse import urlsplit

from mlp.playground.runtime import PAGE, read_pins

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "wasm": "application/wasm",
    "zip": "application/zip",
    "whl": "application/zip",
}
_POLICY = (
    "default-src 'none'; script-src 'self'{scripts}; worker-src 'self'; "
    "connect-src 'self'{addresses}; style-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_NOT_FOR_THE_PAGE = ("__pycache__", "page")


@cache
def pack_package() -> bytes:
    """Return the installed package, unmodified, as a zip archive; equal files give equal bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(_walk(files("mlp"), "mlp")):
            archive.writestr(zipfile.ZipInfo(name), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _walk(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found = []
    for entry in folder.iterdir():
        if entry.name in _NOT_FOR_THE_PAGE:
            continue
        name = f"{path}/{entry.name}"
        found += _walk(entry, name) if entry.is_dir() else [(name, entry)]
    return found


def page_files() -> dict[str, bytes]:
    """Return the content of each file of the page, by its name; a static server needs no more."""
    found = {file.name: file.read_bytes() for file in PAGE.iterdir() if file.is_file()}
    return found | {"mlp.zip": pack_package()}


class PlaygroundServer(ThreadingHTTPServer):
    """Serves the playground on 127.0.0.1.

    Parameters
    ----------
    port : int
        0 for any that is free.
    runtime : Path or None
        The folder of the runtime; None leaves the page to load it from where it is published.
    """

    daemon_threads = True

    def __init__(self, port: int = 0, runtime: Path | None = None) -> None:
        self.runtime = runtime
        self.files = page_files()
        if runtime is not None:
            local = json.dumps(read_pins() | {"base": "runtime/"})
            self.files["runtime.json"] = local.encode()
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def policy(self, name: str) -> str:
        """Return the content security policy of a file; the worker alone may load the runtime."""
        if name != "worker.js":
            return _POLICY.format(scripts="", addresses="")
        base = "" if self.runtime is not None else f" {read_pins()['base']}"
        return _POLICY.format(scripts=" blob: 'wasm-unsafe-eval'", addresses=f" blob:{base}")

    def read(self, name: str) -> bytes | None:
        """Return the content of a file, None if there is none of that name."""
        if name in self.files:
            return self.files[name]
        folder, _, name = name.partition("/")
        if self.runtime is None or folder != "runtime" or name not in read_pins()["sha256"]:
            return None
        return (self.runtime / name).read_bytes()


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD."""

    server: PlaygroundServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send a file."""
        name = urlsplit(self.path).path.removeprefix("/") or "index.html"
        content = self.server.read(name)
        self.send_response(404 if content is None else 200)
        content = b"not found" if content is None else content
        self.send_header("Content-Type", _TYPES.get(name.rpartition(".")[2], "text/plain"))
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", self.server.policy(name))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def do_HEAD(self) -> None:
        """Send the headers of a file."""
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""
