"""The names of all numbers of a trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from mlp.core import ActivationLayer, BatchNorm, Dense, Dropout, Layer, LayerNorm

Place = tuple[int, int, int] | str
_PREFIXES: dict[type[Layer], str] = {
    Dense: "a",
    ActivationLayer: "act",
    BatchNorm: "bn",
    LayerNorm: "ln",
    Dropout: "drop",
}


class Names:
    """The names of the inputs, units and parameters of a network.

    Units have the textbook names x1, h1, o1, and h2_1 in the second of several hidden layers, or
    are named by their place: ``a[0][2]`` is ``layers[0].A[row, 2]``. A hidden layer of the
    textbooks is a dense layer together with the layers after it that have no weights, as in
    `plot_network`: h1 is the output of the last of these, ``a_h1`` or ``bn_h1`` that of others.

    Parameters
    ----------
    layers : sequence of Layer
    n_in : int
    given : mapping of str to (layer, i, j) or str, optional
        Names for weights, ``layers[layer].W[i, j]``, or for any number by its place, such as
        ``{"age": "x[0]", "bias": "b[0][1]"}``. With it, all others have textbook names.
    columns : sequence of str, optional
        The names of the inputs.
    n_rows : int, default 1
        With several, the names of what each row has of its own end in its number.

    Raises
    ------
    ValueError, TypeError
        If a place does not exist or has two names.

    Examples
    --------
    >>> import mlp
    >>> net = mlp.MLP([Dense(2, 3), BatchNorm(), Dense(3, 1)], seed=0)
    >>> places = Names(net.layers, 2)
    >>> places.parameter(0, "W", (1, 2)), places.output(0, 2), places.parameter(1, "beta", (0,))
    ('w[0][1,2]', 'a[0][2]', 'beta[1][0]')
    >>> names = Names(net.layers, 2, {"w1": (0, 0, 0), "age": "x[0]"}, n_rows=4)
    >>> names.parameter(0, "W", (0, 0)), names.input(0, 3), names.output(0, 2), names.output(1, 2)
    ('w1', 'age(4)', 'a_h3(1)', 'h3(1)')
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        n_in: int,
        given: Mapping[str, Place] | None = None,
        columns: Sequence[str] | None = None,
        n_rows: int = 1,
    ) -> None:
        if not isinstance(given, Mapping | None):
            raise TypeError(
                f"names: received {given!r}, expected a mapping of str to (layer, i, j)"
            )
        self._by_place, self._n_rows = given is None, n_rows
        self._layers = layers
        self._columns, self._ordinals = self._arranged(n_in)
        self._ends = {column: layer for layer, column in enumerate(self._columns)}
        self.output, self.z = cache(self._output), cache(self._z)  # of each weight's two ends
        self._given = {f"x[{i}]": name for i, name in enumerate(columns or ())}
        places, named = self._places(n_in), set[str]()
        for name, at in (given or {}).items():
            place = f"w[{at[0]}][{at[1]},{at[2]}]" if _is_tuple(at) else at
            if not isinstance(place, str) or place not in places:
                raise ValueError(
                    f"names: received {name!r} for {at}, expected (layer, i, j) of a weight or a "
                    f"place such as 'x[0]', 'a[0][1]' or 'b[1][0]'; the weights have the shapes "
                    f"{[layer.W.shape for layer in layers if isinstance(layer, Dense)]}"
                )
            if place in named:
                raise ValueError(
                    f"names: received {self._given[place]!r} and {name!r} for {at}, expected one"
                )
            named.add(place)
            self._given[place] = name

    def _arranged(self, n_in: int) -> tuple[list[int], list[int]]:
        """Return each layer's column in a diagram, and its number among its kind there."""
        columns, ordinals, width = list[int](), list[int](), n_in
        for layer in self._layers:
            n_out = layer.n_out or width
            before = columns[-1] if columns else 0
            column = before + (isinstance(layer, Dense) or n_out != width)
            same = [
                c for c, other in zip(columns, self._layers, strict=False)
                if c == column and type(other) is type(layer)
            ]  # fmt: skip
            columns.append(column)
            ordinals.append(len(same) + 1)
            width = n_out
        return columns, ordinals

    def _places(self, n_in: int) -> set[str]:
        """Return all places that can be named."""
        places, width = {f"x[{i}]" for i in range(n_in)}, n_in
        for k, layer in enumerate(self._layers):
            width = layer.n_out or width
            places |= {f"{letter}[{k}][{j}]" for letter in "az" for j in range(width)}
            for key, array in layer.params.items():
                shape = () if self._is_shared(k, key) else array.shape
                places |= {_by_place(k, key, at) for at in _indices(shape)}
        return places | {f"{letter}[{j}]" for letter in "tE" for j in range(width)}

    def _is_shared(self, layer: int, key: str) -> bool:
        one = self._layers[layer]
        return isinstance(one, Dense) and one.share_bias and key == "b"

    def _of(self, head: str, index: str, textbook: str, row: int | None) -> str:
        """Return the name at the place ``head[index]``, on a row if that is not None."""
        place = f"{head}[{index}]" if index else head
        given = self._given.get(place)
        has_row = row is not None and self._n_rows > 1
        if not has_row:
            return given or (place if self._by_place else textbook)
        if self._by_place:
            by_row = f"{head}[{row},{index}]" if index else f"{head}[{row}]"
            return f"{given}[{row}]" if given else by_row
        return f"{given or textbook}({(row or 0) + 1})"

    def _stem(self, column: int) -> str:
        """Return what the names of the units of a column begin with."""
        if column == 0:
            return "x"
        if column == self._columns[-1]:
            return "o"
        return "h" if self._columns[-1] == 2 else f"h{column}_"

    def _unit(self, column: int, j: int) -> str:
        """Return the name of a unit of a column, without a row."""
        place = f"a[{self._ends[column]}][{j}]" if column else f"x[{j}]"
        return self._given.get(place) or f"{self._stem(column)}{j + 1}"

    def input(self, i: int, row: int | None = 0) -> str:
        """Return the name of input i."""
        return self._of("x", f"{i}", f"x{i + 1}", row)

    def _output(self, layer: int, j: int, row: int | None = 0) -> str:
        """Return the name of output j of a layer; layer -1 gives the inputs."""
        if layer < 0:
            return self.input(j, row)
        column = self._columns[layer]
        textbook = self._unit(column, j)
        if column == 0 or layer < self._ends[column]:
            kind = type(self._layers[layer])
            ordinal = self._ordinals[layer] if self._ordinals[layer] > 1 else ""
            textbook = f"{_PREFIXES.get(kind, kind.__name__.lower())}{ordinal}_{textbook}"
        return self._of(f"a[{layer}]", f"{j}", textbook, row)

    def _z(self, layer: int, j: int, row: int | None = 0) -> str:
        """Return the name of the weighted sum of unit j of a dense layer."""
        return self._of(f"z[{layer}]", f"{j}", f"z_{self._unit(self._columns[layer], j)}", row)

    def of_unit(self, word: str, layer: int, j: int, row: int | None = None) -> str:
        """Return the name of a number that a layer has of each unit, such as its mean."""
        ordinal = self._ordinals[layer] if self._ordinals[layer] > 1 else ""
        textbook = f"{word}{ordinal}_{self._unit(self._columns[layer], j)}"
        return self._of(f"{word}[{layer}]", f"{j}", textbook, row)

    def of_row(self, word: str, layer: int, row: int) -> str:
        """Return the name of a number that a layer has of each row."""
        ordinal = self._ordinals[layer] if self._ordinals[layer] > 1 else ""
        stem = self._stem(self._columns[layer]).removesuffix("_")
        return self._of(f"{word}[{layer}]", "", f"{word}{ordinal}_{stem}", row)

    def parameter(self, layer: int, key: str, at: tuple[int, ...]) -> str:
        """Return the name of one number of a parameter."""
        at = () if self._is_shared(layer, key) else at
        place = _by_place(layer, key, at)
        if place in self._given or self._by_place or type(self._layers[layer]) not in _PREFIXES:
            return self._given.get(place, place)
        if key == "W":
            return place
        if key == "b":
            column = self._columns[layer]
            return f"b_{self._unit(column, at[0])}" if at else f"b{column}"
        return self.of_unit(key, layer, at[0])

    def target(self, j: int, row: int = 0) -> str:
        """Return the name of target j."""
        return self._of("t", f"{j}", f"t{j + 1}", row)

    def error(self, j: int, row: int = 0) -> str:
        """Return the name of output j's contribution to the loss."""
        return self._of("E", f"{j}", f"E{j + 1}", row)

    def row_error(self, row: int) -> str:
        """Return the name of the loss of a row; E if there is one row."""
        return self._of("E", "", "E", row)


def _is_tuple(place: object) -> bool:
    """Return whether a place is given as three whole numbers."""
    return (
        isinstance(place, tuple)
        and len(place) == 3
        and all(isinstance(number, int) for number in place)
    )


def _by_place(layer: int, key: str, at: tuple[int, ...]) -> str:
    head = f"{'w' if key == 'W' else key}[{layer}]"
    return f"{head}[{','.join(map(str, at))}]" if at else head


def _indices(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = [()]
    for size in shape:
        found = [(*at, i) for at in found for i in range(size)]
    return found
