"""Small data sets: handwritten digits (embedded), spirals and xor.

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
from mlp.datasets.toy import spirals, xor

__all__ = ["Dataset", "load", "load_digits", "spirals", "xor"]
