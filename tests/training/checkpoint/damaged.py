"""Damages the trees of checkpoints; the archives around them are flawless."""

import copy

import numpy as np

VALUES = [
    *(None, True, False, 0, 1, -1, 3, 2**31, 2**53, 2**62, 2**64, 2**100, -(2**100)),
    *(0.0, 0.5, -0.5, 1e308, -1e308, "", "x", "PCG64", "failed", [], [0], [[]], {}, {"x": 1}),
    *(np.array(0), np.array(1.5), np.array(np.nan), np.zeros(0), np.zeros(1, np.int64)),
    *(np.array([2**63], np.uint64), np.array([True]), np.zeros((2, 3), np.float32)),
]
EXTREMES = [0, 1, -1, 2, 7, 10**6, -(10**6), 0.5, 1e-300, 1e30, 1e300, np.nan, np.inf, -np.inf]
DTYPES = ["f8", "f4", "i8", "i4", "u8", "u4", "u1", "?"]


def places(node):
    """Return every place of a tree as a pair of node and key."""
    items = list(node.items() if isinstance(node, dict) else enumerate(node))
    found = [(node, key) for key, _ in items]
    for _, value in items:
        if isinstance(value, dict | list):
            found += places(value)
    return found


def damage(tree, draw):
    """Return a copy of a tree with one to three changes."""
    tree = copy.deepcopy(tree)
    for _ in range(draw.choice([1, 1, 1, 2, 3])):
        node, key = draw.choice(places(tree))
        change = draw.random()
        if change < 0.1:
            del node[key]
        elif change < 0.15 and isinstance(node, list):
            node.append(copy.deepcopy(node[key]))
        elif change < 0.2 and isinstance(node, dict):
            node[draw.choice(["more", "loss", "v", "stride"])] = draw.choice(VALUES)
        elif change < 0.3:
            other, there = draw.choice(places(tree))
            node[key] = copy.deepcopy(other[there])
        elif isinstance(node[key], np.ndarray):
            node[key] = changed(node[key], draw)
        elif type(node[key]) in (int, float) and change < 0.7:
            node[key] += draw.choice([1, -1, 2, 10, -100])
        else:
            node[key] = copy.deepcopy(draw.choice(VALUES))
    return tree


def changed(array, draw):
    """Return an array that differs in a number, its shape or its type."""
    kind = draw.randrange(6)
    if kind == 0:
        return copy.deepcopy(draw.choice(VALUES))
    with np.errstate(all="ignore"):
        if kind == 1:
            return array.astype(draw.choice(DTYPES))
        if kind == 2 and array.size:
            return draw.choice([array[:-1] if array.ndim else array[None], array[..., None]])
        if kind == 3:
            return draw.choice([array.ravel(), np.concatenate([np.atleast_1d(array)] * 2)])
        array = array.copy()
        if array.size:
            value = np.array(draw.choice(EXTREMES)).astype(array.dtype)
            one = np.unravel_index(draw.randrange(array.size), array.shape)
            array[... if kind == 4 else one] = value
        return array
