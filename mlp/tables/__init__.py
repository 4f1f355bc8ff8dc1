"""Tables: read from CSV and NumPy files, and encoded as inputs and targets of a network."""

from mlp.tables.csv import CellError, CSVFile, read_csv
from mlp.tables.inputs import InputEncoder
from mlp.tables.labels import Labels
from mlp.tables.npz import read_npz
from mlp.tables.standardizer import Standardizer
from mlp.tables.table import Table, Words
from mlp.tables.targets import ClassTarget, NumberTarget, target_from_dict

__all__ = [
    "CSVFile",
    "CellError",
    "ClassTarget",
    "InputEncoder",
    "Labels",
    "NumberTarget",
    "Standardizer",
    "Table",
    "Words",
    "read_csv",
    "read_npz",
    "target_from_dict",
]


def __dir__() -> list[str]:
    return __all__
