"""`mlp trace`, run as a person runs it."""

import pytest

from mlp.cli import main


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
