"""Imports run one way and never in a circle, `import mlp` is light, and no module is long."""

import ast
import io
import tokenize
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from tests.processes import assert_runs

ROOT = Path(__file__).resolve().parents[1]

# What each part of the package may import besides itself and the parts named for its rank.
LEAVES = {
    *("_types", "_names", "_checks", "_replicas"),
    *("_atomic", "_archive", "_hooks", "_html", "_version"),
}
FOUNDATION = LEAVES | {"core", "optim", "plotting", "machine"}
DATA = FOUNDATION | {"files", "tables", "datasets"}
STUDIES = DATA | {"training", "studies"}
MAY_IMPORT = {
    "_types": set(),
    "_checks": {"_types", "_names"},
    "_names": {"_types"},
    "_replicas": {"_types", "_names", "_checks"},
    "_atomic": {"_types", "_names", "_checks"},
    "_hooks": set(),
    "_html": {"_names"},
    "_version": set(),
    "_archive": {"_types", "_names", "_checks", "_atomic"},
    "core": LEAVES,
    "optim": LEAVES,
    "plotting": LEAVES,
    "machine": LEAVES,
    "files": FOUNDATION,
    "tables": FOUNDATION,
    "datasets": FOUNDATION | {"tables"},
    "training": DATA,
    "studies": DATA | {"training"},
    "export": STUDIES,
    "sklearn": STUDIES,
    "playground": STUDIES,
    "cli": STUDIES | {"export", "sklearn", "playground"},
    "__main__": STUDIES | {"export", "sklearn", "playground", "cli"},
    "__init__": STUDIES | {"export", "sklearn", "playground", "cli"},
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
MOST_LINES_OF_CODE = 300
MOST_ENTRIES = 16  # of a folder; private modules do not count
MOST_MODULES = 246

parse = cache(ast.parse)


def package() -> dict[str, str]:
    """Return the source of each module of the package, by its path."""
    paths = sorted(ROOT.glob("mlp/**/*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(node: ast.AST, parents: list[str], modules: set[str]) -> Iterator[tuple[str, bool]]:
    """Yield each module that is imported below `node`, and whether for its types alone.

    An import inside a function counts like any other. `parents` are the packages around the
    module, for its relative imports.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, False) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            above = parents[: len(parents) + 1 - child.level] if child.level else []
            module = ".".join([*above, *([child.module] if child.module else [])])
            for alias in child.names:
                full = f"{module}.{alias.name}"
                yield (full if full in modules else module), False
        elif isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            typed = ast.Module(child.body, [])
            yield from ((module, True) for module, _ in imports(typed, parents, modules))
            yield from imports(ast.Module(child.orelse, []), parents, modules)
        else:
            yield from imports(child, parents, modules)


def imported_by_name(sources: dict[str, str]) -> list[str]:
    """Return the calls that load a module by a name, which `imports` cannot see.

    An `__init__` may load its own parts like this, when they are first asked for.
    """
    return [
        f"{path} calls {ast.unparse(node)}"
        for path, source in sources.items()
        if not path.endswith("/__init__.py")
        for node in ast.walk(parse(source))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in ("import_module", "__import__")
    ]


def imports_of(sources: dict[str, str]) -> Iterator[tuple[str, str, bool]]:
    """Yield ``(path, module, is_for_types)`` for each import in the sources."""
    modules = {module_name(path) for path in sources}
    for path, source in sources.items():
        for module, is_for_types in imports(parse(source), path.split("/")[:-1], modules):
            yield path, module, is_for_types


def backward(sources: dict[str, str]) -> list[str]:
    """Return the imports that run against the order of the parts."""
    found = []
    for path, module, is_for_types in imports_of(sources):
        part = path.split("/")[1].removesuffix(".py")
        names = module.split(".")
        if names[0] == "matplotlib":
            is_fine = part == "plotting" or is_for_types
        elif names[0] == "mlp":
            imported = names[1] if len(names) > 1 else "__init__"
            is_fine = imported == part or imported in MAY_IMPORT.get(part, set())
        else:
            is_fine = True
        if not is_fine:
            found.append(f"{path} imports {module}")
    return found


def circles(sources: dict[str, str]) -> list[str]:
    """Return the circles of imports, each spelled out.

    Each package is looked at by itself: its children, modules and packages, are the nodes of a
    graph, and an import from the inside of one to the inside of another is an edge. So a circle
    of packages is found even if no modules form one. The `__init__` of the package holds all
    its children: to import it from below is a circle.
    """
    modules = {module_name(path) for path in sources}
    graphs: dict[str, dict[str, dict[str, str]]] = {}  # package -> child -> child -> an import
    for path, imported, _ in imports_of(sources):
        if imported not in modules:
            continue
        one, other = module_name(path).split("."), imported.split(".")
        depth = 0
        while depth < min(len(one), len(other)) and one[depth] == other[depth]:
            depth += 1
        if depth == len(one):  # a package imports its own parts, as it should
            continue
        package, child = ".".join(one[:depth]), ".".join(one[: depth + 1])
        edges = graphs.setdefault(package, {})
        edges.setdefault(child, {}).setdefault(
            ".".join(other[: depth + 1]), f"{'.'.join(one)} imports {imported}"
        )
        if depth == len(other):
            edges.setdefault(package, {}).setdefault(child, f"{package} holds {child}")
    return [
        "; ".join(edges[one][other] for one, other in pairwise(circle))
        for _, edges in sorted(graphs.items())
        for circle in circles_of(edges)
    ]


def circles_of(edges: dict[str, dict[str, str]]) -> list[list[str]]:
    """Return a shortest circle through each node that has one, each circle once."""
    found: dict[frozenset[str], list[str]] = {}
    for start in edges:
        routes, seen = [[start]], {start}
        for route in routes:  # grows while it is read: the routes by their length
            if start in edges.get(route[-1], {}):
                found.setdefault(frozenset(route), [*route, start])
                break
            for node in edges.get(route[-1], {}):
                if node not in seen:
                    seen.add(node)
                    routes.append([*route, node])
    return list(found.values())


def lines_of_code(source: str) -> int:
    """Count the lines that hold code: blank lines, comments and docstrings do not."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = set()
    for node in ast.walk(parse(source)):
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            docstrings.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    layout = (
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    )
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in layout:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - docstrings)


# --- the package


def test_every_part_of_the_package_has_a_rank():
    parts = {path.split("/")[1].removesuffix(".py") for path in package()}
    assert parts >= {"__init__", "core", "training"}
    assert parts <= MAY_IMPORT.keys()


def test_no_import_runs_against_the_order_of_the_parts():
    found = backward(package())
    assert not found, "\n".join(found)


def test_no_imports_form_a_circle():
    found = circles(package())
    assert not found, "\n".join(found)


def test_no_import_hides_behind_a_name():
    found = imported_by_name(package())
    assert not found, "\n".join(found)


def test_no_module_has_more_than_300_lines_of_code():
    lengths = {path: lines_of_code(source) for path, source in package().items()}
    assert {path: n for path, n in lengths.items() if n > MOST_LINES_OF_CODE} == {}


def test_a_folder_can_be_taken_in_at_a_glance():
    entries: dict[str, set[str]] = {}
    for path in package():
        *folders, name = path.split("/")
        for i in range(1, len(folders)):
            entries.setdefault("/".join(folders[:i]), set()).add(folders[i])
        if not name.startswith("_"):
            entries.setdefault("/".join(folders), set()).add(name)
    crowded = {folder: len(names) for folder, names in entries.items() if len(names) > MOST_ENTRIES}
    assert crowded == {}


def test_the_package_has_no_more_modules_than_now():
    count = len(package())
    assert count <= MOST_MODULES


# --- the checks themselves


@pytest.mark.parametrize(
    ("path", "source", "offence"),
    [
        ("mlp/core/layers.py", "from mlp.optim import SGD", "mlp.optim"),
        ("mlp/core/layers.py", "from ..datasets import load", "mlp.datasets"),
        ("mlp/core/layers.py", "from mlp import MLP", "mlp"),
        ("mlp/core/layers.py", "import mlp", "mlp"),
        ("mlp/core/network.py", "def f():\n    import mlp.files", "mlp.files"),
        ("mlp/core/layers.py", "if TYPE_CHECKING:\n    from mlp.optim import SGD", "mlp.optim"),
        ("mlp/core/layers.py", "if t.TYPE_CHECKING:\n  import mlp.optim", "mlp.optim"),
        ("mlp/core/x.py", "if TYPE_CHECKING: 1\nelse:\n  import matplotlib", "matplotlib"),
        ("mlp/files.py", "from mlp.training import Trainer", "mlp.training"),
        ("mlp/optim/methods.py", "def f():\n    import mlp.core.network", "mlp.core.network"),
        ("mlp/datasets/idx.py", "from .. import MLP", "mlp"),
        ("mlp/training/trainer.py", "lazy = 1\nif lazy:\n    import mlp.studies", "mlp.studies"),
        ("mlp/plotting/curves.py", "from mlp.training import History", "mlp.training"),
        ("mlp/plotting/curves.py", "if TYPE_CHECKING:\n  import mlp.core", "mlp.core"),
        ("mlp/studies/sweep.py", "from matplotlib import pyplot", "matplotlib"),
        ("mlp/cli/sweep.py", "def f():\n    import matplotlib.pyplot", "matplotlib.pyplot"),
        ("mlp/export/c.py", "from mlp.cli import main", "mlp.cli"),
        ("mlp/machine.py", "def f():\n    import mlp", "mlp"),
        ("mlp/_types.py", "import mlp._checks", "mlp._checks"),
        ("mlp/_names.py", "import mlp._checks", "mlp._checks"),
        ("mlp/newcomer/x.py", "import mlp.core", "mlp.core"),
    ],
)
def test_an_import_against_the_order_is_found(path, source, offence):
    assert backward({path: source}) == [f"{path} imports {offence}"]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("mlp/core/layers.py", "import numpy as np\nfrom .activations import Relu"),
        ("mlp/core/layers.py", "from mlp._names import find_name"),
        ("mlp/_checks.py", "from mlp._types import Array"),
        ("mlp/files.py", "from mlp._archive import read_archive"),
        ("mlp/datasets/toy.py", "from mlp.tables.table import Table"),
        ("mlp/training/checkpoint.py", "from mlp.files import write_archive"),
        ("mlp/training/history.py", "if TYPE_CHECKING:\n  from matplotlib.axes import Axes"),
        ("mlp/training/history.py", "class History:\n  def plot(self):\n    import mlp.plotting"),
        ("mlp/studies/sweep.py", "from mlp.core import network\nfrom mlp.training import Trainer"),
        ("mlp/plotting/curves.py", "import matplotlib\nfrom mlp._checks import check"),
        ("mlp/cli/sweep.py", "from mlp.studies.rates.result import SweepResult"),
        ("mlp/__init__.py", "from .core.network import MLP"),
    ],
)
def test_an_import_along_the_order_is_none(path, source):
    assert backward({path: source}) == []


