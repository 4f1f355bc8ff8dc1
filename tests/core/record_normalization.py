"""Record what PyTorch's normalising layers give over some steps, for the tests to compare with.

Run it by hand, with PyTorch installed: ``python tests/core/record_normalization.py``. It writes
``data/normalization.json`` beside itself; the file names the version of PyTorch. Everything is
float64 and written with all its digits.
"""

import json
from pathlib import Path

DATA = Path(__file__).parent / "data"


def main() -> None:
    """Write the file."""
    import torch

    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    n = 3
    layers = [
        ("BatchNorm", {}, torch.nn.BatchNorm1d(n)),
        ("BatchNorm", {"momentum": 0.3, "eps": 0.01}, torch.nn.BatchNorm1d(n, 0.01, 0.3)),
        ("BatchNorm", {"momentum": 1.0}, torch.nn.BatchNorm1d(n, momentum=1.0)),
        ("LayerNorm", {}, torch.nn.LayerNorm(n)),
        ("LayerNorm", {"eps": 0.01}, torch.nn.LayerNorm(n, 0.01)),
    ]
    cases = []
    for name, options, layer in layers:
        with torch.no_grad():
            layer.weight.copy_(torch.randn(n))
            layer.bias.copy_(torch.randn(n))
        case = {"layer": name, "options": options, "steps": []}
        case["gamma"], case["beta"] = layer.weight.tolist(), layer.bias.tolist()
        for rows, scale, offset in [(6, 1.0, 0.0), (2, 3.0, -2.0), (5, 0.1, 40.0), (6, 2.0, 1.0)]:
            case["steps"].append(step(torch, layer, scale * torch.randn(rows, n) + offset))
        cases.append(case)

    recorded = {"pytorch": torch.__version__, "made_by": "tests/core/record_normalization.py"}
    recorded["cases"] = cases
    DATA.mkdir(exist_ok=True)
    text = json.dumps(recorded, separators=(",", ":")).replace('{"', '\n{"').lstrip()
    (DATA / "normalization.json").write_text(text + "\n")


def step(torch, layer, X):
    """Return what a training pass over X gives, the statistics after it, and an evaluation."""
    W, Y = torch.randn(X.shape[1], 2), torch.randn(len(X), 2)
    layer.train()
    X.requires_grad_()
    A = layer(X)
    loss = ((A @ W - Y) ** 2).sum() / (2 * len(X))
    layer.zero_grad()
    loss.backward()
    layer.eval()
    arrays = {
        "X": X,
        "W": W,
        "Y": Y,
        "A": A,
        "dX": X.grad,
        "dgamma": layer.weight.grad,
        "dbeta": layer.bias.grad,
        "outputs": layer(X) @ W,
    }
    if hasattr(layer, "running_mean"):
        arrays |= {"running_mean": layer.running_mean, "running_var": layer.running_var}
    return {"loss": loss.item()} | {name: array.tolist() for name, array in arrays.items()}


if __name__ == "__main__":
    main()
