"""Writes the files of version 1 in data/, once; they are never written again.

python -m tests.files.record_version_1
"""

from pathlib import Path

from tests.files.forge import METADATA, NETWORKS
from tests.files.runs import RUNS, write

DATA = Path(__file__).parent / "data"

if __name__ == "__main__":
    for name, make in NETWORKS.items():
        path = DATA / f"version_1_{name}.npz"
        if not path.exists():
            make().save(path, METADATA)
    for name, make in RUNS.items():
        path = DATA / f"checkpoint_1_{name}.npz"
        if not path.exists():
            write(path, make(filled=True))
