"""Data: small sets (handwritten digits, spirals, xor), and tables of one's own.

Examples
--------
>>> from mlp import datasets
>>> X, y = datasets.load_digits()
>>> X.shape, y.shape
((1797, 64), (1797,))
>>> train, held_out = datasets.load("spirals").split(fraction=0.25)
>>> train.X.shape, held_out.X.shape
((150, 2), (50, 2))
"""

from mlp.datasets.catalog import load
from mlp.datasets.dataset import Dataset
from mlp.datasets.digits import load_digits
from mlp.datasets.split import split_rows
from mlp.datasets.toy import spirals, xor
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
    "Dataset",
    "InputEncoder",
    "Labels",
    "NumberTarget",
    "Standardizer",
    "Table",
    "Words",
    "load",
    "load_digits",
    "read_csv",
    "read_npz",
    "spirals",
    "split_rows",
    "target_from_dict",
    "xor",
]
