"""What the program prints, on any terminal: closed, of another encoding, or with hostile names."""

import io
import json
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest

from mlp.cli import main
from mlp.cli.output import PrintedText, plain_warnings
from mlp.studies.finder.result import FinderResult
from mlp.studies.rates.result import SweepResult
from mlp.training import History
from tests.cli.small_tables import write_csv

HOSTILE = ["\x1b[31mred\x1b[0m", "a\nforged  100%", "caf\u00e9 \u202e\u4e2d", "x\ry"]
ENCODINGS = ["cp437", "cp932", "cp1251", "ascii", "utf-16"]


@pytest.fixture
def model(tmp_path):
    """Return a table with hostile names, the model trained on it, and the folder of both."""
    rng = np.random.default_rng(0)
    columns = {
        "$x_1^": rng.normal(size=40).tolist(),
        "\x1b]0;title\x07y": rng.normal(size=40).tolist(),
        "t\x1b[1m\u00e9": HOSTILE * 10,
    }
    (tmp_path / "da\nta").mkdir()
    return write_csv(tmp_path / "da\nta" / "\x1b[2Jevil.csv", columns), tmp_path / "o\x1b[7mut"


def train(model, *options):
    table, out = model
    few = ["--epochs", "1", "--layers", "3", "--validation", "0.5"]
    return ["train", table, "--target", "3", *few, "--out", str(out), *options]


def commands(model):
    """Return a call of each command, printing text or data."""
    table, out = model
    sweep = ["sweep", "--epochs", "1", "--out", str(out), "--json"]
    find_lr = ["find-lr", "--data", "xor", "--layers", "2,2,2", "--steps", "4", "--out", str(out)]
    predict = ["predict", str(out / "model.npz"), table]
    trace = ["trace", "--format", "html"]
    return [train(model), predict, ["trace"], trace, sweep, find_lr, ["info"], ["--help"]]


@pytest.fixture
def without_pictures(monkeypatch):
    """Make the commands skip their pictures, which take most of their time."""
    monkeypatch.setattr(SweepResult, "plot", lambda *_, **__: None)
    monkeypatch.setattr(FinderResult, "plot", lambda *_, **__: None)
    monkeypatch.setattr(History, "plot", lambda *_, **__: None)
    monkeypatch.setattr("mlp.plotting.save_figure", lambda _, path: path)


class Streams:
    """Standard output and error as a process with another encoding has them."""

    def __init__(self, patch, encoding):
        self.bytes = {name: io.BytesIO() for name in ("stdout", "stderr")}
        for name, raw in self.bytes.items():
            patch.setattr(sys, name, io.TextIOWrapper(raw, encoding))

    def read(self, name):
        getattr(sys, name).flush()
        return self.bytes[name].getvalue()


def run(arguments):
    """Return the exit code of a command, that of a help text included."""
    try:
        return main(arguments)
    except SystemExit as exit:
        return exit.code


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_is_readable_and_data_is_utf_8_in_every_encoding(model, encoding):
    with pytest.MonkeyPatch.context() as patch:
        streams = Streams(patch, encoding)
        assert main(train(model)) == 0
        assert main(["trace"]) == 0
        text = streams.read("stdout").decode(encoding)
        assert "accuracy" in text
        assert (" × " if encoding == "utf-16" else " x ") in text
        streams = Streams(patch, encoding)
        assert main(["predict", str(model[1] / "model.npz"), model[0]]) == 0
        rows = streams.read("stdout").decode("utf-8")
        assert "t\x1b[1m\u00e9" in rows.splitlines()[0]
        streams = Streams(patch, encoding)
        assert main(["predict", str(model[1] / "model.npz"), model[0], "--json"]) == 0
        found = json.loads(streams.read("stdout").decode("utf-8"))
    assert sorted(found["scores"]["labels"]) == sorted(HOSTILE)


@pytest.mark.usefixtures("without_pictures")
def test_every_command_works_with_closed_streams(model, monkeypatch, capsys):
    for arguments in commands(model):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", None)
            assert run(arguments) == 0, arguments
    capsys.readouterr()
    for arguments, code in ((commands(model)[1], 0), (["train", "no.csv", "--target", "t"], 2)):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", None)
            assert main(arguments) == code
        # `print(file=None)` would print what is meant for standard error
        assert "error" not in (printed := capsys.readouterr().out)
        assert "accuracy" not in printed


