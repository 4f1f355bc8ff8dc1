"""Record what PyTorch's optimizers and schedulers do, for the tests to compare with.

Run it by hand, with PyTorch installed: ``python tests/optim/record_pytorch.py``. It writes
``data/pytorch_optimizers.json`` and ``data/pytorch_schedules.json`` beside itself; the files
name the version of PyTorch. Floats are written with all their digits, so nothing is rounded.
"""

import json
import math
from pathlib import Path

import torch

DATA = Path(__file__).parent / "data"
STEPS = 25

# name here, options here, class in torch.optim, options there
OPTIMIZERS = [
    ("sgd", {}, "SGD", {}),
    ("sgd", {"lr": 0.1}, "SGD", {"lr": 0.1}),
    ("momentum", {"lr": 0.1}, "SGD", {"lr": 0.1, "momentum": 0.9}),
    ("nesterov", {"lr": 0.1}, "SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("rmsprop", {}, "RMSprop", {}),
    ("rmsprop", {"lr": 0.05, "alpha": 0.9, "eps": 1e-4}, "RMSprop", None),
    ("rmsprop", {"momentum": 0.8}, "RMSprop", None),
    ("rmsprop", {"centered": True}, "RMSprop", None),
    ("rmsprop", {"centered": True, "momentum": 0.5, "alpha": 0.95}, "RMSprop", None),
    ("adagrad", {}, "Adagrad", {}),
    (
        "adagrad",
        {"lr": 0.2, "lr_decay": 0.1, "initial_accumulator": 0.3, "eps": 1e-3},
        "Adagrad",
        {"lr": 0.2, "lr_decay": 0.1, "initial_accumulator_value": 0.3, "eps": 1e-3},
    ),
    ("adam", {}, "Adam", {}),
    ("adam", {"lr": 0.1, "betas": [0.8, 0.95], "eps": 1e-3}, "Adam", None),
    ("adamw", {}, "AdamW", {}),
    ("adamw", {"lr": 0.1, "betas": [0.5, 0.9], "weight_decay": 0.3}, "AdamW", None),
]


def start(dtype: torch.dtype) -> torch.Tensor:
    """Return the first parameters."""
    return torch.tensor([1.5, -0.7, 0.0, 2.0], dtype=dtype)


def gradients(dtype: torch.dtype) -> torch.Tensor:
    """Return one gradient a step: large, small, with changing sign, and zero at first."""
    rows = [
        [3 * math.sin(k + 1), 1e-3 * math.cos(2 * k), 0.0 if k < 5 else 0.5, 2 / (k + 1)]
        for k in range(STEPS)
    ]
    return torch.tensor(rows, dtype=dtype)


def trajectory(kind: str, options: dict, dtype: torch.dtype) -> list[list[float]]:
    """Return the parameters after each step."""
    theta = torch.nn.Parameter(start(dtype))
    optimizer = getattr(torch.optim, kind)([theta], **options)
    path = []
    for grad in gradients(dtype):
        theta.grad = grad.clone()
        optimizer.step()
        path.append(theta.tolist())
    return path


def rates(make, lr: float, steps: int) -> list[float]:
    """Return the rates of the first steps under the scheduler that `make` builds."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = make(optimizer)
    listed = []
    for step in range(steps):
        listed.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if step + 1 < steps:
            scheduler.step()
    return listed


def warmup(optimizer, steps: int, then, **options):
    """Return a linear warm-up followed by another scheduler."""
    line = torch.optim.lr_scheduler.LinearLR(optimizer, total_iters=steps, **options)
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [line, then(optimizer)], [steps])


def schedules() -> list[dict]:
    """Return each schedule's config here and PyTorch's rates."""
    of = torch.optim.lr_scheduler
    cosine = {"name": "cosine", "lr": 0.4, "steps": 8, "lr_min": 0.0}
    constant = {"name": "constant", "lr": 0.4}
    cases = [
        (
            {"name": "step", "lr": 0.4, "step_size": 3, "gamma": 0.1},
            lambda o: of.StepLR(o, step_size=3),
            10,
        ),
        (
            {"name": "exponential", "lr": 0.4, "gamma": 0.9},
            lambda o: of.ExponentialLR(o, gamma=0.9),
            10,
        ),
        (cosine, lambda o: of.CosineAnnealingLR(o, T_max=8), 9),
        (
            {**cosine, "lr_min": 0.05},
            lambda o: of.CosineAnnealingLR(o, T_max=8, eta_min=0.05),
            9,
        ),
        (
            {"name": "linear_warmup", "schedule": constant, "steps": 5},
            lambda o: of.LinearLR(o),
            9,
        ),
        (
            {"name": "linear_warmup", "schedule": cosine, "steps": 4, "start": 0.1},
            lambda o: warmup(o, 4, lambda p: of.CosineAnnealingLR(p, T_max=8), start_factor=0.1),
            12,
        ),
    ]
    for steps, pct in [(10, 0.3), (7, 0.5), (20, 0.05), (6, 0.0), (1, 0.3)]:
        cases.append(
            (
                {"name": "one_cycle", "lr_max": 0.4, "steps": steps, "pct_start": pct},
                lambda o, n=steps, p=pct: of.OneCycleLR(o, 0.4, total_steps=n, pct_start=p),
                steps,
            )
        )
    factors = {"div_factor": 10.0, "final_div_factor": 100.0}
    cases.append(
        (
            {"name": "one_cycle", "lr_max": 0.4, "steps": 12, **factors},
            lambda o: of.OneCycleLR(o, 0.4, total_steps=12, **factors),
            12,
        )
    )
    recorded = []
    for config, make, steps in cases:
        try:
            recorded.append({"config": config, "rates": rates(make, 0.4, steps)})
        except ZeroDivisionError:
            print("PyTorch divides by zero:", config)
    return recorded


def main() -> None:
    """Write both files."""
    DATA.mkdir(exist_ok=True)
    cases = []
    for name, options, kind, torch_options in OPTIMIZERS:
        chosen = options if torch_options is None else torch_options
        paths = {
            key: trajectory(kind, chosen, dtype)
            for key, dtype in (("float64", torch.float64), ("float32", torch.float32))
        }
        cases.append({"name": name, "options": options, "theta": paths})
    source = {"pytorch": torch.__version__, "made_by": "tests/optim/record_pytorch.py"}
    start64, gradients64 = start(torch.float64).tolist(), gradients(torch.float64).tolist()
    files = {
        "optimizers": {**source, "start": start64, "gradients": gradients64, "cases": cases},
        "schedules": {**source, "cases": schedules()},
    }
    for name, content in files.items():
        text = json.dumps(content, separators=(",", ":")).replace('{"name"', '\n{"name"')
        (DATA / f"pytorch_{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
