"""Measure the playground in headless Chromium: loading, the first step, frames and memory.

    python benchmarks/playground.py

It needs Chromium, its driver, and the packages of the group `test`.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from mlp.machine import read_cpu
from tests.playground.browser import Page, find_runtime, start_server

SECONDS = 10.0
COUNT_FRAMES = """
window.frames = 0;
window.counter?.disconnect();
window.counter = new MutationObserver(() => { window.frames += 1; });
window.counter.observe(document.getElementById("loss"), { attributes: true });
"""
NETWORKS = {
    "2-8-1": {"hidden": [[8, "tanh"]]},
    "2-8-8-1": {"hidden": [[8, "tanh"], [8, "tanh"]]},
    "64-32-10": {
        "data": "digits",
        "output": "softmax",
        "loss": "cross_entropy",
        "hidden": [[32, "relu"]],
        "batch_size": 32,
    },
}


def main() -> None:
    """Print a table."""
    server = start_server(find_runtime())
    print(f"{read_cpu().model}, {read_cpu().cores} cores, load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        page = Page(Path(folder))
        began = time.perf_counter()
        page.open(server.url)
        print(f"from the address to a page that answers: {time.perf_counter() - began:.1f} s")
        began = time.perf_counter()
        page.click("one-batch")
        page.wait(lambda: page.text("epoch").startswith("0 + 1"))
        print(f"from a click to the first trained step: {time.perf_counter() - began:.3f} s")
        for name, settings in NETWORKS.items():
            page.go(settings)
            page.run(COUNT_FRAMES)
            driver = page.driver.service.process.pid
            before = cpu_seconds(driver)
            page.click("play")
            time.sleep(SECONDS)
            frames = page.run("return window.frames")
            cpu = 1000 * (cpu_seconds(driver) - before) / frames
            page.click("play")
            page.wait(lambda: page.text("play") == "Play")
            rate = frames / SECONDS
            print(f"{name}, an epoch a frame: {rate:.0f} frames/s, {cpu:.0f} ms of CPU each")
        print(f"memory of the page's process: {memory(driver):.0f} MB")
        page.close()
    server.shutdown()


def renderers(driver: int) -> list[Path]:
    """Return the folders in /proc of the processes that draw pages and run their workers."""
    parents, found = {}, []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int(stat(folder)[1])
            if b"--type=renderer" in (folder / "cmdline").read_bytes():
                found.append(folder)
        except OSError:  # it has ended
            continue

    def is_below(process: int) -> bool:
        return process == driver or (process in parents and is_below(parents[process]))

    return [folder for folder in found if is_below(int(folder.name))]


def stat(folder: Path) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on."""
    return (folder / "stat").read_text().rpartition(")")[2].split()


def cpu_seconds(driver: int) -> float:
    """Return the processor time that page and worker have used."""
    ticks = sum(int(field) for folder in renderers(driver) for field in stat(folder)[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(driver: int) -> float:
    """Return the memory of page and worker in megabytes, shared pages in proportion."""
    lines = [
        line
        for folder in renderers(driver)
        for line in (folder / "smaps_rollup").read_text().splitlines()
        if line.startswith("Pss:")
    ]
    return sum(int(line.split()[1]) for line in lines) / 1024


if __name__ == "__main__":
    main()
