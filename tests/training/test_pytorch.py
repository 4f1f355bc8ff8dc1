"""Networks that normalise are trained as PyTorch trains them, step for step.

Run where PyTorch is; the layers alone are held to its recorded numbers in ``tests/core``.
"""

import numpy as np
import pytest

from mlp import MLP, SGD, Trainer

torch = pytest.importorskip("torch")
nn = torch.nn

SIZES, ROWS, STEPS = [5, 8, 6, 3], 12, 10
NORMS = {
    "batch": lambda n: nn.BatchNorm1d(n, dtype=torch.float64),
    "layer": lambda n: nn.LayerNorm(n, dtype=torch.float64),
}
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}


def twin(net, normalization, hidden):
    """Return the same network in PyTorch, with the same first weights."""
    layers = []
    for i in range(0, len(net.layers), 3):
        dense = net.layers[i]
        linear = nn.Linear(dense.n_in, dense.n_out, dense.bias is not None, dtype=torch.float64)
        with torch.no_grad():
            linear.weight[...] = torch.tensor(dense.W.T)
            if dense.bias is not None:
                linear.bias[...] = torch.tensor(dense.b)
        layers.append(linear)
        if i + 1 < len(net.layers):
            layers += [NORMS[normalization](dense.n_out), ACTIVATIONS[hidden]()]
    return nn.Sequential(*layers)


def assert_same_numbers(net, other):
    """Compare weights, scales, shifts and running statistics, layer by layer."""
    for mine, its in zip(net.layers, other, strict=True):
        names = {"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias"}
        for name, array in mine.params.items():
            value = getattr(its, names.get(name, name)).detach().numpy()
            value = value.T if name == "W" else value
            np.testing.assert_allclose(array, value, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("hidden", ACTIVATIONS)
@pytest.mark.parametrize("normalization", NORMS)
def test_ten_steps_have_the_losses_the_weights_and_the_statistics_of_pytorch(normalization, hidden):
    rng = np.random.default_rng(0)
    X, y = rng.normal(2.0, 3.0, (ROWS * STEPS, 5)), rng.integers(0, 3, ROWS * STEPS)
    net = MLP.from_sizes(
        SIZES, hidden, "softmax", "cross_entropy", normalization=normalization, seed=3
    )
    other = twin(net, normalization, hidden)
    assert_same_numbers(net, other)

    step = torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for start in range(0, len(X), ROWS):
        rows = slice(start, start + ROWS)
        loss = nn.functional.cross_entropy(other(torch.tensor(X[rows])), torch.tensor(y[rows]))
        step.zero_grad()
        loss.backward()
        step.step()
        losses.append(loss.item())
    trainer = Trainer(net, SGD(0.1, momentum=0.9), batch_size=ROWS, shuffle=False)
    history = trainer.fit(X, y, 1)

    assert history["loss"][-1] == pytest.approx(np.mean(losses), rel=1e-12)
    assert_same_numbers(net, other)
    other.eval()  # outside training, running statistics take the place of the batch's
    with torch.no_grad():
        outputs = torch.softmax(other(torch.tensor(X)), dim=1).numpy()
    np.testing.assert_allclose(net.predict(X), outputs, rtol=1e-9)
