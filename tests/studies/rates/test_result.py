"""The result of a sweep: best rate, status, tables and files."""

import csv
import json
import math
from xml.etree import ElementTree

import numpy as np
import pytest

from mlp import MLP
from mlp.studies.rates.result import SweepResult

NAN = math.nan


def result(losses, rates=None, diverged_at=None, val_losses=None):
    """Make a result from losses ``(n_rates, n_seeds, epochs + 1)``."""
    losses = np.array(losses, dtype=np.float64)
    n_rates, n_seeds, _ = losses.shape
    if diverged_at is None:
        is_nan = np.isnan(losses)
        diverged_at = np.where(is_nan.any(axis=-1), is_nan.argmax(axis=-1), 0)
    networks = MLP.from_sizes([1, 1], seed=0).replicate(n_rates * n_seeds)
    networks.theta = np.arange(2.0 * n_rates * n_seeds).reshape(-1, 2)
    return SweepResult(
        rates=np.array(rates or [0.1 * (i + 1) for i in range(n_rates)]),
        losses=losses,
        diverged_at=np.array(diverged_at),
        networks=networks,
        val_losses=None if val_losses is None else np.array(val_losses),
        loss_name="mse",
    )


ONE_SEED = [[[0.5, 0.4, 0.3]], [[0.5, 0.3, 0.1 + 0.2 - 0.2]], [[0.5, 7.0, NAN]]]
THREE_SEEDS = [
    [[3.0, 1.0], [1.0, 2.0], [2.0, 3.0]],
    [[3.0, 0.5], [1.0, NAN], [2.0, 4.0]],
    [[3.0, NAN], [1.0, 0.1], [2.0, NAN]],
    [[3.0, NAN], [1.0, NAN], [2.0, NAN]],
]


def test_with_one_seed_the_loss_is_that_of_the_run():
    found = result(ONE_SEED)
    assert np.array_equal(found.loss, found.losses[:, 0], equal_nan=True)
    assert np.array_equal(found.final, found.losses[:, 0, -1], equal_nan=True)
    assert found.best == 0.2
    assert found.best_index == 1
    assert found.status == ["completed", "completed", "diverged"]


def test_with_several_the_median_in_which_a_diverged_run_is_infinitely_bad():
    found = result(THREE_SEEDS)
    assert found.loss[:, 0].tolist() == [2.0] * 4
    assert np.array_equal(found.final, [2.0, 4.0, NAN, NAN], equal_nan=True)
    assert found.best == 0.1
    assert found.status == [
        "completed",
        "diverged for 1 of 3 seeds",
        "diverged for 2 of 3 seeds",
        "diverged",
    ]


def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two():
    found = result(
        [[[1.0], [4.0], [2.0], [9.0]], [[1.0], [NAN], [2.0], [NAN]]], diverged_at=[[0] * 4] * 2
    )
    assert np.array_equal(found.final, [3.0, NAN], equal_nan=True)


def test_a_loss_that_is_infinite_is_not_the_best():
    found = result([[[1.0, math.inf]], [[1.0, 5.0]]])
    assert found.best == 0.2


def test_where_every_rate_diverged_there_is_no_best():
    found = result([[[1.0, NAN]], [[1.0, NAN]]])
    assert math.isnan(found.best)
    assert found.to_dict()["best"] is None
    assert "best" not in str(found)


def test_validation_losses_decide_where_there_are_any():
    found = result(ONE_SEED, val_losses=[[0.2], [0.9], [NAN]])
    assert found.best == 0.1
    assert np.array_equal(found.final, [0.2, 0.9, NAN], equal_nan=True)
    assert found.best_network.theta.tolist() == [0.0, 1.0]


def test_network_gives_the_run_of_a_rate_and_a_seed_and_nothing_else():
    found = result(THREE_SEEDS)
    assert found.network(0).theta.tolist() == [0.0, 1.0]
    assert found.network(1, 2).theta.tolist() == [10.0, 11.0]
    net = found.network(3, 2)
    assert net.replicas is None
    net.theta = [0.0, 0.0]
    assert found.network(3, 2).theta.tolist() == [22.0, 23.0]
    for index, name in [((4,), "rate_index"), ((-1,), "rate_index"), ((0, 3), "seed_index")]:
        with pytest.raises(ValueError, match=name):
            found.network(*index)


