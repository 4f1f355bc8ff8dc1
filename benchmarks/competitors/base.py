"""What a competitor is."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from cases import Case

Form = TypeVar("Form")


class UnsupportedCaseError(Exception):
    """The library cannot train this network; the message says why."""


class Competitor(ABC):
    """A library that trains the network of a case, in its efficient idiom.

    Attributes
    ----------
    form : str
        Which of several forms of the idiom a trial found to be the fastest here.
    threads : int or None
        How many threads the library was told to use; None leaves it to the library.
    scale : float
        What measured seconds are multiplied by, where only a part of equal runs is made.
    """

    case_type: ClassVar[Callable[..., Any]] = Case
    form = ""
    threads: int | None = None
    scale = 1.0

    @abstractmethod
    def start(self, shuffle: bool) -> None:
        """Go back to the first weights and a fresh optimizer; batches are shuffled or in order."""

    @abstractmethod
    def train(self, epochs: int) -> list[float]:
        """Train on whole epochs; return the mean loss of the batches of each."""


def fastest(forms: Sequence[Form], run: Callable[[Form], object], seconds: float = 0.15) -> Form:
    """Return the form whose fastest run takes the least time.

    Each runs once for warming up, then in turn until all have had `seconds`: what an expert does
    before deciding on threads, say. The minimum is what other processes disturb least.
    """
    if len(forms) == 1:
        return forms[0]
    best = [float("inf")] * len(forms)
    for form in forms:
        run(form)
    stop = time.perf_counter() + seconds * len(forms)
    n_rounds = 0
    while n_rounds < 1 or time.perf_counter() < stop:
        for i, form in enumerate(forms):
            start = time.perf_counter()
            run(form)
            best[i] = min(best[i], time.perf_counter() - start)
        n_rounds += 1
    return forms[best.index(min(best))]
