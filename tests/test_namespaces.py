"""`dir` of a namespace, and with it tab completion, lists public names and submodules only."""

from importlib import import_module
from pkgutil import iter_modules, walk_packages

import pytest

import mlp

PROGRAM = "mlp.cli"  # the command line: run, not imported
NAMESPACES = [
    found.name
    for found in walk_packages(mlp.__path__, "mlp.")
    if found.ispkg and found.name != PROGRAM
]


def listed(namespace):
    return {name for name in dir(namespace) if not name.startswith("_")}


@pytest.mark.parametrize("name", NAMESPACES)
def test_a_namespace_lists_its_public_names_and_submodules_only(name):
    namespace = import_module(name)
    submodules = {found.name for found in iter_modules(namespace.__path__)}
    public = set(namespace.__all__)
    assert public <= listed(namespace) <= public | submodules


def test_the_package_lists_its_public_names_only():
    import_module("mlp.cli")  # imported modules do not add to the list
    assert listed(mlp) == set(mlp.__all__)
    assert "__version__" in dir(mlp)
    for name in mlp.__all__:
        assert getattr(mlp, name) is not None
    assert mlp.examples.__name__ in NAMESPACES
