"""What the README says is true."""

import re
from pathlib import Path

import pytest

import mlp
from mlp.cli import main
from tests.docs.pages import assert_page_runs

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def write_tables(folder):
    """Write small tables of the names that the README's commands read."""
    rows = [f"{i},{i % 7},{'benign' if i % 2 else 'malignant'}\n" for i in range(40)]
    for name in ("cancer.csv", "new.csv"):
        (folder / name).write_text("".join(["a,b,diagnosis\n", *rows]))


def section(title):
    return README.split(f"## {title}\n")[1].split("\n## ")[0]


def test_every_line_of_the_table_of_equations_is_a_line_of_the_code():
    code = "".join(
        (ROOT / "mlp/core" / name).read_text() for name in ("layers/dense.py", "output.py")
    )
    rows = [row for row in section("The mathematics, line by line").splitlines() if row[:2] == "| "]
    lines = [line for row in rows[1:] for line in re.findall(r"`([^`]+)`", row.split("|")[3])]
    assert len(lines) >= 7
    assert [line for line in lines if line not in code] == []


@pytest.mark.slow
def test_the_examples_run_and_reach_the_accuracy_shown(tmp_path):
    write_tables(tmp_path)
    printed = assert_page_runs(ROOT / "README.md", tmp_path)
    right = re.search(r"^([\d.]+)% correct; best rate", printed, flags=re.MULTILINE)
    assert float(right[1]) > 95
    watched = re.search(r"^(\w+) \d+ (0\.\d+)$", printed, flags=re.MULTILINE)
    assert watched[1] == "completed"
    assert float(watched[2]) > 0.95


def test_a_run_resumes_when_the_script_is_run_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = section("Watch and resume a run")
    code = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)[-1]
    whole, again = {}, {}
    exec(compile(code.replace("50,", "12,"), "README.md", "exec"), whole)
    (tmp_path / "run.npz").unlink()
    for epochs in (2, 7, 12, 12):
        exec(compile(code.replace("50,", f"{epochs},"), "README.md", "exec"), again)
    assert len(again["history"].epochs) > 7
    assert again["history"]["val_loss"] == whole["history"]["val_loss"]
    assert again["net"].theta.tobytes() == whole["net"].theta.tobytes()


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_every_link_leads_to_a_file(link):
    assert (ROOT / link).exists()


def test_the_table_of_the_sweep_is_what_it_prints():
    example = mlp.examples.learning_rate_chart()
    result = mlp.learning_rate_sweep(example.network, example.x, example.t)
    assert result.table() in README


def test_the_commands_about_a_table_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_tables(tmp_path)
    commands = re.findall(r"^\$ mlp (.*)$", section("A table, without code"), flags=re.MULTILINE)
    assert [main(command.split()) for command in commands] == [0, 0]
    said = capsys.readouterr().out
    for word in ("rows to train on", "held-out rows: loss", "Wrote model.npz", "diagnosis=benign"):
        assert word in said
        assert word in README
