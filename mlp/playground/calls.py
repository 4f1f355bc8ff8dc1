"""What the page can call, by name, with JSON, and how errors are answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mlp.core import ACTIVATIONS, LOSSES
from mlp.optim import OPTIMIZERS
from mlp.playground.reading import read_rows
from mlp.playground.session import Report, Session, load_session
from mlp.playground.settings import DATA, Settings
from mlp.studies.examples import EXAMPLES, Example, load_example


class Playground:
    """The object that the page's worker talks to.

    Parameters
    ----------
    report : callable
        Called with what a call reports before it returns.

    Examples
    --------
    >>> playground = Playground(print)
    >>> playground.call("configure", '{"settings": {"n": 4, "noise": 0}}')["data"]["n_train"]
    4
    >>> playground.call("configure", '{"settings": {"lr": -1}}')
    {'error': 'lr: received -1, expected a finite number > 0'}
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.session = Session(Settings())
        self._calls: dict[str, Callable[..., dict[str, Any]]] = {
            "choices": self.choices,
            "configure": self.configure,
            "restart": self.restart,
            "advance": self.advance,
            "read": self.read,
            "load": self.load,
            "sweep": self.sweep,
            "surface": lambda **given: self.session.surface(**given),
            "row": lambda **given: self.session.row(**given),
            "explain": lambda **given: self.session.explain(**given),
            "unit": lambda **given: self.session.unit(**given),
            "wrong_curves": lambda: self.session.wrong_curves(),
            "script": lambda: {"text": self.session.script()},
            "save": lambda: {"content": self.session.save()},
        }

    def call(self, name: str, arguments: str, content: bytes | None = None) -> dict[str, Any]:
        """Return the answer to a call, or ``{"error": message}`` with nothing changed.

        Parameters
        ----------
        name : str
            One of the calls.
        arguments : str
            Its named arguments, as JSON.
        content : bytes, optional
            The content of a file.
        """
        given = json.loads(arguments)
        if content is not None:
            given["content"] = bytes(content)
        try:
            return self._calls[name](**given)
        except (ValueError, TypeError, OSError, ArithmeticError, MemoryError) as error:
            return {"error": str(error) or type(error).__name__}

    def choices(self) -> dict[str, Any]:
        """Return the names that the controls offer."""
        return {
            "data": list(DATA),
            "activations": list(ACTIVATIONS),
            "losses": list(LOSSES),
            "optimizers": list(OPTIMIZERS),
            "examples": [_preset(load_example(name)) for name in EXAMPLES],
            "defaults": Settings().to_dict(),
        }

    def configure(self, settings: Any) -> dict[str, Any]:
        """Start a new session; a rejected one leaves the present session as it is."""
        self.session = Session(Settings.from_dict(settings))
        return self._new()

    def read(self, content: bytes, settings: Any, task: str = "") -> dict[str, Any]:
        """Start a session on a CSV file."""
        rows = read_rows(content, task or None)
        chosen = Settings.from_dict(settings)
        output, loss = ("softmax", "cross_entropy") if rows.classes else ("identity", "mse")
        self.session = Session(
            replace(chosen, example="", data="rows", rows=rows, output=output, loss=loss)
        )
        return self._new()

    def load(self, content: bytes) -> dict[str, Any]:
        """Start a session from a model file."""
        self.session = load_session(content, self.session.settings)
        return self._new()

    def restart(self) -> dict[str, Any]:
        """Go back to the first weights."""
        self.session.restart()
        return self._new()

    def _new(self) -> dict[str, Any]:
        return self.session.describe() | {"snapshot": self.session.snapshot(0)}

    def advance(
        self, batches: int, seconds: float, since: int, surface: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Train, and return a snapshot, with the outputs on a grid if they are asked for.

        With 0 batches, only return what is there.
        """
        if batches:
            self.session.advance(batches, seconds)
        found = self.session.snapshot(since)
        if surface is not None:
            found["surface"] = self.session.surface(**surface)
        return found

    def sweep(self, rates: list[float], epochs: int) -> dict[str, Any]:
        """Run a sweep and report its losses on the way."""
        return self.session.sweep(rates, epochs, self.report)


def _preset(example: Example) -> dict[str, Any]:
    return {"name": example.name, "title": example.title, "lr": example.lr}
