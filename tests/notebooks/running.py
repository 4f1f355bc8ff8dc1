"""Runs a notebook from top to bottom, as its reader would."""

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

HANGS = 300  # seconds; no cell takes so long, even on a machine that is busy with other things
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def run(path: Path, folder: Path) -> tuple[NotebookNode, float]:
    """Execute a notebook in a new kernel, whose files go to `folder`.

    Returns the notebook with its new outputs, and how many seconds of computing they took.
    """
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("import time; print(time.process_time())"))
    client = NotebookClient(
        notebook,
        timeout=HANGS,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=_environment())
    seconds = float(notebook.cells.pop().outputs[0].text)
    notebook.metadata = NotebookNode(METADATA)  # what is known of this machine is left out
    return notebook, seconds


def _environment() -> dict[str, str]:
    """Return this process's environment, with this package and Jupyter's choice of pictures.

    Products are small here: threads of BLAS that wait for each other would only take time.
    """
    ours = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    paths = [str(ROOT), *filter(None, [ours.get("PYTHONPATH")])]
    return ours | {"PYTHONPATH": os.pathsep.join(paths), "OPENBLAS_NUM_THREADS": "1"}
