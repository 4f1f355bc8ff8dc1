"""``mlp playground``: the command that serves the page."""

import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest

from mlp.cli import main


def test_the_page_is_served_until_ctrl_c(tmp_path):
    command = [sys.executable, "-W", "error", "-m", "mlp", "playground", "--no-browser"]
    environment = {"XDG_CACHE_HOME": str(tmp_path), "PATH": "", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        url, _, hint = process.stdout.readline().partition(" ")
        assert url.startswith("http://127.0.0.1:")
        assert "Ctrl-C" in hint
        assert "public CDN" in process.stdout.readline()
        with urlopen(url, timeout=10) as answer:
            assert b"<title>mlp playground</title>" in answer.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_the_browser_is_opened_unless_it_is_not_wanted(monkeypatch, tmp_path, capsys):
    opened = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("mlp.cli.playground.PlaygroundServer.serve_forever", lambda self: None)
    assert main(["playground"]) == 0
    assert opened[0] in capsys.readouterr().out
    assert main(["playground", "--no-browser"]) == 0
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--port", "99999"], "--port: received 99999, expected 0 to 65535"),
        (["--runtime", "nowhere"], "no such file"),
    ],
)
def test_bad_usage_is_answered_on_one_line(arguments, message, capsys):
    assert main(["playground", "--no-browser", *arguments]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert message in errors
