"""Every combination of layer, loss and optimizer is traced, in the numbers of training."""

import itertools
import math
from math import isclose as is_near  # pytest.approx takes longer than all else here

import numpy as np
import pytest

import mlp
from mlp import (
    ActivationLayer,
    BatchNorm,
    Dense,
    Dropout,
    LayerNorm,
    PeriodicEmbedding,
    PiecewiseLinear,
    Scale,
)
from mlp.core import ACTIVATIONS, LOSSES, Parameter, Penalty
from mlp.optim import OPTIMIZERS, make_optimizer
from mlp.studies.chain_rule.records import Named

FUNCTIONS = {
    "exp": math.exp,
    "log": math.log,
    "tanh": math.tanh,
    "sqrt": math.sqrt,
    "sign": np.sign,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "Φ": lambda z: (1 + math.erf(z / math.sqrt(2))) / 2,
    "φ": lambda z: math.exp(-z * z / 2) / math.sqrt(2 * math.pi),
}


class Affine(mlp.Layer):
    """A custom layer with a parameter, which mixes the units."""

    def parameters(self):
        start = np.eye(self.width) + 0.1
        return (Parameter("mix", start.shape, lambda rng: start, penalised=True),)

    def forward(self, A_in, training, rng):
        self.A_in = A_in
        return A_in @ self.params["mix"]

    def backward(self, dA, need_dA_in=True):
        self.grads["mix"][...] = self.A_in.T @ dA
        return dA @ self.params["mix"].T


LAYERS = {
    **{name: lambda name=name: [Dense(2, 3, name)] for name in ACTIVATIONS},
    "no bias": lambda: [Dense(2, 3, "tanh", bias=False)],
    "shared bias": lambda: [Dense(2, 3, "tanh", share_bias=True)],
    "fixed bias": lambda: [Dense(2, 3, "tanh", bias=0.2, train_bias=False)],
    "activation": lambda: [Dense(2, 3), ActivationLayer("gelu")],
    "coupled activation": lambda: [Dense(2, 3, "silu"), ActivationLayer("softmax")],
    "batch norm": lambda: [Dense(2, 3), BatchNorm(), ActivationLayer("tanh")],
    "batch norm first": lambda: [BatchNorm(), Dense(2, 3, "elu")],
    "layer norm": lambda: [Dense(2, 3, "tanh"), LayerNorm()],
    "layer norm first": lambda: [LayerNorm(), Dense(2, 3, "softplus")],
    "dropout": lambda: [Dense(2, 3, "tanh"), Dropout(0.5)],
    "dropout first": lambda: [Dropout(0.25), Dense(2, 3, "sigmoid")],
    "no dropout": lambda: [Dropout(0.0), Dense(2, 3, "tanh"), Dropout(0.0)],
    "scale": lambda: [Scale(lr_factor=6.0), Dense(2, 3, "mish", lr_factor=0.5, bias_lr_factor=0.1)],
    "scale between": lambda: [Dense(2, 3, "selu"), Scale()],
    "embedding": lambda: [PeriodicEmbedding(2, 1, m=2, dim=2), Dense(3, 3, "tanh")],
    "piecewise": lambda: [PiecewiseLinear(2, [[-1.0, 0.1, 2.0]]), Dense(4, 3, "tanh")],
    "custom": lambda: [Affine(), Dense(2, 3, "tanh"), Affine()],
    "all": lambda: [
        *(LayerNorm(), Dense(2, 3), BatchNorm(), ActivationLayer("tanh"), Dropout(0.3)),
        *(Affine(), Dense(3, 3, "gelu"), BatchNorm(), BatchNorm()),
    ],
}
OUTPUTS = [
    (output, loss)
    for output, loss in itertools.product(ACTIVATIONS, LOSSES)
    if "cross_entropy" not in loss or output in ("softmax", "sigmoid")
]
ROUNDED = ("1.59576912", "1.05070099", "1.75809934")
"""Constants that formulas show with nine digits."""
LAST = (lambda output: [Dense(3, 2, output)], lambda output: [Dense(3, 2), ActivationLayer(output)])


def spread(count):
    """A few dozen of all combinations, in which each layer, pair and optimizer occurs."""
    names = [*LAYERS], OUTPUTS, [*OPTIMIZERS]
    return [tuple(part[i % len(part)] for part in names) for i in range(count)]


def case(layers, pair, optimizer):
    number = (len(layers) + len(pair[0]) + len(optimizer)) % 4
    return layers, pair, optimizer, number