CIRCLES = {
    "modules": (
        {"a.py": "import mlp.b", "b.py": "from mlp.c import x", "c.py": "from mlp import a"},
        "mlp.a imports mlp.b; mlp.b imports mlp.c; mlp.c imports mlp.a",
    ),
    "late": (
        {"a.py": "def f():\n    from mlp.b import g", "b.py": "from .a import f"},
        "mlp.a imports mlp.b; mlp.b imports mlp.a",
    ),
    "for types": (
        {"a.py": "if TYPE_CHECKING:\n    from mlp.b import B", "b.py": "import mlp.a"},
        "mlp.a imports mlp.b; mlp.b imports mlp.a",
    ),
    "own package": (
        {"p/__init__.py": "from mlp.p.a import f", "p/a.py": "def f():\n    from mlp.p import g"},
        "mlp.p.a imports mlp.p; mlp.p holds mlp.p.a",
    ),
    "own package, which imports nothing": (
        {"p/__init__.py": "", "p/q/__init__.py": "", "p/q/a.py": "from ... import p"},
        "mlp.p.q.a imports mlp.p; mlp.p holds mlp.p.q",
    ),
    "through a package": (
        {
            "p/__init__.py": "from mlp.p.a import f",
            "p/a.py": "import mlp.b",
            "b.py": "from mlp.p import f",
        },
        "mlp.p.a imports mlp.b; mlp.b imports mlp.p",
    ),
    "packages, though no modules": (
        {"p/a.py": "import mlp.q.b", "q/b.py": "", "q/c.py": "import mlp.p.d", "p/d.py": ""},
        "mlp.p.a imports mlp.q.b; mlp.q.c imports mlp.p.d",
    ),
}


