"""Networks that leave: a file of Python or C, ONNX, PyTorch, safetensors, JSON, scikit-learn."""

from mlp.export.c_header import to_c
from mlp.export.python_file import to_python

__all__ = ["to_c", "to_python"]


def __dir__() -> list[str]:
    return __all__
