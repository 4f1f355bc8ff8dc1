"""What the program prints: text for people on any terminal, CSV and JSON for other programs."""

from __future__ import annotations

import csv
import json
import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

from mlp._names import printable

_PLAIN = str.maketrans(
    {"×": "x", "−": "-", "²": "^2", "³": "^3", "Φ": "Phi", "φ": "phi", "…": "..."}
)
"""What stands for the signs of our own text where the encoding has none."""


class PrintedText:
    r"""A stream for text that people read, which no text makes fail.

    Control characters are shown as escapes, and what the encoding cannot show is replaced. An
    error of the operating system is raised for standard output, and the rest is discarded: Python
    would try to write it once more at exit. What nobody can read on standard error is no error.

    Parameters
    ----------
    stream : text stream
        The stream to write to.
    name : str
        Name used in the error message: "standard output" or "standard error".

    Examples
    --------
    >>> import io
    >>> stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    >>> text = PrintedText(stream, "standard output")
    >>> text.write("café\x1b[2J × 2\n")
    >>> text.flush()
    >>> stream.buffer.getvalue()
    b'caf?\\x1b[2J x 2\n'
    """

    def __init__(self, stream: Any, name: str) -> None:
        self._stream, self._name = stream, name

    def __getattr__(self, attribute: str) -> Any:
        """Return an attribute of the stream itself."""
        return getattr(self._stream, attribute)

    def write(self, text: str) -> None:
        """Write text; a carriage return is kept at its start, where progress bars have it."""
        start = "\r" * text.startswith("\r")
        lines = text.removeprefix(start).split("\n")
        text = start + "\n".join(map(printable, lines))
        encoding = getattr(self._stream, "encoding", None) or "utf-8"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            text = text.translate(_PLAIN).encode(encoding, "replace").decode(encoding)
        with self._errors():
            self._stream.write(text)

    def write_data(self, text: str) -> None:
        """Write text unchanged as UTF-8; on a terminal, as text for people."""
        buffer = getattr(self._stream, "buffer", None)
        if self._stream.isatty():
            self.write(text)
            return
        with self._errors():
            if buffer is None:  # a stream of text, as io.StringIO
                self._stream.write(text)
            else:
                self._stream.flush()
                buffer.write(text.encode())

    def flush(self) -> None:
        """Write what is buffered."""
        with self._errors():
            self._stream.flush()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())
            if self._name == "standard output":
                raise OSError(error.errno, error.strerror, self._name) from None


@contextmanager
def printing() -> Iterator[None]:
    r"""Make standard output and standard error safe to print to, closed ones included.

    Examples
    --------
    >>> with printing():
    ...     print("a\x07b")
    a\x07b
    """
    with ExitStack() as after:
        for name, title in (("stdout", "standard output"), ("stderr", "standard error")):
            stream = getattr(sys, name)
            after.callback(setattr, sys, name, stream)
            if stream is None:  # closed; the next file that is opened would take its place
                stream = after.enter_context(open(os.devnull, "w"))
            setattr(sys, name, PrintedText(stream, title))
        yield


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    r"""Return rows as CSV, lines ending in a line feed.

    Examples
    --------
    >>> csv_text([["name", "age"], ["a,b", 7], ["c\rd", None]])
    'name,age\n"a,b",7\n"c\rd",\n'
    """
    lines: list[str] = []
    # with its own line end, the writer quotes a carriage return in a cell
    sink = SimpleNamespace(write=lambda line: lines.append(line.removesuffix("\r\n") + "\n"))
    csv.writer(sink).writerows(rows)
    return "".join(lines)


def print_data(text: str) -> None:
    r"""Print CSV or JSON to standard output, as UTF-8 whatever the locale.

    Examples
    --------
    >>> print_data('{"accuracy": 0.5}\n')
    {"accuracy": 0.5}
    """
    out = sys.stdout
    (out if isinstance(out, PrintedText) else PrintedText(out, "standard output")).write_data(text)


def print_json(content: Mapping[str, Any]) -> None:
    """Print a mapping as one line of JSON."""
    print_data(json.dumps(content) + "\n")


def complain(program: str, message: object) -> None:
    """Print a message on standard error, as one line.

    Parameters
    ----------
    program : str
        The name of the command.
    message : object
        What to say.
    """
    print(f"{program}: {printable(str(message))}", file=sys.stderr)


@contextmanager
def plain_warnings(program: str) -> Iterator[None]:
    """Print each different warning once, as one line, without the source that raised it."""
    usual, told = warnings.formatwarning, set()

    def one_line(message: object, *_: object, **__: object) -> str:
        line = f"{program}: warning: {printable(str(message))}\n"
        if line in told:
            return ""
        told.add(line)
        return line

    warnings.formatwarning = one_line
    try:
        yield
    finally:
        warnings.formatwarning = usual