@pytest.mark.parametrize("name", CIRCLES)
def test_a_circle_is_found_and_spelled_out(name):
    sources, circle = CIRCLES[name]
    assert circles({f"mlp/{path}": source for path, source in sources.items()}) == [circle]


def test_two_circles_are_told_apart():
    sources = {
        "mlp/a.py": "import mlp.b, mlp.c",
        "mlp/b.py": "import mlp.a",
        "mlp/c.py": "import mlp.d",
        "mlp/d.py": "import mlp.c",
    }
    assert circles(sources) == [
        "mlp.a imports mlp.b; mlp.b imports mlp.a",
        "mlp.c imports mlp.d; mlp.d imports mlp.c",
    ]


@pytest.mark.parametrize("call", ["import_module('mlp.b')", "importlib.import_module(b)"])
def test_an_import_behind_a_name_is_found(call):
    source = f"def f():\n    return {call}.g"
    found = imported_by_name({"mlp/p/a.py": source, "mlp/p/__init__.py": source})
    assert found == [f"mlp/p/a.py calls {call}"]


def test_what_runs_one_way_is_no_circle():
    sources = {
        "mlp/__init__.py": "from mlp import p\nif TYPE_CHECKING:\n    from mlp.p import f",
        "mlp/p/__init__.py": "from mlp.p.a import f\nfrom mlp.p.q import g",
        "mlp/p/a.py": "from mlp.p import b\nfrom mlp.p.q import g\nimport numpy",
        "mlp/p/b.py": "from mlp.p.q.c import g",
        "mlp/p/q/__init__.py": "from mlp.p.q.c import g",
        "mlp/p/q/c.py": "import mlp.r",
        "mlp/r.py": "",
        "mlp/s.py": "def f():\n    from mlp.p import a, f",
    }
    assert circles(sources) == []


def test_lines_of_code_are_neither_blank_nor_comments_nor_docstrings():
    source = '''"""A docstring
of two lines."""

import io  # code

# a comment
TEXT = """a string

is code"""


def f(
    x,
):
    """A docstring."""
    return x
'''
    assert lines_of_code(source) == 1 + 3 + 4


# --- what an import loads

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
