"""Worked examples: small networks that others have computed by hand, with every figure checked.

>>> from mlp.studies import examples
>>> example = examples.load_example("mazur")
>>> example.published["E_total"]
0.298371109
"""

from mlp.studies.examples.chart import LearningRateChart, learning_rate_chart
from mlp.studies.examples.documents import (
    EXAMPLES,
    document_000,
    document_001,
    document_002,
    document_003,
    load_example,
    mazur,
)
from mlp.studies.examples.example import Erratum, Example

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
