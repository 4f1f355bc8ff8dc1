"""The playground from an installed wheel, and with `make playground` from a fresh clone."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "mlp/playground/page"


@contextmanager
def serving(command, **options):
    """Run a command that serves the playground, and yield its address."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True, **options
    ) as process:
        try:
            lines = iter(process.stdout.readline, "")
            yield next(line.split()[0] for line in lines if line.startswith("http://"))
        finally:
            os.killpg(process.pid, signal.SIGINT)


def assert_serves_the_page(url):
    for path in PAGE.iterdir():
        with urlopen(url + path.name, timeout=10) as answer:
            assert answer.read() == path.read_bytes()
    with urlopen(url + "mlp.zip", timeout=10) as answer:
        assert answer.read(2) == b"PK"


@pytest.mark.long
def test_the_playground_is_served_from_an_installed_wheel(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    shutil.copytree(ROOT / "mlp", source / "mlp")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", target]
    subprocess.run([*pip, source], check=True, timeout=300)
    shutil.rmtree(source)
    environment = os.environ | {"PYTHONPATH": str(target), "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "mlp", "playground", "--no-browser"]
    with serving(command, cwd=tmp_path, env=environment) as url:
        assert_serves_the_page(url)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("make") is None, reason="make is missing")
def test_make_serves_the_playground_from_a_fresh_clone(tmp_path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True, timeout=100)
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    command = ["make", "playground", "PLAYGROUND=--no-browser", f"PYTHON={sys.executable}"]
    with serving(command, cwd=clone, env=environment) as url:
        assert_serves_the_page(url)
