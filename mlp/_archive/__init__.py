"""Archives: trees of settings and arrays in one file, written whole and validated when read."""

from mlp._archive.archive import FileFormatError, format_errors, read_archive, write_archive

__all__ = ["FileFormatError", "format_errors", "read_archive", "write_archive"]
