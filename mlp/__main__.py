"""The program ``mlp``, also run as ``python -m mlp``."""

from __future__ import annotations

import sys

from mlp.machine import tune_process


def main() -> int:
    """Run the program with the BLAS kernel that suits the CPU; return its exit code."""
    tune_process()  # before NumPy is loaded
    from mlp.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
