"""Networks, and whatever else is made of settings and arrays, in files that can be trusted."""

from mlp._archive import FileFormatError, format_errors, read_archive, write_archive
from mlp.files.model import describe, load, read_model, rebuild, write_model

__all__ = [
    "FileFormatError",
    "describe",
    "format_errors",
    "load",
    "read_archive",
    "read_model",
    "rebuild",
    "write_archive",
    "write_model",
]
