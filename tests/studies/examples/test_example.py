"""What holds for every worked example."""

import numpy as np
import pytest

from mlp.studies.examples import (
    EXAMPLES,
    load_example,
)
from tests.studies.examples.by_hand import train


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_named_as_it_is_loaded(name):
    assert load_example(name).name == name


def test_an_unknown_example_names_the_nearest():
    with pytest.raises(ValueError, match=r"received 'document-4'.*did you mean 'document-00"):
        load_example("document-4")
    with pytest.raises(ValueError, match="did you mean 'mazur'"):
        load_example("Mazur!")


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_call_makes_a_fresh_network(name):
    one, other = load_example(name), load_example(name)
    before = other.network.theta.copy()
    train(one.network, one.x, one.t, one.lr, 1)
    assert not np.array_equal(one.network.theta, before)
    assert np.array_equal(other.network.theta, before)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_one_sample_in_float64_that_cannot_be_changed(name):
    example = load_example(name)
    assert example.network.dtype == np.float64
    assert example.x.shape == (1, example.network.n_in)
    assert example.t.shape == (1, example.network.n_out)
    with pytest.raises(ValueError, match="read-only"):
        example.x[0, 0] = 1.0
    with pytest.raises(AttributeError):
        example.lr = 1.0


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_weight_names_cover_every_weight_once(name):
    example = load_example(name)
    net = example.network
    places = {
        (layer, i, j)
        for layer, dense in enumerate(net.layers)
        for i in range(dense.n_in)
        for j in range(dense.n_out)
    }
    assert set(example.weight_names.values()) == places
    assert len(example.weight_names) == net.theta.size  # biases are not trained


@pytest.mark.parametrize("name", ["document-000", "document-001", "document-004", "mazur"])
def test_the_weights_are_named_as_the_document_numbers_them(name):
    example = load_example(name)
    values = [
        example.network.layers[layer].W[i, j]
        for layer, i, j in (example.weight_names[f"w{k}"] for k in range(1, 9))
    ]
    assert values == [0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55]


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_printed_is_either_right_or_an_erratum(name):
    example = load_example(name)
    wrong = {e.where: e for e in example.errata}
    for quantity, printed in example.published.items():
        exact = example.exact.get(quantity)
        if quantity in wrong:
            assert wrong[quantity].printed == printed
            assert wrong[quantity].correct == exact
        elif exact is not None:
            digits = len(repr(printed).partition(".")[2])
            tolerance = 6.2e-8 if "lr" in quantity else 0.5 * 10.0**-digits
            assert abs(exact - printed) <= tolerance, quantity


def test_a_terminal_shows_one_line():
    assert repr(load_example("mazur")).startswith("<Example 'mazur': Mazur's 2-2-2 network")
    assert repr(load_example("document-004")).startswith("<LearningRateChart 'document-004': ")
