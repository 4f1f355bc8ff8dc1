"""A trace as text and as Markdown."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

import mlp
from mlp import MLP, Dense
from mlp.studies.chain_rule import trace
from mlp.studies.examples import EXAMPLES
from tests.studies.chain_rule.traced import X, trace_example

GOLDEN = Path(__file__).parent / "data" / "trace_mazur.txt"


def test_the_text_and_the_markdown_can_always_be_written(case):
    net, t = case
    found = trace(net, X, t)
    for update in found.updates:
        assert f"{update.name}+" in found.text()
        assert f"`{update.name}+`" in found.markdown()


def test_the_text_of_mazur_is_as_it_was():
    assert str(trace_example("mazur")) + "\n" == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_text_of_an_example_is_80_columns_wide(name):
    lines = trace_example(name).text().splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)


def test_the_values_stand_in_a_column():
    text = trace_example("mazur").text()
    places = {line.rindex(" = ") for line in text.splitlines() if re.match(" {4}.* = .* = ", line)}
    assert len(places) == 1


@pytest.mark.parametrize(("digits", "shown"), [(3, "0.298"), (17, "0.29837110876000272")])
def test_the_digits_can_be_chosen(digits, shown):
    found = trace_example("mazur")
    assert f"E falls from {shown} to " in found.text(digits)
    assert f"E falls from {shown} to " in found.markdown(digits)


def test_a_sum_shows_its_signs():
    text = trace_example("mazur").text()
    assert "= 0.138498562 × 0.4 - 0.0380982365 × 0.5 " in text
    assert "= 0.5 - 0.5 × (-0.0226025405) " in text
    net = MLP([Dense(2, 1, weights=[[-1.5], [-0.5]], bias=-0.25)])
    text = trace(net, [[2.0, -3.0]], [[-1.0]]).text()
    assert "= -1.5 × 2 - 0.5 × (-3) - 0.25 " in text
    assert "= (-1.75 - (-1))² / 2 " in text


def test_formulas_are_shown_in_numbers():
    text = trace_example("mazur").text()
    assert "= 1 / (1 + exp(-0.3775)) " in text
    assert "= 0.75136507 × (1 - 0.75136507) " in text
    layers = [Dense(1, 1, "elu", weights=[[-1.0]], bias=False)]
    text = trace(MLP(layers), [0.5], [-1.0], names={}).text(3)
    assert "= -0.5 if -0.5 > 0 else 1 × (exp(-0.5) - 1) " in text
    assert "= -0.393 - (-1) " in text


def test_what_would_say_no_more_than_the_value_is_left_out():
    text = trace(MLP([Dense(1, 1)], seed=0), [0.5], [1.0], names={"w": (0, 0, 0)}).text()
    assert re.search(r"dz_o1/dw += x1 += 0.5$", text, re.MULTILINE)
    assert re.search(r"dz_o1/db_o1 += 1 += 1$", text, re.MULTILINE)
    assert re.search(r"^    o1 += z_o1 += \S+$", text, re.MULTILINE)


def test_a_step_that_is_too_long_is_told():
    net = MLP([Dense(1, 1, weights=[[1.0]], bias=False)])
    assert "E rises from 0.5 to 2." in trace(net, [[1.0]], [[0.0]], lr=3.0).text()
    assert "E stays from" not in trace(net, [[1.0]], [[1.0]]).text()
    assert "E stays at 0." in trace(net, [[1.0]], [[1.0]]).text()


@pytest.mark.parametrize(("digits", "error"), [(0, ValueError), (18, ValueError), (2.5, TypeError)])
def test_digits_out_of_range_are_refused(digits, error):
    for write in (trace_example("mazur").text, trace_example("mazur").markdown):
        with pytest.raises(error, match="digits: received"):
            write(digits)


def test_the_markdown_tables_are_well_formed(case):
    net, t = case
    tables = re.findall(r"(?:^\|.*\|\n)+", trace(net, X, t).markdown(), flags=re.MULTILINE)
    assert len(tables) >= 2 + net.theta.size  # forward, error, each weight
    for table in tables:
        head, rule, *rows = table.splitlines()
        assert head == "| quantity | formula | in numbers | value |"
        assert rule == "| :-- | :-- | :-- | --: |"
        assert rows
        for row in rows:
            cells = [cell.strip() for cell in row.strip("|").split("|")]
            assert len(cells) == 4
            assert all(re.fullmatch(r"(`[^`]+`)?", cell) for cell in cells)
            assert cells[0]
            assert cells[3]


def test_a_table_is_set_apart_by_empty_lines():
    lines = trace_example("mazur").markdown().splitlines()
    for before, line in pairwise(lines):
        if before.startswith("|") != line.startswith("|"):
            assert "" in (before, line)


def test_zeros_and_negative_arguments_are_written_as_by_hand():
    net = MLP([Dense(1, 2, "relu", weights=[[-1.2, 1.0]], bias=False), Dense(2, 2, "softmax")],
              "cross_entropy", seed=0)  # fmt: skip
    text = mlp.trace(net, [1.0], [0.0, 1.0]).text(3)
    assert "max(0, -1.2)" in text
    assert not re.search(r"-0(?![\w.])", text)
    assert "0 × log(" in text
