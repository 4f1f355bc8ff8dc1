"""ONNX files that are a chain of layers are read; for others, the first other operator is named."""

import numpy as np
import pytest

import mlp
from mlp import FileFormatError
from mlp.export import from_onnx, to_onnx
from tests.export.networks import MANY_SEEDS, SEEDS, assert_close, draw, inputs

onnx = pytest.importorskip("onnx")
helper = onnx.helper
FLOAT, DOUBLE = onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE
rng = np.random.default_rng(0)
W, b = rng.normal(size=(3, 4)), rng.normal(size=4)
X = rng.normal(size=(5, 3))


def node(operator, inputs, output, **attributes):
    return helper.make_node(operator, inputs, [output], f"the {operator}", **attributes)


def tensor(name, array):
    return onnx.numpy_helper.from_array(np.asarray(array), name)


def write(path, nodes, constants, n_in=3, n_out=4, opset=20, output="A"):
    """Write a file of these nodes, from X to A."""
    values = [("X", n_in), (output, n_out)]
    graph = helper.make_graph(
        nodes,
        "a graph",
        *([helper.make_tensor_value_info(name, DOUBLE, ["n", n])] for name, n in values),
        [tensor(name, array) for name, array in constants.items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    path.write_bytes(model.SerializeToString())
    return model


def assert_back(seed, path):
    net = draw(seed)
    to_onnx(net, path)
    same, X = from_onnx(path), inputs(net)
    assert_close(same.predict(X), net, X)
    kinds = [name for name in map(repr, same.layers) if name != "ActivationLayer('identity')"]
    expected = [
        name
        for name in map(repr, net.layers)
        if not name.startswith("Dropout") and name != "ActivationLayer('identity')"
    ]
    assert same.dtype == net.dtype
    if kinds[-1].startswith("Dense") == expected[-1].startswith("Dense"):
        assert [k.partition("(")[0] for k in kinds] == [k.partition("(")[0] for k in expected]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_exported_comes_back(seed, tmp_path):
    assert_back(seed, tmp_path / "net.onnx")


@pytest.mark.long
def test_what_was_exported_comes_back_for_many_networks(tmp_path):
    for seed in MANY_SEEDS:
        assert_back(seed, tmp_path / "net.onnx")


DENSE = {
    "Gemm": [node("Gemm", ["X", "W", "b"], "A")],
    "Gemm, transposed": [node("Gemm", ["X", "W_T", "b"], "A", transB=1)],
    "MatMul and Add": [node("MatMul", ["X", "W"], "Z"), node("Add", ["Z", "b"], "A")],
    "Add the other way round": [node("MatMul", ["X", "W"], "Z"), node("Add", ["b", "Z"], "A")],
    "bias as a row": [node("MatMul", ["X", "W"], "Z"), node("Add", ["Z", "row"], "A")],
    "a constant node": [
        node("Constant", [], "c", value=tensor("c", b)),
        node("Gemm", ["X", "W", "c"], "A"),
    ],
}


@pytest.mark.parametrize("name", DENSE)
def test_dense_layers_are_read_in_each_spelling(name, tmp_path):
    write(tmp_path / "net.onnx", DENSE[name], {"W": W, "W_T": W.T.copy(), "b": b, "row": b[None]})
    net = from_onnx(tmp_path / "net.onnx", loss="mse")
    assert np.abs(net.predict(X) - (X @ W + b)).max() < 1e-14
    assert repr(net) == "MLP([Dense(3, 4, 'identity')], loss='mse')"


def test_gelu_as_pytorch_writes_it_before_opset_20_is_read(tmp_path):
    nodes = [
        node("MatMul", ["X", "W"], "Z"),
        node("Div", ["Z", "root"], "1"),
        node("Erf", ["1"], "2"),
        node("Add", ["2", "one"], "3"),
        node("Mul", ["Z", "3"], "4"),
        node("Mul", ["4", "half"], "A"),
    ]
    constants = {"W": W, "root": np.float64(np.float32(2**0.5)), "one": 1.0, "half": 0.5}
    write(tmp_path / "net.onnx", nodes, constants, opset=17)
    assert repr(from_onnx(tmp_path / "net.onnx").layers) == "(Dense(3, 4, 'gelu'),)"


def test_mish_as_pytorch_writes_it_before_opset_18_is_read(tmp_path):
    nodes = [
        node("MatMul", ["X", "W"], "Z"),
        node("Softplus", ["Z"], "1"),
        node("Tanh", ["1"], "2"),
        node("Mul", ["Z", "2"], "A"),
    ]
    write(tmp_path / "net.onnx", nodes, {"W": W}, opset=17)
    assert repr(from_onnx(tmp_path / "net.onnx").layers) == "(Dense(3, 4, 'mish'),)"


def test_a_selu_of_other_constants_is_rejected(tmp_path):
    nodes = [node("MatMul", ["X", "W"], "Z"), node("Selu", ["Z"], "A", gamma=1.0)]
    write(tmp_path / "net.onnx", nodes, {"W": W})
    with pytest.raises(FileFormatError, match=r"has gamma 1, expected 1\.0507"):
        from_onnx(tmp_path / "net.onnx")


def test_the_rate_of_dropout_is_read(tmp_path):
    nodes = [node("Dropout", ["X", "rate"], "D"), node("MatMul", ["D", "W"], "A")]
    write(tmp_path / "net.onnx", nodes, {"W": W, "rate": 0.25})
    assert from_onnx(tmp_path / "net.onnx").layers[0].rate == 0.25


FOREIGN = {
    "Sin": [node("MatMul", ["X", "W"], "Z"), node("Sin", ["Z"], "A")],
    "Conv": [node("Conv", ["X", "W"], "A")],
    "Sub": [node("Sub", ["X", "b"], "Z"), node("MatMul", ["Z", "W"], "A")],
    "Scaler": [helper.make_node("Scaler", ["X"], ["A"], "the Scaler", domain="ai.onnx.ml")],
    "Add": [  # of a branch
        node("MatMul", ["X", "W"], "Z"),
        node("Relu", ["Z"], "R"),
        node("Add", ["Z", "R"], "A"),
    ],
    "Relu": [node("MatMul", ["X", "W"], "Z"), node("Relu", ["X"], "A")],
    "MatMul": [node("MatMul", ["W", "X"], "A")],
    "Gemm": [node("Gemm", ["X", "W", "b"], "A", alpha=2.0)],
    "Softmax": [node("MatMul", ["X", "W"], "Z"), node("Softmax", ["Z"], "A", axis=0)],
}


@pytest.mark.parametrize("name", FOREIGN)
def test_the_first_operator_of_no_layer_is_named(name, tmp_path):
    write(tmp_path / "net.onnx", FOREIGN[name], {"W": W, "b": b})
    with pytest.raises(FileFormatError, match=rf"operator (ai\.onnx\.ml\.)?{name} 'the {name}':"):
        from_onnx(tmp_path / "net.onnx")


# --- hostile files


def damaged(path, change):
    model = write(path, DENSE["Gemm"], {"W": W, "b": b})
    change(model)
    path.write_bytes(model.SerializeToString())


def external(model):
    constant = model.graph.initializer[0]
    constant.ClearField("raw_data")
    constant.data_location = onnx.TensorProto.EXTERNAL
    constant.external_data.add(key="location", value="/etc/passwd")


def huge(model):
    model.graph.initializer[0].dims[:] = [1 << 40, 1 << 40]


def negative(model):
    model.graph.initializer[0].dims[:] = [-3, -4]


def many(model):
    for _ in range(20_000):
        model.graph.node.add(op_type="Relu", input=["X"], output=["X"])


DAMAGES = {
    "is stored in another file": external,
    "has the shape": huge,
    "has the shape (-3, -4)": negative,
    "has 20001 operators": many,
    "has the constant 'W' twice": lambda m: m.graph.initializer.append(m.graph.initializer[0]),
    "has type 8": lambda m: setattr(m.graph.initializer[0], "data_type", 8),
    "has the opsets [9]": lambda m: setattr(m.opset_import[0], "version", 9),
    "has the opsets []": lambda m: m.ClearField("opset_import"),
    "operator Gemm 'the Gemm': has no output": lambda m: m.graph.node[0].ClearField("output"),
    "has the output 'other'": lambda m: setattr(m.graph.output[0], "name", "other"),
    "expected one of each": lambda m: m.graph.input.append(
        helper.make_tensor_value_info("Y", DOUBLE, [1])
    ),
    "sparse constants or functions": lambda m: m.functions.add(name="f", domain="d"),
    "has the output 'A', expected 'X'": lambda m: m.graph.node.pop(),
}


@pytest.mark.parametrize("reason", DAMAGES)
def test_a_hostile_file_is_rejected_with_the_reason(reason, tmp_path):
    damaged(tmp_path / "net.onnx", DAMAGES[reason])
    with pytest.raises(FileFormatError) as caught:
        from_onnx(tmp_path / "net.onnx")
    assert reason in caught.value.reason


@pytest.mark.parametrize("content", [b"", b"\0", b"PK\3\4", b"\x08\x09" * 50, b"\xff" * 1000])
def test_what_is_no_onnx_file_is_rejected(content, tmp_path):
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(FileFormatError):
        from_onnx(tmp_path / "net.onnx")


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError):
        from_onnx(tmp_path / "net.onnx")
    with pytest.raises(FileFormatError, match="is not a regular file"):
        from_onnx(tmp_path)


def test_a_loss_that_does_not_fit_is_rejected(tmp_path):
    write(tmp_path / "net.onnx", DENSE["Gemm"], {"W": W, "b": b})
    with pytest.raises(ValueError, match="^loss: received 'hinge', expected one of"):
        from_onnx(tmp_path / "net.onnx", loss="hinge")
    with pytest.raises(ValueError, match="cross_entropy"):
        from_onnx(tmp_path / "net.onnx", loss="cross_entropy")
    assert isinstance(from_onnx(tmp_path / "net.onnx", loss="huber"), mlp.MLP)
