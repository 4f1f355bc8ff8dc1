"""Stores the pictures that the tests hold new ones against.

``python -m tests.plotting.record_pictures``; look at each before it is committed.
"""

from tests.plotting.diagrams import PICTURES
from tests.plotting.pictures import STORED, picture

if __name__ == "__main__":
    STORED.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        (STORED / f"{name}.png").write_bytes(picture(draw()))
