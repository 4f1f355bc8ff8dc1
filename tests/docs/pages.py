"""Runs the code blocks of a Markdown page one after another, as a reader would.

A block stands between two lines of three backticks. Its first line gives its kind:

- ``python``: run in the page's namespace, as doctests if it contains ``>>>``;
- ``console``: each line ``$ mlp ...`` is run by the package's command line; it must succeed, or
  fail with the message ``mlp ...: error: ...`` below it;
- ``text``: the output of the block directly before it, with ``...`` for parts that may differ.

Names in braces are directives of the documentation and contain no code to run.
"""

from __future__ import annotations

import doctest
import io
import re
import shlex
import shutil
import textwrap
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlp.cli import main
from mlp.machine import blas_threads

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FENCE = re.compile(r"^( *)```(?!`)([^\n`]*)\n(.*?)^\1```[ ]*$", re.MULTILINE | re.DOTALL)


@dataclass
class Block:
    """A fenced block: its kind, its code, the line where the code begins, and its output."""

    kind: str
    code: str
    line: int
    output: str | None = None


def documentation() -> list[Path]:
    """Return every page: the README and those in docs, except for built ones."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [page for page in pages if "_build" not in page.parts]


def blocks(text: str) -> list[Block]:
    """Return the blocks of a page; an output belongs to the block before it."""
    found: list[Block] = []
    end = 0
    for match in FENCE.finditer(text):
        code = textwrap.dedent(match[3])
        is_next = found and not text[end : match.start()].strip()
        if match[2] == "text" and is_next and found[-1].kind in ("python", "console"):
            found[-1].output = code
        else:
            found.append(Block(match[2], code, text[: match.start(3)].count("\n") + 1))
        end = match.end()
    return found


def assert_page_runs(page: Path, folder: Path) -> str:
    """Run all blocks of a page in `folder`, beside copies of its tables; return their output."""
    for table in page.parent.glob("*.csv"):
        shutil.copy(table, folder)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    printed = []
    with chdir(folder), blas_threads(1):  # the same last digits on every machine
        for block in blocks(page.read_text(encoding="utf-8")):
            place = f"{page.name}:{block.line}"
            if block.kind == "python" and ">>>" in block.code:
                _assert_doctests_pass(block, page, namespace)
                continue
            with redirect_stdout(io.StringIO()) as stdout:
                if block.kind == "python":
                    # leading empty lines make a traceback show the line of the page
                    lines = "\n" * (block.line - 1) + block.code
                    exec(compile(lines, page, "exec"), namespace)
                if block.kind == "console":
                    _run_commands(block.code, place)
            printed.append(stdout.getvalue())
            if block.output is not None:
                assert_prints(printed[-1], block.output, place)
    return "".join(printed)


def assert_prints(got: str, want: str, place: str) -> None:
    """Fail with a comparison unless `got` matches the page."""
    checker = doctest.OutputChecker()
    if not checker.check_output(want, got, OPTIONS):
        example = doctest.Example("", want)
        raise AssertionError(f"{place}\n{checker.output_difference(example, got, OPTIONS)}")


def commands(code: str) -> Iterator[list[str]]:
    """Yield the words of each command in a console block, without comments."""
    for line in code.splitlines():
        if line.startswith("$ "):
            yield shlex.split(line[2:], comments=True)


def _run_commands(code: str, place: str) -> None:
    for text in re.split(r"^(?=\$ )", code, flags=re.MULTILINE):
        for program, *arguments in commands(text):
            if program != "mlp":
                continue
            message = text.partition("\n")[2]
            fails = re.match(r"mlp [a-z-]+: error: ", message) is not None
            with redirect_stderr(io.StringIO()) as stderr:
                exit_code = main(arguments)
            command = f"{place}: mlp {shlex.join(arguments)}"
            assert exit_code == 2 * fails, f"{command} ended with {exit_code}: {stderr.getvalue()}"
            if fails:
                assert_prints(stderr.getvalue(), message, place)


def _assert_doctests_pass(block: Block, page: Path, namespace: dict[str, Any]) -> None:
    test = doctest.DocTestParser().get_doctest(
        block.code, namespace, page.name, str(page), block.line - 1
    )
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    runner.run(test, out=report.write, clear_globs=False)
    namespace.update(test.globs)  # the runner works on a copy
    assert runner.summarize(verbose=False).failed == 0, report.getvalue()
