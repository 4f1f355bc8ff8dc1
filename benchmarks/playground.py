"""Measure the playground in headless Chromium: loading, the first step, frames and memory.

    python benchmarks/playground.py

It needs Chromium, its driver, and the packages of the group `test`.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from mlp.machine import read_cpu
from tests.playground.browser import Page, find_runtime, start_server

SECONDS = 10.0
COUNT_FRAMES = """
window.frames_seen = 0;
const heads = new MutationObserver(() => { window.frames_seen += 1; });
heads.observe(document.getElementById("loss"), { attributes: true });
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
    print(f"{read_cpu().model}, {read_cpu().cores} cores")
    with tempfile.TemporaryDirectory() as folder:
        page = Page(Path(folder))
        began = time.perf_counter()
        page.open(server.url)
        print(f"from the address to a page that answers: {time.perf_counter() - began:.1f} s")
        began = time.perf_counter()
        page.click("one-batch")
        page.wait(lambda: page.text("epoch").startswith("0 + 1"))
        print(f"from a click to the first trained step: {time.perf_counter() - began:.3f} s")
        for speed in ("1", "full"):
            for name, settings in NETWORKS.items():
                page.go(settings)
                page.choose("speed", speed)
                page.run(COUNT_FRAMES)
                page.click("play")
                time.sleep(SECONDS)
                frames, epoch = page.run("return window.frames_seen"), page.text("epoch")
                page.click("play")
                page.wait(lambda: page.text("play") == "Play")
                print(f"{name}, speed {speed}: {frames / SECONDS:.0f} frames/s, epoch {epoch}")
        print(f"memory of the page's process: {memory_of(page.driver.service.process.pid):.0f} MB")
        page.close()
    server.shutdown()


def memory_of(driver: int) -> float:
    """Return the megabytes of the processes that draw pages and run their workers."""
    parents, renderers = {}, set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        parents[int(folder.name)] = int(state[1])
        if b"--type=renderer" in command:
            renderers.add(int(folder.name))
    total = 0
    for process in renderers:
        above = process
        while above in parents and above != driver:
            above = parents[above]
        if above == driver:
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
            total += next(int(line.split()[1]) for line in text.splitlines() if "Pss:" in line)
    return total / 1024


if __name__ == "__main__":
    main()
