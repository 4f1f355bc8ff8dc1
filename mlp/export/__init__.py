"""Exported networks: Python, C, ONNX, PyTorch, safetensors, JSON and scikit-learn."""

from mlp.export.c_header import Int8Error, to_c
from mlp.export.description import to_json
from mlp.export.onnx_file import to_onnx
from mlp.export.onnx_import import from_onnx
from mlp.export.python_file import to_python
from mlp.export.safetensors import from_safetensors, read_safetensors, to_safetensors
from mlp.export.sklearn_estimator import from_sklearn, to_sklearn
from mlp.export.state_dict import load_state_dict, state_dict
from mlp.export.torch_module import from_torch, to_torch

__all__ = [
    "Int8Error",
    "from_onnx",
    "from_safetensors",
    "from_sklearn",
    "from_torch",
    "load_state_dict",
    "read_safetensors",
    "state_dict",
    "to_c",
    "to_json",
    "to_onnx",
    "to_python",
    "to_safetensors",
    "to_sklearn",
    "to_torch",
]


def __dir__() -> list[str]:
    return __all__
