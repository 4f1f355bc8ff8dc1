"""Tables: read from files and frames, and encoded as inputs and targets of a network."""

from mlp.tables.csv import CSVFile, read_csv
from mlp.tables.dialect import Dialect
from mlp.tables.errors import CellError, Remedy, TableError
from mlp.tables.frame import from_frame, open_table, read_frame
from mlp.tables.inputs import EncodedRows, InputEncoder
from mlp.tables.labels import Labels
from mlp.tables.mixed import MixedTable, read_mixed
from mlp.tables.npz import read_npz
from mlp.tables.standardizer import RobustScaler, Standardizer
from mlp.tables.table import BadCell, Table, Words
from mlp.tables.targets import ClassTarget, NumberTarget, target_from_dict
from mlp.tables.task import with_task

__all__ = [
    "BadCell",
    "CSVFile",
    "CellError",
    "ClassTarget",
    "Dialect",
    "EncodedRows",
    "InputEncoder",
    "Labels",
    "MixedTable",
    "NumberTarget",
    "Remedy",
    "RobustScaler",
    "Standardizer",
    "Table",
    "TableError",
    "Words",
    "from_frame",
    "open_table",
    "read_csv",
    "read_frame",
    "read_mixed",
    "read_npz",
    "target_from_dict",
    "with_task",
]


def __dir__() -> list[str]:
    return __all__
