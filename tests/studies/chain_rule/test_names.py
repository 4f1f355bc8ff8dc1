"""What units, weights and factors are called in a trace."""

import pytest

from mlp import MLP, Dense
from mlp.studies.chain_rule import trace
from mlp.studies.examples import document_001, mazur
from tests.studies.chain_rule.traced import T, X, network, trace_example


def test_by_default_everything_is_called_by_its_place():
    net = network("tanh", "sigmoid", "squared_error")
    found = trace(net, X, T)
    update = found["w[0][1,2]"]
    assert (update.layer, update.i, update.j) == (0, 1, 2)
    assert update.value == net.layers[0].W[1, 2]
    assert [factor.name for factor in update.factors] == [
        "dE/da[0][2]",
        "da[0][2]/dz[0][2]",
        "dz[0][2]/dw[0][1,2]",
    ]
    assert found["b[1][0]"].value == net.layers[1].b[0]
    assert found["b[1][0]"].factors[-1].value == 1.0


def test_units_of_several_hidden_layers_have_names_of_their_own():
    layers = [Dense(1, 12, "tanh"), Dense(12, 12, "tanh"), Dense(12, 1)]
    found = trace(MLP(layers, seed=0), [[1.0]], [[0.0]], names={})
    names = [unit.name for unit in found.units]
    assert len(set(names)) == 25
    assert names[10] == "h1_11"  # and not h111, which could be the first of layer 11
    assert names[12] == "h2_1"
    assert names[-1] == "o1"


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(KeyError, match=r"'w9' is not a trained weight.*did you mean 'w\d'"):
        trace_example("mazur")["w9"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"w1": (2, 0, 0)}, r"names: received 'w1' for \(2, 0, 0\), expected \(layer, i, j\)"),
        ({"w1": (0, -1, 0)}, r"names: received 'w1' for \(0, -1, 0\)"),
        ({"w1": (0, 0, 0), "v1": (0, 0, 0)}, "names: received 'w1' and 'v1' for"),
        ({"w1": (0, 0)}, r"names: received 'w1' for \(0, 0\), expected \(layer, i, j\)"),
        ({"w1": (0, 0.0, 0)}, r"names: received 'w1' for \(0, 0.0, 0\), expected \(layer, i, j\)"),
        ({"w1": 3}, r"names: received 'w1' for 3, expected \(layer, i, j\)"),
        (["w1"], r"names: received \['w1'\], expected a mapping"),
    ],
)
def test_names_that_do_not_fit_are_refused(names, message):
    with pytest.raises((ValueError, TypeError), match=message):
        trace(network("tanh", "sigmoid", "mse"), X, T, names=names)


def test_the_examples_can_be_traced_by_their_own_names():
    for make in (mazur, document_001):
        example = make()
        found = trace(example.network, example.x, example.t, names=example.weight_names)
        assert {update.name for update in found.updates} == set(example.weight_names)
