"""Compares the outputs that a notebook keeps with those of a new run."""

import re

from nbformat import NotebookNode

VARIES = "varies"  # the tag of a cell whose numbers differ from run to run, as those of a clock
NUMBER = re.compile(r"(?<![\w.])([-−]?\d+(?:,\d{3})*(?:\.\d*)?(?:[eE][-+]?\d+)?)")
ROUNDING = 1e-12  # numbers below it are what rounding leaves of zero: each machine's own
SAME = 1e-9  # relative; for numbers that are printed with all their digits


def assert_same_outputs(kept: NotebookNode, new: NotebookNode) -> None:
    """Fail unless each cell gives what is kept of it: the same words, numbers and kinds of output.

    Numbers may differ by one in the last digit that is printed; whole numbers may not. Of
    pictures it is only compared that they are there.
    """
    assert len(kept.cells) == len(new.cells)
    for number, (before, after) in enumerate(zip(kept.cells, new.cells, strict=True)):
        if before.cell_type == "code":
            _assert_same_cell(before, after, f"cell {number} ({before.source[:60]!r})")


def _assert_same_cell(kept: NotebookNode, new: NotebookNode, where: str) -> None:
    assert [kinds(o) for o in kept.outputs] == [kinds(o) for o in new.outputs], where
    if VARIES in kept.metadata.get("tags", ()):
        return
    for before, after in zip(kept.outputs, new.outputs, strict=True):
        for kind in kinds(before):
            assert_same_text(text(before, kind), text(after, kind), where)


def kinds(output: NotebookNode) -> list[str]:
    """Return what an output consists of."""
    return sorted(output.data) if "data" in output else [output.get("name", output.output_type)]


def text(output: NotebookNode, kind: str) -> str:
    """Return the text of one kind of an output; none of a picture."""
    if "data" not in output:
        return output.get("text", "")
    return "" if kind.startswith("image/") else output.data[kind]


def assert_same_text(kept: str, new: str, where: str) -> None:
    """Fail unless two texts have the same words and, but for rounding, the same numbers."""
    # split by a pattern with one group: words at the even places, numbers at the odd ones
    before, after = NUMBER.split(kept), NUMBER.split(new)
    words = ["#".join(parts[::2]).split() for parts in (before, after)]
    assert words[0] == words[1], f"{where} keeps\n{kept}\nand gives\n{new}"
    for old, now in zip(before[1::2], after[1::2], strict=True):
        assert is_same_number(old, now), f"{where} keeps {old} and gives {now}:\n{new}"


def is_same_number(kept: str, new: str) -> bool:
    """Whether a number is the one that is kept, but for its last digit."""
    old, now = (float(number.replace(",", "").replace("−", "-")) for number in (kept, new))
    if max(abs(old), abs(now)) < ROUNDING:
        return True
    mantissa, _, exponent = kept.lower().partition("e")
    _, point, decimals = mantissa.partition(".")
    last_digit = 10.0 ** (int(exponent or 0) - len(decimals)) if point or exponent else 0.0
    return abs(old - now) <= max(1.01 * last_digit, SAME * abs(old))
