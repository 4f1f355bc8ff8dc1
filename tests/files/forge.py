"""Small networks, and archives made by hand: whatever is wrong, their checksums are right."""

import json
import zipfile
from io import BytesIO

import numpy as np

from mlp import MLP, ActivationLayer, BatchNorm, Dense, Dropout, Ensemble, LayerNorm
from mlp._archive.container import Member, write_members
from mlp.core import MemberDense, SharedDense
from mlp.core.activations import LeakyReLU
from mlp.core.losses import Huber

FIRST = "description.json"


def filled(net):
    """Give every parameter another number, without a random generator."""
    for part in (net.theta, net.fixed):
        part[...] = (np.arange(part.size).reshape(part.shape) * 0.7 - 2.1) / 3.0
    for layer in net.layers:
        if isinstance(layer, BatchNorm):
            np.abs(layer.running_var, out=layer.running_var)
    return net


def small():
    return filled(MLP([Dense(2, 3, "tanh"), Dense(3, 1)], "mse", seed=0))


def mixed():
    layers = [
        Dense(3, 2, LeakyReLU(0.3), weights=np.ones((3, 2)), bias=0.35, train_bias=False),
        Dropout(0.25),
        Dense(2, 2, "elu", weights="lecun_normal", share_bias=True),
        Dense(2, 1, "softplus", bias=False),
    ]
    return filled(MLP(layers, Huber(0.5), seed=0))


def replicas():
    layers = [Dense(2, 2, "relu"), Dense(2, 3, "softmax")]
    return filled(MLP(layers, "cross_entropy", dtype="float32", seed=0).replicate(2))


def normalized():
    first = {"gamma": [0.1, 0.2, 0.3], "running_var": 2.5}
    layers = [
        LayerNorm(0.01),
        Dense(2, 3, "relu"),
        BatchNorm(1 / 3, 0.1, first=first),
        Dense(3, 1, bias=0.1, train_bias=False),
        BatchNorm(),
    ]
    return filled(MLP(layers, "mse", seed=0).replicate(2))


def activated():
    layers = [Dense(2, 3), BatchNorm(), ActivationLayer(LeakyReLU(0.3)), Dense(3, 2)]
    net = MLP([*layers, ActivationLayer("softmax")], "cross_entropy", dtype="float32", seed=0)
    return filled(net)


def shared():
    first = {"r": [[1.0, -1.0], [0.5, 2.0]]}
    layers = [LayerNorm(), SharedDense(2, 2, 3, "tanh", signs=True, first=first)]
    return filled(MLP([*layers, MemberDense(2, 3, 1, bias=False)], "mse", seed=0))


def ensemble():
    made = Ensemble(small(), 2, rows="folds", seed=5)
    filled(made.net)
    return made


def sharing_ensemble():
    made = Ensemble(small(), 2, members="shared")
    filled(made.net)
    return made


NETWORKS = {
    "small": small,
    "mixed": mixed,
    "replicas": replicas,
    "normalized": normalized,
    "activated": activated,
    "shared": shared,
}
ENSEMBLES = {"ensemble": ensemble, "sharing_ensemble": sharing_ensemble}
SETTINGS = ("activation", "weights", "bias", "train_bias", "share_bias", "rate", "momentum", "eps")
METADATA = {
    "classes": ["benign", "málaga", 3, None, True, 0.1],
    "scale": np.array([[0.5, np.nan, -0.0]], np.float32),
    "nested": {"empty": np.zeros((0, 2)), "mask": np.array([True, False])},
}


def assert_same(net, other):
    """Fail unless two networks, or two ensembles, are one and the same, bit for bit."""
    if isinstance(net, Ensemble):
        assert repr(net) == repr(other)
        net, other = net.net, other.net
    assert repr(net) == repr(other)
    assert (net.dtype, net.replicas) == (other.dtype, other.replicas)
    assert repr(net.loss) == repr(other.loss)
    assert net.theta.tobytes() == other.theta.tobytes()
    assert net.fixed.tobytes() == other.fixed.tobytes()
    X = np.linspace(-1.0, 1.0, 4 * net.n_in).reshape(4, net.n_in)
    assert net.predict(X).tobytes() == other.predict(X).tobytes()
    for layer, twin in zip(net.layers, other.layers, strict=True):
        assert type(layer) is type(twin)
        for key in layer.params.keys() | twin.params.keys():
            assert layer.params[key].tobytes() == twin.params[key].tobytes()
        for key in (*SETTINGS, "first"):
            mine, its = getattr(layer, key, None), getattr(twin, key, None)
            if key == "weights" and not isinstance(mine, np.ndarray):
                mine, its = getattr(mine, "name", None), getattr(its, "name", None)
            assert repr(mine) == repr(its)


def contents(path):
    """Return the description and the contents of the other members, as zipfile reads them."""
    with zipfile.ZipFile(path) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    return json.loads(found.pop(FIRST)), found


def forge(path, description, members):
    """Write an archive of these contents whose zip structure is flawless."""
    text = description if isinstance(description, bytes) else json.dumps(description).encode()
    everything = [(FIRST, text), *(members.items() if isinstance(members, dict) else members)]
    with open(path, "wb") as file:
        write_members(file, [(Member(name, b"", len(data)), data) for name, data in everything])
    return path


def forge_declared(path, description, members):
    """Do what `forge` does, with those members that the description declares, in its order."""
    places = list(array_places(description))
    return forge(path, description, [(name, members[name]) for name in places if name in members])


def array_places(node, place=()):
    """Yield the names of the members that a description declares."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, dict) and "$array" in value:
            yield ".".join(map(str, (*place, key))) + ".npy"
        elif isinstance(value, dict | list):
            yield from array_places(value, (*place, key))


def npy(array):
    """Return an array in NumPy's format, as NumPy writes it."""
    file = BytesIO()
    np.lib.format.write_array(file, np.asarray(array), version=(1, 0), allow_pickle=True)
    return file.getvalue()


def rezip(path, method=zipfile.ZIP_STORED, change=None, date=(1980, 1, 1, 0, 0, 0)):
    """Write the members again with zipfile, changed by `change`."""
    with zipfile.ZipFile(path) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    members = change(members) if change else members
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name, date)
            info.compress_type = method
            with archive.open(info, "w", force_zip64=True) as file:
                file.write(data)


def declared(dtype, shape, **more):
    return {"$array": dtype, "shape": shape, **more}
