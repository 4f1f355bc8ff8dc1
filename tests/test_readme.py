"""What the README says of the code is true."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_every_line_of_code_in_the_table_of_equations_stands_in_the_engine():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## The mathematics, line by line")[1].split("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("|")][2:]
    lines = [line for row in rows for line in re.findall("`([^`]+)`", row[3])]
    engine = "".join((ROOT / f"mlp/core/{name}.py").read_text() for name in ("dense", "passes"))
    assert len(lines) >= 8
    assert [line for line in lines if line not in engine] == []
