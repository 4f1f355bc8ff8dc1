"""Write the small pictures that test_baseline.py compares with, after each was looked at.

python -m tests.plotting.record_baseline
"""

from pathlib import Path

import numpy as np

from tests.plotting.pictures import PICTURES, draw

FILE = Path(__file__).with_name("baseline.npz")

if __name__ == "__main__":
    found = {
        f"{name} {page}": np.round(draw(name, page)).astype(np.uint8)
        for name in PICTURES
        for page in ("light", "dark")
    }
    np.savez_compressed(FILE, **found)
    print(f"{FILE}: {len(found)} pictures, {FILE.stat().st_size} bytes")
