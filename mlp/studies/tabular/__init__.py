"""The preset for tables: columns as people have them, to an ensemble that needs no tuning."""

from mlp.studies.tabular.model import TabularModel, tabular
from mlp.studies.tabular.settings import EFFORTS

__all__ = ["EFFORTS", "TabularModel", "tabular"]
