"""Descriptions that are not the JSON of a network."""

import pytest

from tests.files.forge import forge
from tests.files.refused import MIB, assert_refused


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "Expecting value"),
        (b"[]", "is not an object"),
        (b"5", "is not an object"),
        (b"null", "is not an object"),
        (b'{"$array": "float64", "shape": []}', "is not an object"),
        (b'{"format": "mlp-model"', "Expecting"),
        (b'{"a": 1} x', "Extra data"),
        (b'{"a": 1, "a": 2}', r"has a key twice in \['a'\]"),
        (b'{"m": [{"a": 1, "b": 2, "a": 2}]}', "has a key twice"),
        (b'{"a": NaN}', "has NaN, expected finite numbers"),
        (b'{"a": -Infinity}', "has -Infinity"),
        (b'{"a": 1e999}', "has 1e999"),
        (b'{"a": %s}' % (b"9" * 41), "has an int beyond 128 bits"),
        (b'{"a": 340282366920938463463374607431768211456}', "has an int beyond 128 bits"),
        (b'{"a": %s}' % (b"9" * 500_000), "has an int beyond 128 bits"),
        (b'{"a": "\xc3\xa9"}', "ascii"),
        (b'{"a": "\xff"}', "ascii"),
        ('{"a": 1}'.encode("utf-16"), "ascii"),
        (b'\xef\xbb\xbf{"a": 1}', "ascii"),
        ('{"a": 1}'.encode("utf-16-le"), "Expecting|control"),
        (b"[" * 100_000, "is nested deeper than 32"),
        (b'{"a":' * 100_000, "is nested deeper than 32"),
        (b"[" * 40 + b"]" * 40, "is nested deeper than 32"),
        (b'{"a": ' + b"[" * 33 + b"]" * 33 + b"}", "is nested deeper than 32"),
        (b'"' + b'\\"' * 500_000, "Unterminated"),
        (b'{"a": "' + b"[" * 500_000, "Unterminated"),
        (b'{"a": "\\', "Unterminated|escape"),
        (b" " * ((1 << 20) + 1), "expected at most 1048576"),
        (b" " * (1 << 20), "Expecting value"),
        (b'{"a": [%s[]]}' % (b"[]," * 87_000), "has the format 'None'"),
        (b'{"a": [%s{}]}' % (b'{"":{}},' * 32_000), "has the format 'None'"),
        (b"{%s}" % b",".join(b'"%d":0' % i for i in range(25_000)), "has the format 'None'"),
        (b'{"format": "mlp-checkpoint", "version": 1}', "has the format 'mlp-checkpoint'"),
        (b'{"format": ["mlp-model"], "version": 1}', "has the format"),
        (b'{"format": "mlp-model"}', "has version None, expected 1"),
        (b'{"format": "mlp-model", "version": 2}', "has version 2, expected 1"),
        (b'{"format": "mlp-model", "version": 0}', "has version 0, expected 1"),
        (b'{"format": "mlp-model", "version": 1.0}', "has version 1.0, expected 1"),
        (b'{"format": "mlp-model", "version": true}', "has version True, expected 1"),
        (b'{"format": "mlp-model", "version": [1]}', "has version"),
        (b'{"format": "mlp-model", "version": 1}', "metadata: received None, expected dict"),
        (b'{"format": "mlp-model", "version": 1, "metadata": {}}', "model: received"),
    ],
    ids=map(str, range(42)),
)
def test_odd_descriptions_are_refused(path, text, reason):
    # 64 bytes for each of the text: at most 64 MiB for the longest, of 1 MiB
    assert_refused(forge(path, text, {}), reason, most=MIB + 64 * len(text))
