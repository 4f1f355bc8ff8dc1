"""Where a picture is shown: once in a notebook, by `plt.show`, and nowhere if it goes to a file."""

import os
import threading

import nbformat
import pytest
from matplotlib import pyplot
from nbclient import NotebookClient

import mlp
from mlp.plotting import new_axes, offscreen, plot_history, save_figure
from tests.notebooks.running import NOTEBOOKS
from tests.processes import ROOT, assert_runs

pytestmark = pytest.mark.slow

HISTORY = {"loss": [2.0, 1.0], "val_loss": [2.0, 1.5]}
CELLS = [
    """\
import mlp
from mlp.plotting import plot_history, plot_network
net = mlp.MLP.from_sizes([2, 2], seed=0)
trace = mlp.trace(net, [1, 2], [0, 1])""",
    f"plot_history({HISTORY});",
    f"ax = plot_history({HISTORY})\nax.set_title('mine')",
    "trace.plot();",
    "plot_network(net)\nimport matplotlib.pyplot as plt\nplt.show()",
    f"_, axes = plt.subplots(1, 2)\nfor ax in axes:\n    plot_history({HISTORY}, ax)",
    "trace.plot('step.png');",
    "with mlp.plotting.offscreen():\n    plot_network(net)",
    "mlp.plotting.new_axes((2, 1));",
    "mlp.Trainer(net).fit([[1, 2]], [[0, 1]], epochs=2).plot();",
    "mlp.learning_rate_sweep(net, [[1, 2]], [[0, 1]], [0.1, 0.2], epochs=2).plot();",
]
PICTURES = [0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1]


def pictures(cell):
    return [
        o.data["image/png"] for o in cell.get("outputs", ()) if "image/png" in o.get("data", {})
    ]


def test_a_notebook_shows_each_picture_exactly_once(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, CELLS)))
    env = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    client = NotebookClient(
        notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=env | {"PYTHONPATH": str(ROOT)})
    assert [len(pictures(cell)) for cell in notebook.cells] == PICTURES
    assert (tmp_path / "step.png").is_file()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_picture_stands_twice_in_a_notebook_of_the_project(path):
    found = [one for cell in nbformat.read(path, as_version=4).cells for one in pictures(cell)]
    assert found
    assert len(set(found)) == len(found)


def test_show_finds_the_figures_under_an_interactive_backend(tmp_path):
    (tmp_path / "windows.py").write_text(
        "from matplotlib.backend_bases import FigureManagerBase, _Backend\n"
        "from matplotlib.backends.backend_agg import FigureCanvasAgg\n"
        "class Manager(FigureManagerBase):\n"
        "    @classmethod\n"
        "    def pyplot_show(cls, *, block=None):\n"
        "        from matplotlib import pyplot\n"
        "        print('shown:', [len(pyplot.figure(n).axes) for n in pyplot.get_fignums()])\n"
        "class Canvas(FigureCanvasAgg):\n"
        "    manager_class = Manager\n"
        "    required_interactive_framework = None\n"
        "@_Backend.export\n"
        "class _Windows(_Backend):\n"
        "    FigureCanvas, FigureManager = Canvas, Manager\n"
    )
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import matplotlib; matplotlib.use('module://windows')\n"
        "import matplotlib.pyplot as plt\n"
        "import mlp\n"
        "net = mlp.MLP.from_sizes([2, 2], seed=0)\n"
        "step = mlp.trace(net, [1, 2], [0, 1])\n"
        "step.plot()\n"
        f"step.plot({str(tmp_path / 'step.png')!r})\n"
        f"mlp.plotting.plot_history({HISTORY})\n"
        "plt.show()\n"
    )
    assert assert_runs("-c", program) == "shown: [1, 1]\n"
    assert (tmp_path / "step.png").is_file()


@pytest.mark.parametrize("backend", ["", "TkAgg"])
def test_a_script_without_a_display_writes_files(tmp_path, backend, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MPLBACKEND", backend)
    program = (
        "import sys\n"
        "from mlp.plotting import plot_history, save_figure\n"
        f"print(save_figure(plot_history({HISTORY}), sys.argv[1]).stat().st_size > 1000)\n"
    )
    assert assert_runs("-c", program, tmp_path / "a.png") == "True\n"


def test_a_picture_for_a_file_neither_loads_pyplot_nor_stays_open(tmp_path):
    program = (
        "import sys\n"
        "import mlp\n"
        "net = mlp.MLP.from_sizes([2, 2], seed=0)\n"
        "mlp.trace(net, [1, 2], [0, 1]).plot(sys.argv[1])\n"
        "mlp.find_learning_rate(net, [[1, 2]], [[0, 1]]).plot(sys.argv[1])\n"
        "from mlp.cli import main\n"
        "main('train xor --epochs 1 --plot boundary,weights --out'.split() + sys.argv[2:])\n"
        "main(['trace', '--plot', sys.argv[1]])\n"
        "print('matplotlib.pyplot' in sys.modules)\n"
    )
    printed = assert_runs("-c", program, tmp_path / "a.png", tmp_path)
    assert printed.splitlines()[-1] == "False"


def test_another_thread_draws_off_the_screen():
    found = []
    thread = threading.Thread(target=lambda: found.append(plot_history(HISTORY)))
    thread.start()
    thread.join()
    assert found[0].figure.canvas.manager is None
    assert plot_history(HISTORY).figure.number in pyplot.get_fignums()


def test_offscreen_ends_with_its_block():
    with offscreen():
        hidden = new_axes()
    assert hidden.figure.canvas.manager is None
    assert new_axes().figure.number in pyplot.get_fignums()


def test_a_drawing_that_fails_leaves_no_figure_open():
    with pytest.raises(TypeError, match="title"):
        mlp.plotting.plot_network(mlp.MLP.from_sizes([2, 2], seed=0), title=3)
    assert pyplot.get_fignums() == []


def test_a_saved_picture_of_pyplot_stays_open(tmp_path):
    ax = plot_history(HISTORY)
    save_figure(ax, tmp_path / "a.png")
    assert ax.figure.number in pyplot.get_fignums()
