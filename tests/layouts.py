"""The same numbers in all kinds of arrays that a user may have."""

import numpy as np


def read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def with_gaps(array):
    wide = np.full((*array.shape, 2), np.nan)
    wide[..., 0] = array
    return wide[..., 0]


def unaligned(array):
    return np.frombuffer(b"x" + array.tobytes(), array.dtype, offset=1).reshape(array.shape)


LAYOUTS = {
    "read-only": read_only,
    "Fortran order": np.asfortranarray,
    "with gaps": with_gaps,
    "backwards": lambda array: np.ascontiguousarray(array[::-1])[::-1],
    "big-endian": lambda array: array.astype(">f8"),
    "unaligned": unaligned,
    "lists": np.ndarray.tolist,
    "more digits": lambda array: array.astype(np.longdouble),
}
