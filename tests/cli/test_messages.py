"""The messages of a command lead to the command that works."""

import pytest

from tests.cli.messy import TABLES, follow, write_messy


@pytest.mark.long
@pytest.mark.parametrize("missing", ["drop", "mean"])
@pytest.mark.parametrize("name", TABLES)
def test_a_messy_export_is_trained_on_and_predicted_in_three_tries(name, missing, tmp_path, capsys):
    pytest.importorskip("pandas")
    pytest.importorskip("sklearn")
    path, out = tmp_path / f"{name}.csv", tmp_path / "out"
    targets = write_messy(path, name)
    command = ["train", path, "--target", ",".join(targets), "--epochs", 3, "--out", out]
    tries, _, printed = follow(command, capsys, f"--task {TABLES[name]}", f"--missing {missing}")
    assert tries <= 3
    assert "for comparison: " in printed.out
    tries, _, printed = follow(["predict", out / "model.npz", path], capsys)
    assert tries <= 3
