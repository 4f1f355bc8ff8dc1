"""Small tables that `mlp train` and `mlp predict` are tested on."""

import csv

import numpy as np

from mlp.cli import main

FAST = ("--layers", "8", "--epochs", "5")


def flowers(n=60, seed=0):
    """Return columns of numbers and of words, a class that follows from them, and a price."""
    rng = np.random.default_rng(seed)
    width, height = rng.normal(5, 2, n), rng.normal(100, 20, n)
    colour = rng.choice(["red", "blue", "white"], n)
    kind = np.where(width + (colour == "red") > 5.5, "rose", "aster")
    price = 10 * width + 0.1 * height + rng.normal(size=n)
    return {
        "id": [f"f{i}" for i in range(n)],
        "width": width.tolist(),
        "height": height.tolist(),
        "colour": colour.tolist(),
        "kind": kind.tolist(),
        "price": price.tolist(),
    }


def write_csv(path, columns, delimiter=","):
    """Write columns to a file; return its name."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return str(path)


def without(columns, *names):
    return {name: column for name, column in columns.items() if name not in names}


def read_rows(path):
    """Return the rows of a CSV file as dicts."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def train(data, folder, *options):
    return main(["train", str(data), "--out", str(folder), *map(str, options)])


def assert_rejected(capsys, command, message, folder=None):
    """A command ends with code 2 and one line that holds the message; nothing is made."""
    assert main(command) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert printed.err.startswith(f"mlp {command[0]}: error: ")
    assert message in printed.err
    assert folder is None or not folder.exists()
