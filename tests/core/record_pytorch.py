"""Record what PyTorch's losses and activations give, for the tests to compare with.

Run it by hand, with PyTorch installed: ``python tests/core/record_pytorch.py``. It writes
``data/pytorch.json`` beside itself; the file names the version of PyTorch. Everything is float64
and written with all its digits.
"""

import json
from itertools import pairwise
from pathlib import Path

DATA = Path(__file__).parent / "data"


def main() -> None:
    """Write the file."""
    import torch
    from torch.nn import functional as F

    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)

    def losses():
        logits, rates = torch.randn(5, 4) * 3, torch.rand(5, 4) * 4 + 0.1
        one = torch.tensor([3, 0, 1, 1, 2])
        probabilities = torch.softmax(torch.randn(5, 4), 1)
        yes, values, counts = torch.rand(5, 4), torch.randn(5, 4) * 2, torch.poisson(rates)
        # loss, output, inputs of the last layer's Z, targets, PyTorch's loss of a batch
        yield "cross_entropy", "softmax", logits, one, F.cross_entropy
        yield "cross_entropy", "softmax", logits, probabilities, F.cross_entropy
        yield (
            "binary_cross_entropy",
            "sigmoid",
            logits,
            yes,
            lambda a, y: F.binary_cross_entropy_with_logits(a, y, reduction="sum") / len(y),
        )
        for targets in (one, probabilities):
            yield (
                {"name": "cross_entropy", "label_smoothing": 0.1},
                "softmax",
                logits,
                targets,
                lambda a, y: F.cross_entropy(a, y, label_smoothing=0.1),
            )
        yield "mse", "identity", logits, values, F.mse_loss
        yield "mse", "softmax", logits, values, lambda z, y: F.mse_loss(torch.softmax(z, 1), y)
        yield "mae", "identity", logits, values, F.l1_loss
        yield "huber", "identity", logits, values, F.huber_loss
        yield (
            "poisson",
            "identity",
            rates,
            counts,
            lambda a, y: F.poisson_nll_loss(a, y, log_input=False),
        )
        yield (
            "poisson",
            "softplus",
            logits,
            counts,
            lambda z, y: F.poisson_nll_loss(F.softplus(z), y, log_input=False),
        )

    recorded = {"pytorch": torch.__version__, "made_by": "tests/core/record_pytorch.py"}
    recorded["losses"] = []
    for loss, output, Z, Y, function in losses():
        Z = Z.clone().requires_grad_()
        value = function(Z, Y)
        value.backward()
        case = {"loss": loss, "output": output, "Z": Z.tolist(), "Y": Y.tolist()}
        recorded["losses"].append({**case, "value": value.item(), "dZ": Z.grad.tolist()})

    activations = {
        "sigmoid": torch.sigmoid,
        "tanh": torch.tanh,
        "relu": F.relu,
        "leaky_relu": F.leaky_relu,
        "elu": F.elu,
        "selu": F.selu,
        "gelu": F.gelu,
        "gelu_tanh": lambda z: F.gelu(z, approximate="tanh"),
        "silu": F.silu,
        "mish": F.mish,
        "softplus": F.softplus,
    }
    recorded["activations"] = []
    for name, function in activations.items():
        Z = torch.linspace(-9.1, 9.0, 40).requires_grad_()
        A = function(Z)
        A.sum().backward()
        recorded["activations"].append(
            {"name": name, "Z": Z.tolist(), "A": A.tolist(), "slope": Z.grad.tolist()}
        )

    sizes = [3, 5, 4, 2]
    layers = [torch.nn.Linear(a, b) for a, b in pairwise(sizes)]
    X, labels = torch.randn(6, 3), torch.tensor([0, 1, 1, 0, 1, 0])
    A = X
    for layer in layers[:-1]:
        A = F.gelu(layer(A))
    value = F.cross_entropy(layers[-1](A), labels)
    value.backward()
    recorded["network"] = {
        "sizes": sizes,
        "W": [layer.weight.T.tolist() for layer in layers],
        "b": [layer.bias.tolist() for layer in layers],
        "X": X.tolist(),
        "Y": labels.tolist(),
        "value": value.item(),
        "dW": [layer.weight.grad.T.tolist() for layer in layers],
        "db": [layer.bias.grad.tolist() for layer in layers],
    }
    DATA.mkdir(exist_ok=True)
    text = json.dumps(recorded, separators=(",", ":")).replace('{"', '\n{"').lstrip()
    (DATA / "pytorch.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
