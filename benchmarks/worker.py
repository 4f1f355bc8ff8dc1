"""A process for one competitor: it reads one JSON request a line and answers with one line.

``python worker.py MODULE:CLASS`` imports the competitor, says so, and then serves ``build``,
``losses``, ``calibrate`` and ``measure`` until its input ends. What libraries print goes to
standard error.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from importlib import import_module
from typing import Any

from machine import loaded_pools, peak_memory


def wait_until_quiet(limit: float = 1.0) -> None:
    """Return when this process has stopped using the CPU.

    Thread pools spin for a while after work (OpenBLAS up to a tenth of a second), which would
    slow down whoever is measured next. Their waiting policies are left as each library sets
    them, because a pool that may not spin is slower while it works.
    """
    stop = time.perf_counter() + limit
    while time.perf_counter() < stop:
        before = time.process_time()
        time.sleep(0.02)
        if time.process_time() - before < 0.002:
            return


class Server:
    """Serves requests for one competitor."""

    def __init__(self, competitor_class: Any) -> None:
        self.competitor_class = competitor_class
        self.competitor: Any = None

    def build(self, case: dict[str, Any]) -> dict[str, Any]:
        """Make the competitor for this case, compiled and warm."""
        start = time.perf_counter()
        made = self.competitor_class(self.competitor_class.case_type(**case))
        self.competitor = made
        seconds = time.perf_counter() - start
        about = {"form": made.form, "threads": made.threads, "scale": made.scale}
        return about | {"seconds_to_build": seconds}

    def losses(self, epochs: int) -> dict[str, Any]:
        """Train from the first weights, rows in order."""
        self.competitor.start(shuffle=False)
        return {"losses": self.competitor.train(epochs)}

    def calibrate(self, at_least: float) -> dict[str, Any]:
        """Find how many epochs take about so many seconds."""
        self._seconds(1)
        n, seconds = 1, self._seconds(1)
        while seconds < 0.3 * at_least:
            n = max(2 * n, math.ceil(0.5 * n * at_least / max(seconds, 1e-9)))
            n = min(n, 1_000_000)
            seconds = self._seconds(n)
        return {"epochs": max(1, math.ceil(n * at_least / seconds))}

    def measure(self, epochs: int) -> dict[str, Any]:
        """Train for so many epochs from the first weights, and tell the seconds of one."""
        seconds = self._seconds(epochs) / epochs * self.competitor.scale
        return {"seconds": seconds, "peak_memory": peak_memory(), "pools": loaded_pools()}

    def _seconds(self, epochs: int) -> float:
        self.competitor.start(shuffle=True)
        start = time.perf_counter()
        self.competitor.train(epochs)
        return time.perf_counter() - start


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed is no answer

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    module_name, class_name = sys.argv[1].split(":")
    server = Server(getattr(import_module(module_name), class_name))
    wait_until_quiet()
    answer(memory=peak_memory())
    for line in sys.stdin:
        request = json.loads(line)
        method = request.pop("method")
        try:
            values = getattr(server, method)(**request)
        except Exception as error:  # noqa: BLE001 (the parent says it and goes on)
            values = {"error": f"{type(error).__name__}: {str(error).strip() or 'no message'}"}
        wait_until_quiet()
        answer(**values)


if __name__ == "__main__":
    main()
