"""The worked examples by name."""

from __future__ import annotations

from collections.abc import Callable

from mlp._names import find_name
from mlp.studies.examples.chart import learning_rate_chart
from mlp.studies.examples.documents import (
    document_000,
    document_001,
    document_002,
    document_003,
    mazur,
)
from mlp.studies.examples.example import Example

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
        If the name is not a string.
    ValueError
        If the name is unknown; the message suggests the nearest known one.

    Examples
    --------
    >>> load_example("document-002").title
    'A 2-2-2 network without biases'
    """
    return EXAMPLES[find_name("example", name, EXAMPLES)]()
