"""Ways to spoil a file: its bytes, the text or the tree of its description, its members."""

import json
import re

from tests.files.forge import array_places, contents, forge

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


MUTATIONS = [by_bytes, by_bytes, by_bytes, by_text, by_tree, by_members]


def source_of(path):
    """Return what a file is mutated from."""
    description, members = contents(path)
    text = json.dumps(description).encode()
    return {"data": path.read_bytes(), "text": text, "members": members}
