"""`mlp trace`, run as a person runs it."""

import json
import os
import subprocess
import sys

import pytest
from PIL import Image

import mlp
from mlp.cli import main

pytestmark = pytest.mark.slow


def test_it_prints_mazurs_first_step(capsys):
    assert main(["trace"]) == 0
    text = capsys.readouterr().out
    assert "0.298371109" in text  # the error
    assert "0.0821670406" in text  # dE/dw5
    assert "0.35891648" in text  # w5 after the step


def test_the_learning_rate_moves_the_weights_and_not_the_gradient(capsys):
    main(["trace", "mazur", "--lr", "1.0"])
    text = capsys.readouterr().out
    assert "0.0821670406" in text
    assert "0.317832959" in text  # 0.4 - 1.0 * 0.0821670406


@pytest.mark.parametrize("name", ["document-001", "document-002", "document-003", "document-004"])
def test_markdown_of_every_document_is_printed(capsys, name):
    assert main(["trace", name, "--format", "markdown", "--digits", "5"]) == 0
    assert "| quantity | formula |" in capsys.readouterr().out


def test_an_unknown_example_ends_with_code_2_and_the_nearest_name(capsys):
    assert main(["trace", "mazurr"]) == 2
    assert "mazur" in capsys.readouterr().err


def test_json_holds_every_number_of_the_trace(capsys):
    assert main(["trace", "mazur", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    example = mlp.examples.mazur()
    traced = mlp.trace(example.network, example.x, example.t, 0.5, names=example.weight_names)
    assert found["loss"] == traced.loss
    assert {u["name"]: u["gradient"] for u in found["updates"]} == {
        u.name: u.gradient for u in traced.updates
    }
    assert found["updates"][0]["factors"][0]["terms"][0]["names"] == ["dE/dz_o1", "w5"]
    assert found["files"] == []


def test_json_of_numbers_that_are_not_finite_is_json(capsys):
    main(["trace", "document-003", "--lr", "1e308", "--json"])
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["lr"] == 1e308


@pytest.mark.parametrize(
    ("form", "ending"),
    [("text", "txt"), ("markdown", "md"), ("latex", "tex"), ("html", "html")],
)
def test_out_writes_what_is_printed(tmp_path, capsys, form, ending):
    folder = tmp_path / "a" / "b"
    assert main(["trace", "Document-001", "--format", form, "--out", str(folder)]) == 0
    written = (folder / f"trace_document-001.{ending}").read_text()
    printed = capsys.readouterr().out
    assert printed.startswith(written.rstrip())
    assert printed.endswith(f"Wrote {folder}/trace_document-001.{ending}.\n")


def test_out_that_is_a_file_ends_with_code_2(tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    assert main(["trace", "--out", str(tmp_path / "file")]) == 2
    assert "expected a folder" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "kept"


def test_a_reader_that_goes_away_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "mlp", "trace"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert run.stderr == ""
    assert run.returncode == 141


def test_several_steps_are_printed_one_after_the_other(capsys):
    assert main(["trace", "mazur", "--steps", "3"]) == 0
    text = capsys.readouterr().out
    assert [f"Step {n} of gradient descent" in text for n in (1, 2, 3, 4)] == [True] * 3 + [False]
    assert text.count("E falls from") == 3
    assert main(["trace", "mazur", "--steps", "3", "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)["steps"]
    assert [step["step"] for step in steps] == [1, 2, 3]
    assert steps[1]["loss"] == steps[0]["loss_after"]


def test_the_step_is_that_of_the_optimizer(capsys):
    assert main(["trace", "mazur", "--optimizer", "momentum", "--steps", "2", "--json"]) == 0
    for step in json.loads(capsys.readouterr().out)["steps"]:
        assert step["optimizer"] == "sgd with momentum"
        for update in step["updates"]:
            velocity, last = update["rules"]
            assert last["value"] == update["step"] == 0.5 * velocity["value"]
    assert main(["trace", "mazur", "--optimizer", "adan"]) == 2
    assert "optimizer: received 'adan'" in capsys.readouterr().err


def test_a_page_holds_all_steps_and_needs_no_other_file(capsys):
    assert main(["trace", "mazur", "--steps", "2", "--format", "html"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("<!DOCTYPE html>")
    assert page.count("<h2>Step ") == 2
    assert "http" not in page
    assert "src=" not in page


def test_no_steps_end_with_code_2(capsys):
    assert main(["trace", "mazur", "--steps", "0"]) == 2
    assert "steps: received 0" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_network_is_drawn_where_it_is_wanted(tmp_path, capsys, ending):
    file, folder = tmp_path / "pictures" / f"net.{ending}", tmp_path / "text"
    assert main(["trace", "document-001", "--plot", str(file), "--out", str(folder)]) == 0
    example = mlp.examples.document_001()
    found = mlp.trace(example.network, example.x, example.t, names=example.weight_names)
    found.plot(tmp_path / f"expected.{ending}")
    assert file.read_bytes() == (tmp_path / f"expected.{ending}").read_bytes()
    text = folder / "trace_document-001.txt"
    assert capsys.readouterr().out.endswith(f"Wrote {file} and {text}.\n")


def test_of_several_steps_the_last_is_drawn(tmp_path, capsys):
    main(["trace", "--steps", "3", "--plot", str(tmp_path / "last.svg"), "--json"])
    assert json.loads(capsys.readouterr().out)["files"] == [str(tmp_path / "last.svg")]
    example = mlp.examples.mazur()
    what = (example.network, example.x, example.t, example.lr)
    mlp.trace(*what, names=example.weight_names, steps=3)[2].plot(tmp_path / "expected.svg")
    assert (tmp_path / "last.svg").read_bytes() == (tmp_path / "expected.svg").read_bytes()


def test_a_picture_of_an_unknown_kind_ends_with_code_2_and_writes_nothing(tmp_path, capsys):
    command = ["trace", "--plot", str(tmp_path / "net.gif"), "--out", str(tmp_path / "text")]
    assert main(command) == 2
    captured = capsys.readouterr()
    assert "expected a name ending in one of .png, .svg, .pdf" in captured.err
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


def test_steps_are_animated(tmp_path, capsys):
    assert main(["trace", "--steps", "2", "--animate", str(tmp_path / "a" / "step.gif")]) == 0
    with Image.open(tmp_path / "a" / "step.gif") as file:
        assert file.n_frames == 2
    assert "step.gif" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--animate", "step.mp4"], "--animate: received 'step.mp4', expected a name ending in"),
        (["--animate", "a.gif", "--steps", "1"], "--steps: received 1, expected"),
    ],
)
def test_an_animation_that_cannot_be_made_is_rejected(options, message, capsys):
    assert main(["trace", *options]) == 2
    assert message in capsys.readouterr().err
