"""What a trace calls its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlp.core import Dense


class Names:
    """The names of the inputs, units and parameters of a network of dense layers.

    Parameters
    ----------
    layers : sequence of Dense
    weight_names : mapping of str to (layer, i, j), optional
        Names for ``layers[layer].W[i, j]``. With it, units are called as in textbooks: x1, h1,
        o1, and h2_1 in the second of several hidden layers. Without, everything is called by its
        place: ``w[0][1,2]`` is ``layers[0].W[1, 2]``.

    Raises
    ------
    ValueError
        If a name stands for a weight that there is not, or two for the same.

    Examples
    --------
    >>> layers = [Dense(2, 3, "sigmoid"), Dense(3, 1)]
    >>> places = Names(layers)
    >>> places.weight(0, 1, 2), places.unit(0, 2), places.bias(1, 0)
    ('w[0][1,2]', 'a[0][2]', 'b[1][0]')
    >>> names = Names(layers, {"w1": (0, 0, 0)})
    >>> names.weight(0, 0, 0), names.unit(0, 2), names.unit(1, 0)
    ('w1', 'h3', 'o1')
    """

    def __init__(
        self,
        layers: Sequence[Dense],
        weight_names: Mapping[str, tuple[int, int, int]] | None = None,
    ) -> None:
        self._layers = layers
        self._by_place = weight_names is None
        self._weights: dict[tuple[int, int, int], str] = {}
        if not isinstance(weight_names, Mapping | None):
            raise TypeError(
                f"names: received {weight_names!r}, expected a mapping of str to (layer, i, j)"
            )
        for name, place in (weight_names or {}).items():
            self._add(name, place)

    def _add(self, name: str, place: tuple[int, int, int]) -> None:
        sizes = [(dense.n_in, dense.n_out) for dense in self._layers]
        if not _is_place(place, sizes):
            raise ValueError(
                f"names: received {name!r} for {place}, expected (layer, i, j) of a weight; "
                f"the layers have the shapes {sizes}"
            )
        if place in self._weights:
            raise ValueError(
                f"names: received {self._weights[place]!r} and {name!r} for {place}, expected one"
            )
        self._weights[place] = name

    def input(self, i: int) -> str:
        """Return the name of input i."""
        return f"x[{i}]" if self._by_place else f"x{i + 1}"

    def unit(self, layer: int, j: int) -> str:
        """Return the name of the output of unit j; layer -1 are the inputs."""
        if layer < 0:
            return self.input(j)
        if self._by_place:
            return f"a[{layer}][{j}]"
        if layer == len(self._layers) - 1:
            return f"o{j + 1}"
        return f"h{j + 1}" if len(self._layers) == 2 else f"h{layer + 1}_{j + 1}"

    def z(self, layer: int, j: int) -> str:
        """Return the name of the weighted sum of unit j."""
        return f"z[{layer}][{j}]" if self._by_place else f"z_{self.unit(layer, j)}"

    def weight(self, layer: int, i: int, j: int) -> str:
        """Return the name of ``W[i, j]``."""
        return self._weights.get((layer, i, j), f"w[{layer}][{i},{j}]")

    def bias(self, layer: int, j: int) -> str:
        """Return the name of the bias of unit j, or of the one that all units share."""
        if self._layers[layer].share_bias:
            return f"b[{layer}]" if self._by_place else f"b{layer + 1}"
        return f"b[{layer}][{j}]" if self._by_place else f"b_{self.unit(layer, j)}"

    def target(self, j: int) -> str:
        """Return the name of target j."""
        return f"t[{j}]" if self._by_place else f"t{j + 1}"

    def error(self, j: int) -> str:
        """Return the name of the part of output j in the loss."""
        return f"E[{j}]" if self._by_place else f"E{j + 1}"


def _is_place(place: object, sizes: Sequence[tuple[int, int]]) -> bool:
    """Return whether it is (layer, i, j) of a weight in layers of these sizes."""
    if not isinstance(place, tuple) or len(place) != 3:
        return False
    if not all(isinstance(number, int) for number in place):
        return False
    layer, i, j = place
    n_in, n_out = sizes[layer] if 0 <= layer < len(sizes) else (0, 0)
    return bool(0 <= i < n_in and 0 <= j < n_out)