def network(layers, output, loss, number):
    net = mlp.MLP([*LAYERS[layers](), *LAST[number % 2](output)], loss, seed=number)
    net.theta += 0.1
    n_rows = 3 if any(layer.least_rows > 1 for layer in net.layers) else (1, 3)[number // 2]
    rng = np.random.default_rng(number)
    X, T = rng.normal(size=(n_rows, 2)), rng.uniform(0.1, 0.9, size=(n_rows, 2))
    return net, X, T / T.sum(axis=1, keepdims=True)


def evaluated(equation):
    """A formula with the numbers that it names, computed by Python."""
    names = [token for token in equation.tokens if isinstance(token, Named)]
    values = {f"_n{i}": token.value for i, token in enumerate(names)}
    text, number = "", 0
    for token in equation.tokens:
        text += token if isinstance(token, str) else f"_n{number}"
        number += isinstance(token, Named)
    for sign, python in {"×": "*", "²": "**2", "≥": ">=", "\n": " "}.items():
        text = text.replace(sign, python)
    return eval(text.strip(), FUNCTIONS | values)


def assert_traced(layers, pair, optimizer, number):
    net, X, T = network(layers, *pair, number)
    method, penalty = make_optimizer(optimizer, lr=0.1), Penalty(l1=0.01, l2=0.1)
    steps = mlp.trace(net, X, T, optimizer=method, steps=2, l1=0.01, l2=0.1)
    trained = net.copy()
    for found in steps:
        before = trained.copy()
        assert found.loss == trained.loss_and_grad(X, T, penalty=penalty)
        grads = [{k: g.copy() for k, g in layer.grads.items()} for layer in trained.layers]
        for unit in found.units:
            layer, at = trained.layers[unit.layer], (unit.row, unit.index)
            assert (unit.z, unit.a, unit.dE_dz) == (layer.Z[at], layer.A[at], layer.dZ[at])
        for block, layer in zip(found.blocks, trained.layers, strict=True):
            if hasattr(layer, "A"):
                values = [[one.value for one in row] for row in block.outputs]
                assert np.array_equal(values, layer.A)
        method.step(trained.theta, trained.grad, factors=trained._parameters.factors)
        for name in ("value", "gradient", "new_value"):
            shown = {(u.layer, u.key, u.at): getattr(u, name) for u in found.updates}
            assert len(shown) == len(found.updates) == net.theta.size
            for k, layer in enumerate(trained.layers):
                arrays = {"value": before.layers[k].params, "gradient": grads[k],
                          "new_value": layer.params}[name]  # fmt: skip
                for key in layer.grads:
                    ours = [shown[k, key, at] for at in np.ndindex(arrays[key].shape)]
                    assert np.array_equal(ours, arrays[key].ravel())
        assert_multiplies_out(found)
    return steps


def assert_multiplies_out(found):
    for update in found.updates:
        whole = update.product + sum(one.value for one in update.penalty)
        assert is_near(whole, update.gradient, rel_tol=1e-12, abs_tol=1e-14)
        kept = update.keep * update.value - update.step
        assert is_near(kept, update.new_value, rel_tol=1e-12, abs_tol=1e-14)
    equations = [
        equation
        for block in found.blocks
        for group in (*block.forward, *block.backward)
        for equation in group.equations
    ]
    equations += [*found.error, *(one for update in found.updates for one in update.factors)]
    assert equations
    for equation in equations:
        named = [abs(token.value) for token in equation.tokens if isinstance(token, Named)]
        size = sum(abs(term.value) for term in equation.terms)
        if named:
            rel = 1e-7 if any(one in equation.formula for one in ROUNDED) else 1e-12
            exact = 1e-12 * max(1.0, size, *named)
            assert is_near(evaluated(equation), equation.value, rel_tol=rel, abs_tol=exact)
    for update in found.updates:
        for factor in update.factors:
            if factor.terms:
                size = sum(abs(term.value) for term in factor.terms)
                added = sum(term.value for term in factor.terms)
                assert is_near(added, factor.value, rel_tol=0.0, abs_tol=1e-11 * (1 + size))


@pytest.mark.parametrize(("layers", "pair", "optimizer"), spread(len(OUTPUTS)))
def test_a_trace_holds_the_numbers_of_training_and_they_multiply_out(layers, pair, optimizer):
    assert_traced(*case(layers, pair, optimizer))


def in_turn(layers):
    """The layers with each output and loss, and the optimizers in turn."""
    first, optimizers = [*LAYERS].index(layers), [*OPTIMIZERS]
    return [
        (layers, pair, optimizers[(first + n) % len(optimizers)]) for n, pair in enumerate(OUTPUTS)
    ]


@pytest.mark.long
@pytest.mark.parametrize("layers", LAYERS)
def test_every_layer_is_traced_with_every_loss_and_each_of_them_with_every_optimizer(layers):
    for one in in_turn(layers):
        assert_traced(*case(*one))


def test_each_two_of_layer_loss_and_optimizer_meet():
    found = [one for layers in LAYERS for one in in_turn(layers)]
    for parts in itertools.combinations([[*LAYERS], OUTPUTS, [*OPTIMIZERS]], 2):
        assert set(itertools.product(*parts)) <= {
            two for one in found for two in itertools.combinations(one, 2)
        }


def test_the_spread_has_every_part():
    chosen = spread(len(OUTPUTS))
    assert {one[0] for one in chosen} == LAYERS.keys()
    assert {one[1] for one in chosen} == {*OUTPUTS}
    assert {one[2] for one in chosen} == OPTIMIZERS.keys()
