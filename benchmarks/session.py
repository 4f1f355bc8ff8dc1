"""What every benchmark does alike: its options, checking and measuring a case, and its report."""

from __future__ import annotations

import argparse
import math
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from machine import choose_kernels, describe
from measure import Entry, Worker, WorkerError, start_workers, take_turns
from report import machine_lines, write

Result = dict[str, Any]


def read_options(
    description: str, cases: Sequence[Any], quick: tuple[Sequence[str], str], example: str
) -> tuple[Namespace, list[Any]]:
    """Return the options of the command line and the cases that they choose.

    Parameters
    ----------
    description : str
        What ``--help`` says.
    cases : sequence
        All there are; each has a name.
    quick : tuple
        The names of those that ``--quick`` takes, and what ``--help`` says about it.
    example : str
        A pattern for ``--cases``.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help=quick[1])
    parser.add_argument("--kernel", choices=("default", "tuned", "both"), default="both")
    parser.add_argument(
        "--cases", nargs="+", default=[], metavar="PATTERN", help=f"e.g. '{example}'"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--list", action="store_true", help="name the cases and stop")
    options = parser.parse_args()
    if options.list:
        print("\n".join(case.name for case in cases))
        parser.exit()
    patterns = options.cases or (quick[0] if options.quick else ["*"])
    chosen = [case for case in cases if any(fnmatch(case.name, p) for p in patterns)]
    if not chosen:
        parser.error(f"--cases: received {' '.join(patterns)}, expected some of --list")
    return options, chosen


def compare_losses(
    workers: Mapping[str, Worker], about: Mapping[str, Result], epochs: int, tolerance: float
) -> dict[str, str]:
    """Compare the losses of these workers with those of the first; return who differs, and how."""
    wrong: dict[str, str] = {}
    expected: list[float] = []
    for name, worker in workers.items():
        try:
            losses = worker.ask("losses", epochs=epochs)["losses"]
        except WorkerError as error:
            wrong[name] = str(error)
            continue
        expected = expected or losses
        differences = [abs(a / b - 1.0) for a, b in zip(losses, expected, strict=True)]
        worst = math.nan if any(map(math.isnan, differences)) else max(differences)
        about[name]["loss_difference"] = worst
        if not worst <= tolerance:  # NaN is no agreement
            wrong[name] = f"loss differs by {worst:.1e}, expected {tolerance:g} at most"
    return wrong


def check_and_measure(
    case: dict[str, Any],
    found: Mapping[str, tuple[Entry, str]],
    check: tuple[int, float],
    rounds: tuple[int, float],
) -> Result:
    """Let everybody train one case, and measure those whose losses are those of the first.

    Parameters
    ----------
    case : dict
        What a worker makes the case of.
    found : mapping
        Who takes part, as `measure.runners` returns it.
    check : tuple
        How many epochs are compared, and how much their losses may differ, relatively.
    rounds : tuple
        How many rounds there are, and how many seconds each measurement takes at least.
    """
    workers, about, left_out = start_workers(found, case)
    wrong: dict[str, str] = {}
    seconds: dict[str, list[float]] = {}
    try:
        training = {name: worker for name, worker in workers.items() if found[name][0].trains}
        wrong = compare_losses(training, about, *check)
        for name in wrong:
            workers.pop(name).close()
        if workers:
            seconds, last = take_turns(workers, *rounds)
            for name, values in last.items():
                about[name] |= values
    finally:
        for worker in workers.values():
            worker.close()
    return {"case": case, "seconds": seconds, "about": about, "left_out": left_out, "wrong": wrong}


class Session:
    """A run of a benchmark: it says what it runs on, measures cases, and writes its report.

    Parameters
    ----------
    title : str
        The heading of the report.
    kernel : {"default", "tuned", "both"}
    entries : sequence of Entry
        Who takes part; those that cannot are noted.
    notes : iterable of str
        What else a reader needs to know.

    Attributes
    ----------
    kernels : dict of str to str
        The settings of OpenBLAS's kernel to run, each with OpenBLAS's name for it.
    results : list of dict
    """

    def __init__(
        self, title: str, kernel: str, entries: Sequence[Entry], notes: Iterable[str] = ()
    ) -> None:
        self._start = time.perf_counter()
        self.kernels, self._notes = choose_kernels(kernel)
        self._machine = describe()
        self._notes += [f"{e.label}: left out, {e.missing()}" for e in entries if e.missing()]
        self._notes += notes
        self.results: list[Result] = []
        self._sections: list[str] = []
        facts = (*machine_lines(self._machine, self.kernels), *self._notes)
        self._head = [f"# {title}", "", *(f"- {fact}" for fact in facts), ""]
        print("\n".join(self._head), flush=True)

    def measure(
        self,
        cases: Sequence[Any],
        measure: Callable[[Any], Result],
        show: Callable[[Any, Result], tuple[str, str]],
    ) -> None:
        """Measure one case after the other, and print each as the heading and table of `show`."""
        for i, case in enumerate(cases, 1):
            result = measure(case)
            self.results.append(result)
            heading, table = show(case, result)
            section = [f"## {heading}", "", table]
            section += [f"{name}: left out, {why}" for name, why in result["left_out"].items()]
            section += [f"{name}: NOT EQUAL, {why}" for name, why in result["wrong"].items()]
            self._sections += [*section, ""]
            print("\n".join(section), f"\n[{i}/{len(cases)}]\n", flush=True)

    def report(
        self, out: Path, name: str, tables: Sequence[str], draw: Callable[[], list[Path]]
    ) -> int:
        """Print the tables, write all files and return the exit code: 1 if somebody was wrong."""
        print("\n".join(tables))
        seconds = time.perf_counter() - self._start
        data = {"machine": self._machine, "kernels": self.kernels, "notes": self._notes}
        data |= {"results": self.results, "seconds": seconds}
        text = "\n".join([*self._head, *tables, *self._sections])
        paths = write(out, name, text, data) + draw()
        print(f"{seconds:.0f} s; written:", *paths, sep="\n  ")
        return 1 if any(result["wrong"] for result in self.results) else 0
