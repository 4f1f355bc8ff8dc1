"""A good file that a test may spoil."""

import pytest

from tests.files.forge import small


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The bytes of a good file."""
    path = tmp_path_factory.mktemp("good") / "net.npz"
    small().save(path)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path, good):
    """A good file that a test may spoil."""
    path = tmp_path / "net.npz"
    path.write_bytes(good)
    return path
