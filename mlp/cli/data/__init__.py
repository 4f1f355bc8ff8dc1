"""Data named on the command line: the options that describe a table, and the table."""

from mlp.cli.data.options import (
    DATA_HELP,
    DATA_OPTIONS,
    add_data_arguments,
    add_file_arguments,
    check_file_options,
    dialect_of,
    is_npz,
    is_table_file,
    option,
    sheet_of,
    split_names,
)
from mlp.cli.data.reader import Data, cells_by_column, count_missing, read_data

__all__ = [
    "DATA_HELP",
    "DATA_OPTIONS",
    "Data",
    "add_data_arguments",
    "add_file_arguments",
    "cells_by_column",
    "check_file_options",
    "count_missing",
    "dialect_of",
    "is_npz",
    "is_table_file",
    "option",
    "read_data",
    "sheet_of",
    "split_names",
]
