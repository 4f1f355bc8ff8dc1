"""The settings of the playground: what a link may hold, and how anything else is answered."""

import json

import pytest

from mlp.playground.settings import Rows, Settings

ROWS = {"X": [[0, 0], [1, 1]], "y": [0, 1], "columns": ["a", "b"], "classes": ["no", "yes"]}
ROWS["standardize"] = False


def test_settings_survive_json():
    chosen = {"data": "rows", "rows": ROWS, "hidden": [[3, "ReLU"], [2, "tanh"]], "lr": 0.25}
    settings = Settings.from_dict(chosen)
    assert settings.hidden == ((3, "relu"), (2, "tanh"))
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ([], "settings: received list, expected a dict"),
        ({"rate": 1}, "settings: received 'rate', expected the name of a setting"),
        ({"__class__": 1}, "settings: received '__class__'"),
        ({"data": "xr"}, "data: received 'xr', expected one of xor"),
        ({"data": ["xor"]}, "data: received"),
        ({"example": "../mazur"}, "example: received '../mazur'"),
        ({"hidden": [[10_000, "relu"]]}, "units: received 10000, expected a whole number from 1"),
        ({"hidden": [[1, "relu"]] * 7}, "hidden: received 7 layers, expected at most 6"),
        ({"hidden": [3]}, "hidden: received 3"),
        ({"hidden": [[3]]}, "hidden: received 1 values"),
        ({"hidden": [[3, "<script>"]]}, "activation: received '<script>'"),
        ({"hidden": "88"}, "hidden: received '88'"),
        ({"n": 1e9}, "n: received 1000000000.0"),
        ({"n": 10**9}, "n: received 1000000000, expected a whole number from 4 to 5,000"),
        ({"lr": 0}, "lr: received 0, expected a finite number > 0"),
        ({"lr": float("nan")}, "lr: received nan"),
        ({"lr": None}, "lr: received None"),
        ({"l2": -1}, "l2: received -1"),
        ({"dropout": 1}, "dropout: received 1"),
        ({"noise": 11}, "noise: received 11"),
        ({"batch_size": True}, "batch_size: received True"),
        ({"seed": 2**40}, "seed: received"),
        ({"normalization": None}, "normalization: received None"),
        ({"data": "rows"}, "rows: received with data 'rows'"),
        ({"rows": ROWS}, "rows: received with data 'xor'"),
    ],
)
def test_anything_else_is_rejected_by_name(plain, message):
    with pytest.raises((ValueError, TypeError), match="received") as caught:
        Settings.from_dict(plain)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": [[0, 0]], "y": [0]}, "rows: received 1 rows"),
        ({"y": [0]}, "rows: received 2 rows of 2 columns and 1 targets"),
        ({"X": [[0, 0], [1]]}, "X: received 1 numbers in a row, expected 2"),
        ({"X": [[0, 0], [1, "1"]]}, "X: received '1'"),
        ({"X": [[0, 0], [1, float("inf")]]}, "X: received inf"),
        ({"y": [0, 2]}, "y: received class 2, expected 0 to 1"),
        ({"y": [0, 0.5]}, "y: received 0.5"),
        ({"classes": ["no"]}, "rows: received 2 columns and 1 classes"),
        ({"classes": ["no", "no"]}, "classes: received 2 strings, expected each once"),
        ({"columns": []}, "rows: received"),
        ({"columns": [1, 2]}, "columns: received [1, 2]"),
        ({"standardize": 1}, "standardize: received 1"),
        ({"X": [[0, 0]] * 6000, "y": [0] * 6000}, "rows: received 6,000 rows"),
        ({"more": 1}, "rows: received"),
    ],
)
def test_a_table_that_is_none_is_rejected(change, message):
    with pytest.raises((ValueError, TypeError), match="received") as caught:
        Rows.from_dict(ROWS | change)
    assert str(caught.value).startswith(message)