def test_the_best_network_is_the_best_rates_best_seed():
    assert result(ONE_SEED).best_network.theta.tolist() == [2.0, 3.0]
    losses = [[[3.0, 5.0], [1.0, 6.0], [1.0, 0.1]], [[3.0, NAN], [1.0, 2.0], [2.0, 1.0]]]
    found = result(losses)
    assert found.best == 0.2  # a median of 2 against 5
    assert found.best_network.theta.tolist() == [10.0, 11.0]


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header, np.array(rows, dtype=np.float64)


def test_the_csv_has_a_column_for_each_rate_and_every_digit(tmp_path):
    found = result(ONE_SEED, rates=[0.1, 1 / 3, 1e-7])
    found.to_csv(tmp_path / "sweep.csv")
    header, rows = read(tmp_path / "sweep.csv")
    assert header == ["epoch", "0.1", "0.3333333333333333", "1e-07"]
    assert [float(rate) for rate in header[1:]] == found.rates.tolist()
    assert rows[:, 0].tolist() == [0, 1, 2]
    assert np.array_equal(rows[:, 1:].T, found.loss, equal_nan=True)
    assert (tmp_path / "sweep.csv").read_text().splitlines()[1] == "0,0.5,0.5,0.5"


def test_with_several_seeds_a_column_for_each_run(tmp_path):
    found = result(THREE_SEEDS[:2])
    found.to_csv(str(tmp_path / "sweep.csv"))
    header, rows = read(tmp_path / "sweep.csv")
    assert header == ["epoch", "0.1/0", "0.1/1", "0.1/2", "0.2/0", "0.2/1", "0.2/2"]
    assert np.array_equal(rows[:, 1:].T, found.losses.reshape(6, 2), equal_nan=True)


@pytest.mark.parametrize("val_losses", [None, [[0.2], [0.9], [NAN]]])
def test_the_dict_is_strict_json_with_none_for_what_is_not_finite(val_losses):
    found = result(ONE_SEED, val_losses=val_losses)
    back = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert back == {
        "loss_name": "mse",
        "rates": found.rates.tolist(),
        "status": ["completed", "completed", "diverged"],
        "best": found.best,
        "losses": [[[0.5, 0.4, 0.3]], [[0.5, 0.3, 0.1 + 0.2 - 0.2]], [[0.5, 7.0, None]]],
        "diverged_at": [[0], [0], [2]],
        "val_losses": None if val_losses is None else [[0.2], [0.9], [None]],
    }


def test_its_text_is_a_table_of_rates_and_losses():
    assert str(result(ONE_SEED)).splitlines() == [
        "rate  first  last  status",
        " 0.1    0.5   0.3  completed",
        " 0.2    0.5   0.1  completed  <- best",
        " 0.3    0.5   nan  diverged",
    ]
    header = str(result(ONE_SEED, val_losses=[[0.2], [0.9], [NAN]])).splitlines()[0]
    assert header.split() == ["rate", "first", "last", "validation", "status"]


def test_it_can_be_drawn_and_saved(tmp_path):
    found = result(ONE_SEED)
    ax = found.plot(tmp_path / "sweep.svg")
    assert (tmp_path / "sweep.svg").read_text().count("<svg") == 1
    assert any(np.array_equal(line.get_ydata(), found.loss[0]) for line in ax.get_lines())


def test_a_terminal_shows_one_line_and_a_notebook_the_table():
    found = result(ONE_SEED)
    assert repr(found) == "<SweepResult: 3 rates, 2 epochs, best 0.2>"
    assert repr(result(THREE_SEEDS)).startswith("<SweepResult: 4 rates x 3 seeds, 1 epochs")
    assert repr(result([[[1.0, NAN]]])).endswith("all diverged>")
    shown = ElementTree.fromstring(found._repr_html_())
    cells = ["".join("".join(cell.text.split()) for cell in row) for row in shown.iter("tr")]
    assert cells == ["".join(line.split()) for line in str(found).splitlines()]
