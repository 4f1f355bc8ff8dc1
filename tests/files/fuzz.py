"""Mutates model files and loads each: a FileFormatError or a sound network, in little memory.

python -m tests.files.fuzz --files 1000000 --seed 1

Half of the mutants are changed as bytes, and each of these must be refused. In the other half a
description or an array is changed and the archive is written again with right names, sizes and
checksums, so that what lies behind these is reached. Prints one line of JSON; on a failure the
mutant is kept and named.
"""

import argparse
import collections
import contextlib
import json
import random
import re
import resource
import sys
import tempfile
from pathlib import Path

from mlp import FileFormatError
from mlp.files import describe, read_model, rebuild
from tests.files.forge import METADATA, NETWORKS, array_places, assert_same, contents, forge

MIB = 1 << 20
WORDS = [
    *(b"", b"0", b"-1", b"1e999", b"NaN", b"null", b"true", b"[]", b"{}", b'""', b'"$array"'),
    *(b"9223372036854775808", b"1000000000000", b'"Dense"', b'"relu"', b'"float32"', b"\xff"),
    *(b'"../x"', b"[[[[[[", b'{"a": 1, "a": 2}', b"PK\1\2", b"PK\3\4", b"\0\0\0\0", b"\\u0000"),
]
VALUES = [
    *(None, True, False, 0, 1, 2, 3, -1, 10**9, 10**18, 2**64, 0.5, -0.0, 1e300, "", "Dense"),
    *("mse", "relu", "float32", "$array", [], [1], {}, {"name": "elu", "alpha": 2.0}, [0, 3]),
    *({"$array": "float64", "shape": [2, 3]}, {"$array": "uint8", "shape": [10**12]}),
]


def flip(data, draw):
    for _ in range(draw.randint(1, 4)):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def cut(data, draw):
    del data[draw.randrange(len(data)) :]


def insert(data, draw):
    at = draw.randrange(len(data) + 1)
    data[at:at] = draw.choice([draw.randbytes(draw.randint(1, 8)), draw.choice(WORDS)])


def overwrite(data, draw):
    at, word = draw.randrange(len(data)), draw.choice(WORDS) or b"\0"
    data[at : at + len(word)] = word


def move(data, draw):
    a, b = sorted(draw.sample(range(len(data)), 2))
    at = draw.randrange(len(data))
    data[at:at] = data[a:b]


def drop(data, draw):
    a = draw.randrange(len(data))
    del data[a : a + draw.randint(1, 100)]


def number(data, draw):
    """Replace a little-endian number of 2, 4 or 8 bytes by an extreme one."""
    size = draw.choice([2, 4, 8])
    value = draw.choice([0, 1, 2, 1 << 15, (1 << 8 * size) - 1, 1 << (8 * size - 1), len(data)])
    at = draw.randrange(len(data))
    data[at : at + size] = (value % (1 << 8 * size)).to_bytes(size, "little")


BYTES = [flip, cut, insert, overwrite, move, drop, number]


def by_bytes(path, source, draw):
    """Change the bytes of the file."""
    data = bytearray(source["data"])
    for _ in range(draw.randint(1, 2)):
        if data:
            draw.choice(BYTES)(data, draw)
    path.write_bytes(data)


def by_text(path, source, draw):
    """Change the bytes of the description, or replace one of its words by another."""
    text = bytearray(source["text"])
    if draw.random() < 0.5:
        words = list(re.finditer(rb'"[^"]*"|[\d.]+|true|false|null|[][{}:,]', text))
        word, other = draw.choice(words), draw.choice([*WORDS, draw.choice(words)[0]])
        text[word.start() : word.end()] = other
    else:
        draw.choice(BYTES)(text, draw)
    forge(path, bytes(text), source["members"])


def by_tree(path, source, draw):
    """Change a value of the description, and lay out the members as it then declares them."""
    tree = json.loads(source["text"])
    for _ in range(draw.randint(1, 2)):
        node, key = draw.choice(list(walk(tree)))
        if isinstance(node, dict) and draw.random() < 0.2:
            node[draw.choice(["a", "", "..", "$array", "shape", "name"])] = draw.choice(VALUES)
        elif draw.random() < 0.2:
            del node[key]
        else:
            node[key] = json.loads(json.dumps(draw.choice([*VALUES, draw.choice(VALUES)])))
    members = source["members"]
    places = [name for name in array_places(tree) if len(name) < 60000 and name.isascii()]
    spare = draw.choice(list(members.values()))
    forge(path, json.dumps(tree).encode(), [(n, members.get(n, spare)) for n in places])


def walk(node):
    """Yield every place of a tree."""
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield node, key
        if isinstance(value, dict | list):
            yield from walk(value)


def by_members(path, source, draw):
    """Swap, repeat, drop, rename or spoil members."""
    members = [[name, bytearray(data)] for name, data in source["members"].items()]
    kind, (a, b) = draw.randrange(6), draw.choices(range(len(members)), k=2)
    if kind == 0:
        members[a], members[b] = members[b], members[a]
    elif kind == 1:
        members[a][1], members[b][1] = members[b][1], members[a][1]
    elif kind == 2:
        members.insert(b, members[a])
    elif kind == 3:
        del members[a]
    elif kind == 4:
        members[a][0] = draw.choice([members[b][0], "../x.npy", "/x.npy", "x", "x" * 300])
    else:
        draw.choice(BYTES)(members[a][1], draw)
    forge(path, source["text"], [(name, bytes(data)) for name, data in members])


def sources(folder):
    """Return the files to start from."""
    found = []
    for make in NETWORKS.values():
        for metadata in (None, METADATA):
            path = folder / "source.npz"
            make().save(path, metadata)
            data = path.read_bytes()
            description, members = contents(path)
            text = json.dumps(description).encode()
            found.append({"data": data, "text": text, "members": members})
    return found


def memory():
    """Return the most memory this process has had, in bytes: reserved on Linux, else resident."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmPeak:\s+(\d+) kB", status.read_text())[1]) * 1024
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def assert_sound(path, source, mutate):
    """Fail unless what was loaded is the file that was saved, or at least a sound network."""
    net, _ = read_model(path)
    if mutate is by_bytes:
        assert path.read_bytes() == source["data"]  # not a byte of a file may differ
    assert_same(net, rebuild(describe(net)))


def fuzz(files, seed, folder):
    """Load mutants; return how many of which outcome there were, and the growth of memory."""
    starts = sources(folder)
    path = folder / "mutant.npz"
    counts = collections.Counter()
    reasons = set()
    draw = random.Random(seed)
    before = memory()
    for i in range(files):
        source = starts[i % len(starts)]
        mutate = draw.choice([by_bytes, by_bytes, by_bytes, by_text, by_tree, by_members])
        mutate(path, source, draw)
        outcome = "loaded"
        try:
            assert_sound(path, source, mutate)
        except FileFormatError as error:
            outcome = "refused"
            reasons.add(re.sub(r"[\d'\"\[\](){}.-].*", "", error.reason)[:40])
        except BaseException as error:
            error.add_note(f"mutant {i} of seed {seed} is kept as {keep(path)}")
            raise
        counts[f"{mutate.__name__} {outcome}"] += 1
    growth = (memory() - before) / MIB
    return {"files": files, "counts": counts, "reasons": len(reasons), "growth_mib": growth}


def keep(path):
    """Copy a mutant to where it stays."""
    with tempfile.NamedTemporaryFile(suffix=".npz", delete=False) as file:
        file.write(path.read_bytes())
    return file.name


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sys.stdout.write(json.dumps(fuzz(options.files, options.seed, folder)) + "\n")


if __name__ == "__main__":
    main()
