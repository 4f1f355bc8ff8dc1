"""Imports run one way, `import mlp` is light, and no module is long."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import assert_runs

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("mlp/**/*.py"))

# What every part may import: leaves, which import nothing of ours.
LEAVES = ["mlp._atomic", "mlp._names"]

# What each part of the package may import of ours besides itself and the leaves.
MAY_IMPORT = {
    "_atomic": [],
    "_names": [],
    "core": [],
    "optim": [],
    "datasets": [],
    "files": ["mlp.core", "mlp.optim"],
    "training": ["mlp.core", "mlp.optim", "mlp.files"],
    "studies": [
        "mlp.core",
        "mlp.optim",
        "mlp.files",
        "mlp.training",
        "mlp.datasets",
        "mlp.machine",
    ],
    "machine": ["mlp"],  # for its version; it knows nothing else of the package
    "plotting": ["mlp.training.history", "mlp.studies.sweep.result"],  # records only
    "cli": ["mlp"],
    "__init__": ["mlp"],
    "__main__": ["mlp"],
}

# What runs back, inside a function only: records that have a `.plot()`, and `MLP.save`.
MAY_IMPORT_LAZILY = {
    "mlp/core/copied.py": "mlp.files",
    "mlp/studies/chain_rule/tracing.py": "mlp.plotting",
    "mlp/studies/finder/result.py": "mlp.plotting",
    "mlp/studies/sweep/result.py": "mlp.plotting",
    "mlp/training/history.py": "mlp.plotting",
    "mlp/training/layer_record.py": "mlp.plotting",
}

HEAVY = {
    "matplotlib",
    "tqdm",
    "sklearn",
    "scipy",
    "pandas",
    "torch",
    "jax",
    "dask",
    "distributed",
    "mpi4py",
    "safetensors",
    "onnx",
}
LONGEST = 300


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def is_ours(module: str) -> bool:
    path = ROOT.joinpath(*module.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def imports(node: ast.AST, package: list[str], lazy: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield each module imported below `node`, and whether that happens inside a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, lazy) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            parents = package[: len(package) + 1 - child.level] if child.level else []
            module = ".".join([*parents, *([child.module] if child.module else [])])
            for alias in child.names:
                full = f"{module}.{alias.name}"
                yield (full if is_ours(full) else module), lazy
        else:
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                # a type's name costs nothing at run time, but our own arrows hold for it too
                named = imports(child, package, lazy)
                yield from (found for found in named if is_within(found[0], "mlp"))
                continue
            yield from imports(child, package, lazy or is_function)


def offences(path: str, source: str) -> list[str]:
    """Return the imports in `source`, the text of `path`, that run back."""
    part = path.split("/")[1].removesuffix(".py")
    if part not in MAY_IMPORT:
        return [f"MAY_IMPORT has no rule for {part}"]
    leaves = [] if f"mlp.{part}" in LEAVES else LEAVES
    allowed = [f"mlp.{part}", *MAY_IMPORT[part], *leaves]
    found = []
    for module, lazy in imports(ast.parse(source), path.split("/")[:-1]):
        if is_within(module, "matplotlib"):
            fine = part == "plotting"
        elif path in MAY_IMPORT_LAZILY and is_within(module, MAY_IMPORT_LAZILY[path]):
            fine = lazy
        else:
            fine = not is_within(module, "mlp") or any(is_within(module, a) for a in allowed)
        if not fine:
            found.append(module)
    return found


def test_the_package_and_its_core_are_there():
    assert "mlp/__init__.py" in MODULES
    assert (ROOT / "mlp/core").is_dir()
    assert any(module.startswith("mlp/core/") for module in MODULES)


@pytest.mark.parametrize("path", MODULES)
def test_no_import_runs_back(path):
    assert offences(path, (ROOT / path).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("path", "source", "offence"),
    [
        ("mlp/core/layers.py", "from mlp.optim import SGD", "mlp.optim"),
        ("mlp/core/layers.py", "from ..datasets import load", "mlp.datasets"),
        ("mlp/core/layers.py", "from mlp import core, MLP", "mlp"),
        ("mlp/core/layers.py", "import mlp", "mlp"),
        ("mlp/core/copied.py", "from mlp.files import write_model", "mlp.files"),
        ("mlp/core/network.py", "def f():\n    import mlp.files", "mlp.files"),
        ("mlp/files/model.py", "from mlp.training import Trainer", "mlp.training"),
        ("mlp/optim/sgd.py", "def f():\n    import mlp.core.network", "mlp.core.network"),
        ("mlp/datasets/idx.py", "from .. import MLP", "mlp"),
        ("mlp/training/trainer.py", "lazy = 1\nif lazy:\n    import mlp.studies", "mlp.studies"),
        ("mlp/training/trainer.py", "def f():\n    import mlp.plotting", "mlp.plotting"),
        ("mlp/training/history.py", "import mlp.plotting", "mlp.plotting"),
        ("mlp/plotting/curves.py", "from mlp.training.trainer import X", "mlp.training.trainer"),
        ("mlp/studies/sweep.py", "from matplotlib import pyplot", "matplotlib"),
        ("mlp/cli/sweep.py", "def f():\n    import matplotlib.pyplot", "matplotlib.pyplot"),
        ("mlp/files/model.py", "from mlp.cli import main", "mlp.cli"),
        ("mlp/core/layers.py", "if TYPE_CHECKING:\n    from mlp.optim import SGD", "mlp.optim"),
        ("mlp/_names.py", "import mlp.core", "mlp.core"),
        ("mlp/newcomer/x.py", "", "MAY_IMPORT has no rule for newcomer"),
    ],
)
def test_the_check_finds_an_import_that_runs_back(path, source, offence):
    assert offences(path, source) == [offence]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("mlp/core/layers.py", "import numpy as np\nfrom .activations import Relu"),
        ("mlp/core/copied.py", "def save():\n    from mlp.files import write_model"),
        ("mlp/training/checkpoint.py", "from mlp.files import write_archive"),
        ("mlp/core/layers.py", "from mlp._names import find_name"),
        ("mlp/training/history.py", "if TYPE_CHECKING:\n  from matplotlib.axes import Axes"),
        ("mlp/training/history.py", "class History:\n  def plot(self):\n    import mlp.plotting"),
        ("mlp/studies/sweep.py", "from mlp.core import network\nfrom mlp.training import Trainer"),
        ("mlp/plotting/curves.py", "import matplotlib\nfrom mlp.training.history import History"),
        ("mlp/cli/sweep.py", "import mlp\nfrom mlp.studies.sweep.result import SweepResult"),
        ("mlp/__init__.py", "from .core.network import MLP"),
    ],
)
def test_the_check_lets_an_import_pass_that_runs_forward(path, source):
    assert offences(path, source) == []


EVERYTHING_LIGHT = [
    "MLP",
    "Trainer",
    "SGD",
    "learning_rate_sweep",
    "trace",
    "examples",
    "datasets",
    "History",
]


@pytest.mark.parametrize("names", [[], EVERYTHING_LIGHT], ids=["import mlp", "its names"])
def test_import_mlp_loads_nothing_heavy_even_when_its_names_are_used(names):
    script = (
        "import sys; before = set(sys.modules); import mlp; "
        f"used = [getattr(mlp, name) for name in {names}]; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    loaded = set(assert_runs("-c", script).split())
    assert "mlp" in loaded
    assert ("numpy" in loaded) == bool(names)  # `import mlp` loads not even that
    assert loaded & HEAVY == set()


def test_the_commands_load_nothing_heavy_before_they_draw():
    script = "import sys, mlp.cli; print(*{name.partition('.')[0] for name in sys.modules})"
    assert set(assert_runs("-c", script).split()) & HEAVY == set()


@pytest.mark.parametrize("path", MODULES)
def test_no_module_is_longer_than_300_lines(path):
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= LONGEST
