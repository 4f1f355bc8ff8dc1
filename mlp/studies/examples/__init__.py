"""Worked examples: small networks that others have computed by hand, with every figure checked.

>>> from mlp.studies import examples
>>> example = examples.load_example("mazur")
>>> example.published["E_total"]
0.298371109
"""

from __future__ import annotations

from collections.abc import Callable

from mlp._names import find_name
from mlp.studies.examples.chart import LearningRateChart, learning_rate_chart
from mlp.studies.examples.documents import document_000, document_001, document_002, document_003
from mlp.studies.examples.example import Erratum, Example
from mlp.studies.examples.mazur import mazur

__all__ = [
    "EXAMPLES",
    "Erratum",
    "Example",
    "LearningRateChart",
    "document_000",
    "document_001",
    "document_002",
    "document_003",
    "learning_rate_chart",
    "load_example",
    "mazur",
]

EXAMPLES: dict[str, Callable[[], Example]] = {
    "document-000": document_000,
    "document-001": document_001,
    "document-002": document_002,
    "document-003": document_003,
    "document-004": learning_rate_chart,
    "mazur": mazur,
}


def load_example(name: str) -> Example:
    """Return a new copy of the example of that name.

    Parameters
    ----------
    name : str
        A key of `EXAMPLES`, in any case.

    Raises
    ------
    TypeError
        If it is not a string.
    ValueError
        If the name is unknown; the message gives the nearest known one.

    Examples
    --------
    >>> load_example("document-002").title
    'A 2-2-2 network without biases'
    """
    return EXAMPLES[find_name("example", name, EXAMPLES)]()
