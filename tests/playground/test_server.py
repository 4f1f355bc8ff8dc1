"""The server of the playground, and the runtime that it finds or downloads."""

import hashlib
import http.client
import io
import json
import re
import threading
import zipfile
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import mlp
from mlp.playground import runtime
from mlp.playground.runtime import PAGE, check_runtime, default_folder, download_runtime, read_pins
from mlp.playground.server import PlaygroundServer, pack_package

CONTENT = {"pyodide.mjs": b"one", "pyodide.asm.wasm": b"two"}


@contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def get(server, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return found


@pytest.fixture
def pinned(monkeypatch):
    """Pins of two small files."""
    pins = read_pins()
    pins["sha256"] = {name: hashlib.sha256(data).hexdigest() for name, data in CONTENT.items()}
    monkeypatch.setattr(runtime, "read_pins", lambda: pins)
    monkeypatch.setattr("mlp.playground.server.read_pins", lambda: pins)


@pytest.fixture
def folder(tmp_path):
    for name, content in CONTENT.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_the_page_comes_with_types_and_a_policy_that_allows_no_other_host(pinned, folder):
    with serving(PlaygroundServer(0, folder)) as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.server_address[0] == "127.0.0.1"  # nobody else can reach it
        for path, kind in (
            ("/", "text/html; charset=utf-8"),
            ("/main.js", "text/javascript; charset=utf-8"),
            ("/worker.js?x=1", "text/javascript; charset=utf-8"),
            ("/style.css", "text/css; charset=utf-8"),
            ("/runtime/pyodide.asm.wasm", "application/wasm"),
        ):
            status, headers, content = get(server, path)
            assert (status, headers["Content-Type"]) == (200, kind)
            assert len(content) == int(headers["Content-Length"])
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "http" not in policy
            assert "unsafe-inline" not in policy
            assert ("wasm-unsafe-eval" in policy) == ("worker" in path)
            assert headers["X-Content-Type-Options"] == "nosniff"
        assert json.loads(get(server, "/runtime.json")[2])["base"] == "runtime/"
        status, headers, content = get(server, "/", "HEAD")
        assert (status, content) == (200, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/../server.py",
        "/runtime/../pins",
        "/runtime/other.whl",
        "/%2e%2e/",
        "//etc/passwd",
    ],
)
def test_nothing_else_is_served(pinned, folder, path):
    (folder / "other.whl").write_bytes(b"secret")
    with serving(PlaygroundServer(0, folder)) as server:
        status, _, content = get(server, path)
        assert (status, content) == (404, b"not found")
        assert get(server, "/", "POST")[0] == 501


def test_without_a_runtime_the_page_may_load_the_published_one_and_nothing_more():
    with serving(PlaygroundServer(0)) as server:
        pins = json.loads(get(server, "/runtime.json")[2])
        assert pins == read_pins()
        assert pins["base"] == "https://cdn.jsdelivr.net/pyodide/v0.27.7/full/"
        assert pins["base"] in get(server, "/worker.js")[1]["Content-Security-Policy"]
        assert "https" not in get(server, "/")[1]["Content-Security-Policy"]
        assert get(server, "/runtime/pyodide.mjs")[0] == 404


def test_the_archive_holds_the_package_unmodified_and_is_the_same_each_time():
    package = Path(mlp.__file__).parent
    with zipfile.ZipFile(io.BytesIO(pack_package())) as archive:
        names = archive.namelist()
        for name in names:
            assert archive.read(name) == (package.parent / name).read_bytes()
    sources = {path.relative_to(package.parent).as_posix() for path in package.rglob("*.py")}
    assert sources | {"mlp/datasets/digits.npz", "mlp/py.typed"} <= set(names)
    assert not any("__pycache__" in name or "/page/" in name for name in names)
    assert pack_package.__wrapped__() == pack_package()


def test_every_name_in_the_page_is_there():
    page = PlaygroundServer(0)
    page.server_close()
    known = page.files.keys() | read_pins()["sha256"].keys()
    for name, content in page.files.items():
        if name.endswith((".js", ".html")):
            for part in content.decode().split('"')[1::2]:
                if part.endswith((".js", ".css", ".json")):
                    assert part.removeprefix("./") in known, part


AS_HTML = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser"
    r"|setHTML|srcdoc|\beval\b|new Function"
)


def test_the_page_never_reads_text_as_html_or_as_a_program():
    """Also where no browser is installed: a link or a file may hold any text."""
    sources = {file.name: file.read_text("utf-8") for file in PAGE.glob("*.js")}
    assert {"dom.js", "main.js", "share.js"} <= sources.keys()
    found = {name: AS_HTML.findall(source) for name, source in sources.items()}
    assert not any(found.values()), found


def test_the_pins_of_the_wheels_agree_with_the_lock():
    pins = read_pins()
    assert pins["version"] == pins["lock"]["info"]["version"] == "0.27.7"
    for package in pins["lock"]["packages"].values():
        assert pins["sha256"][package["file_name"]] == package["sha256"]


def test_a_runtime_with_a_changed_or_missing_file_is_rejected(pinned, folder):
    check_runtime(folder)
    (folder / "pyodide.mjs").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"pyodide\.mjs: received SHA-256 .* expected"):
        check_runtime(folder)
    (folder / "pyodide.mjs").unlink()
    with pytest.raises(FileNotFoundError):
        check_runtime(folder)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def test_a_download_is_checked_and_what_is_there_is_kept(pinned, folder, tmp_path_factory):
    target = tmp_path_factory.mktemp("cache") / "new"
    files = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    base = f"http://127.0.0.1:{files.server_address[1]}/"
    with serving(files):
        download_runtime(target, base)
        assert {p.name: p.read_bytes() for p in target.iterdir()} == CONTENT
        (target / "pyodide.mjs").unlink()
        (folder / "pyodide.asm.wasm").unlink()  # not asked for again
        (folder / "pyodide.mjs").write_bytes(b"hostile")
        with pytest.raises(ValueError, match=r"pyodide\.mjs: received SHA-256"):
            download_runtime(target, base)
        assert not (target / "pyodide.mjs").exists()
        (folder / "pyodide.mjs").unlink()
        with pytest.raises(OSError, match="cannot be downloaded"):
            download_runtime(target, base)


@pytest.mark.parametrize(
    ("platform", "variable", "end"),
    [
        ("linux", "XDG_CACHE_HOME", "mlp/pyodide-0.27.7"),
        ("win32", "LOCALAPPDATA", "mlp/pyodide-0.27.7"),
        ("darwin", None, "Library/Caches/mlp/pyodide-0.27.7"),
    ],
)
def test_the_cache_is_where_the_system_keeps_caches(monkeypatch, tmp_path, platform, variable, end):
    monkeypatch.setattr("sys.platform", platform)
    if variable is not None:
        monkeypatch.setenv(variable, str(tmp_path))
    assert default_folder().as_posix().endswith(end)
    if variable is not None:
        assert default_folder().is_relative_to(tmp_path)
