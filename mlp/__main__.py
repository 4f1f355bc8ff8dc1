"""``python -m mlp`` is the program ``mlp``."""

import sys

from mlp.cli import main

if __name__ == "__main__":
    sys.exit(main())