@pytest.mark.usefixtures("without_pictures")
def test_every_command_ends_with_141_when_the_reader_goes_away(model, monkeypatch):
    for arguments in commands(model):
        reader, writer = os.pipe()
        os.close(reader)
        with monkeypatch.context() as patch, open(writer, "w") as stream:
            patch.setattr(sys, "stdout", stream)
            assert run(arguments) == 141, arguments


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is full")
def test_a_full_disk_is_one_line(monkeypatch, capsys):
    with monkeypatch.context() as patch, open("/dev/full", "w") as stream:
        patch.setattr(sys, "stdout", stream)
        assert main(["info"]) == 2
    said = capsys.readouterr().err
    assert said == "mlp info: error: standard output: no space left on device\n"


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
@pytest.mark.parametrize("closing", [">&-", "2>&-", ">&- 2>&-"])
def test_a_process_without_streams_ends_well(closing):
    command = f'"{sys.executable}" -W error -m mlp trace {closing}'
    done = subprocess.run(command, shell=True, capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stderr == b""


def test_names_reach_the_terminal_as_one_line_without_control_characters(model, capsys):
    assert main(train(model)) == 0
    table, out = model
    assert main(["predict", str(out / "model.npz"), table, "--out", str(out / "p.csv")]) == 0
    trained = capsys.readouterr()
    assert main(train(model, "--task", "regress")) == 2
    assert main(["train", "no\x1b[2J\nfile.csv", "--target", "1"]) == 2
    with pytest.raises(SystemExit, match="2"):
        main(["info", "\x1b[2J\nextra"])
    errors = capsys.readouterr().err
    assert errors.count("\n") == 3
    text = trained.out + trained.err + errors
    assert text.replace("\n", "").isprintable()
    rows = [line.split("  ")[0] for line in trained.out.splitlines()]
    for name in (r"\x1b[31mred\x1b[0m", r"a\nforged", "caf\u00e9 \\u202e\u4e2d", r"x\ry"):
        assert rows.count(name) == 2
    assert "forged" not in rows


def test_a_progress_bar_keeps_its_carriage_returns_and_no_others():
    stream = io.StringIO()
    PrintedText(stream, "standard error").write("\rhalf\rway")
    assert stream.getvalue() == "\rhalf\\rway"


def test_data_on_a_terminal_has_no_control_characters_either(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(stream, "isatty", lambda: True)
    PrintedText(stream, "standard output").write_data("caf\u00e9,\x1b[2J\n")
    stream.flush()
    assert stream.buffer.getvalue() == b"caf?,\\x1b[2J\n"


def test_a_warning_is_one_line_and_comes_once():
    with plain_warnings("mlp train"):
        lines = [warnings.formatwarning(words, UserWarning, "a.py", 1) for words in "\n\nb"]
    assert lines == ["mlp train: warning: \\n\n", "", "mlp train: warning: b\n"]
    assert "a.py" in warnings.formatwarning("b", UserWarning, "a.py", 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "digits", "--layers", "999999999999999"],
        ["sweep", "--data", "xor", "--layers", "2,999999999999999,2"],
        ["sweep", "--data", "xor", "--seeds", "999999999999999"],
        ["sweep", "--epochs", "999999999999999"],
        ["find-lr", "--data", "xor", "--layers", "2,999999999999999,2"],
    ],
)
def test_more_memory_than_there_is_is_one_line_with_its_size(arguments, tmp_path, capsys):
    assert main([*arguments, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert f"mlp {arguments[0]}: error: out of memory: Unable to allocate " in said
    assert "iB for an array with shape" in said
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_column_of_too_many_words_is_one_line(tmp_path, capsys):
    columns = {"w": [f"w{i}" for i in range(60)], "x": list(range(60)), "t": ["a", "b"] * 30}
    table = write_csv(tmp_path / "words.csv", columns)
    assert main(["train", table, "--target", "t", "--one-hot", "w", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "60 different words in 'w' for 60 rows, expected at most 30" in said
    assert said.count("\n") == 1
