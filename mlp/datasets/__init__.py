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
from mlp.datasets.csv_cells import CellError
from mlp.datasets.csv_file import CSVFile, read_csv
from mlp.datasets.dataset import Dataset
from mlp.datasets.digits import load_digits
from mlp.datasets.inputs import InputEncoder
from mlp.datasets.labels import Labels
from mlp.datasets.npz_file import read_npz
from mlp.datasets.split import split_rows
from mlp.datasets.standardizer import Standardizer
from mlp.datasets.table import Table, Words
from mlp.datasets.targets import ClassTarget, NumberTarget, target_from_dict
from mlp.datasets.toy import spirals, xor

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
