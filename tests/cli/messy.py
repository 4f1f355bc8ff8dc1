"""Tables of scikit-learn as people export them, and a person who follows messages alone."""

import re
import shlex

import numpy as np

from mlp.cli import main

TABLES = {
    "iris": "classify",
    "wine": "classify",
    "breast_cancer": "classify",
    "digits": "classify",
    "diabetes": "regress",
    "linnerud": "regress",
}
"""The bundled tables, and what their targets are."""


def write_messy(path, name):
    """Write a table with words, gaps, dates, an id and a pandas index; return its targets."""
    import pandas as pd
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    frame, rng = bunch.data.copy(), np.random.default_rng(0)
    n = len(frame)
    first = frame.columns[0]
    frame[first] = frame[first].astype(object)
    frame.loc[rng.choice(n, 3, replace=False), first] = "TBD"
    last = frame.columns[-1]
    frame.loc[rng.choice(n, 2, replace=False), last] = np.nan
    frame.insert(0, "id", [f"case {rng.integers(10**9)}" for _ in range(n)])
    frame["measured on"] = pd.date_range("2024-01-01", periods=n).strftime("%Y-%m-%d")
    frame["site"] = rng.choice(["North", "South, old", "West"], n)
    frame["by"] = rng.choice(["Ana", "Bo"], n)
    frame["comment"] = np.nan
    targets = bunch.target.to_frame() if bunch.target.ndim == 1 else bunch.target
    if name == "iris":
        targets = targets.rename(columns={"target": "species"})
    for target in targets.columns:
        values = targets[target]
        if name in ("iris", "wine", "breast_cancer"):
            values = values.map(dict(enumerate(bunch.target_names)))
        frame[target] = values
    frame.loc[rng.choice(n, 2, replace=False), targets.columns[0]] = np.nan
    frame.to_csv(path)
    return list(targets.columns)


def follow(command, capsys, *known):
    """Run a command, add what its message says, and repeat; return how many tries it took.

    Of alternatives the known one is taken, as "--task regress", or else the first.
    """
    choices = dict(option.split() for option in known)
    command = [str(word) for word in command]
    for tries in range(1, 10):
        exit_code = main(command)
        printed = capsys.readouterr()
        if exit_code == 0:
            return tries, command, printed
        assert exit_code == 2
        assert printed.err.count("\n") == 1
        given = [
            (option, *shlex.split(value))
            for option, value in re.findall(r" (--[a-z-]+)[ =]('[^']*'|\S+)", printed.err)
        ]
        taken = {}
        for option, value in given:
            if value == choices.get(option, value):
                taken.setdefault(option, value)
        assert taken, printed.err
        command += [word for pair in taken.items() for word in pair]
    raise AssertionError(command)
