"""The ensemble: members that are trained at once, their mean and their spread."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlp._checks import (
    check_choice,
    check_count,
    check_data,
    check_sequence,
    require,
    require_keys,
)
from mlp._html import html_text
from mlp._names import shortened
from mlp._types import Array
from mlp.core import MLP, Dense
from mlp.core.description import save_model
from mlp.core.layers.members import shared_layers
from mlp.optim import Optimizer
from mlp.studies.ensemble.rows import ROWS, MemberRows
from mlp.studies.ensemble.trainer import EnsembleTrainer
from mlp.studies.sweep.variants import draw_starts
from mlp.training import History
from mlp.training.class_weights import ClassWeight

MEMBERS = ("independent", "shared")


class Ensemble:
    """Several networks of one structure, trained at once, that predict together.

    Parameters
    ----------
    net : MLP
        A network of the structure of each member. It is not changed.
    size : int, default 8
        The number of members, K.
    members : {"independent", "shared"}
        "independent": each member has its own weights, and is bit-identical to its network
        trained alone. "shared": members share the weights of all dense layers but the last, and
        have their own factors and biases: the form of TabM, see `mlp.core.SharedDense`.
    rows : {"all", "bootstrap", "folds"}
        The rows that each member is trained on: all; a sample with replacement, as large as the
        data; or all but the member's own fold. A fold is the validation data of its member,
        unless `fit` is given others.
    seed : int, default 0
        For the members' first weights and rows.

    Attributes
    ----------
    net : MLP
        The network of all members: K replicas (`MLP.replicas`), or K members (`MLP.members`).
    size, members, rows, seed
        The arguments.
    n_in, n_out, dtype
        Those of each member.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.

    Notes
    -----
    Member 0 starts with the weights of `net`; member k > 0 with those that
    ``net.initialize(np.random.default_rng([seed, k]))`` draws. Members that share weights draw
    all of them from `seed`. All members see the same batches in the same order; bootstrap samples
    and folds are weights of the rows, `row_weights`.

    So an independent member k is bit-identical to ``Trainer(net_k, ...).fit(X, Y, ...,
    sample_weight=ensemble.row_weights(n)[k])``, where ``net_k`` starts as above, with the same
    number of BLAS threads. In the rows of folds that includes early stopping, with the fold as
    the validation data.

    References
    ----------
    B. Lakshminarayanan, A. Pritzel and C. Blundell, Simple and scalable predictive uncertainty
    estimation using deep ensembles, NIPS 2017. Y. Gorishniy, A. Kotelnikov and A. Babenko, TabM:
    advancing tabular deep learning with parameter-efficient ensembling, 2024, arXiv 2410.24210.

    Examples
    --------
    >>> import mlp
    >>> train, held_out = mlp.datasets.load_digits().split(0.2, seed=0)
    >>> net = mlp.MLP.from_sizes([64, 32, 10], output="softmax", loss="cross_entropy", seed=0)
    >>> ensemble = Ensemble(net, 4)
    >>> history = ensemble.fit(*train, epochs=20, optimizer="adam")
    >>> ensemble.predict(held_out.X).shape, ensemble.predict_spread(held_out.X).shape
    ((359, 10), (359, 10))
    >>> right = ensemble.predict(held_out.X).argmax(axis=1) == held_out.y
    >>> bool(right.mean() > 0.9)
    True
    """

    def __init__(
        self,
        net: MLP,
        size: int = 8,
        *,
        members: str = "independent",
        rows: str = "all",
        seed: int = 0,
    ) -> None:
        if not isinstance(net, MLP) or net._lead:
            raise TypeError(f"net: received {shortened(net)}, expected an MLP of one network")
        check_count("size", size)
        check_choice("members", members, MEMBERS)
        check_choice("rows", rows, ROWS)
        check_count("seed", seed, 0)
        if rows == "folds" and size == 1:
            raise ValueError("size: received 1, expected 2 or more for rows='folds'")
        if members == "shared":
            own = _sharing(net, size, seed)
        else:
            own = _replicated(net, size, rows, seed)
        self._set(own, MemberRows(rows, size, seed))

    def _set(self, net: MLP, rows: MemberRows) -> None:
        self.net, self._rows = net, rows
        self.members = "independent" if net.members is None else "shared"

    @classmethod
    def _of_network(cls, net: MLP, rows: str, seed: int) -> Self:
        """Return the ensemble whose members are those of a network."""
        new = cls.__new__(cls)
        new._set(net, MemberRows(rows, net._lead[0], seed))
        return new

    @classmethod
    def from_networks(cls, nets: Sequence[MLP]) -> Self:
        """Return an ensemble of trained networks of one structure, such as the best of a sweep.

        Parameters
        ----------
        nets : sequence of MLP
            One or more; they are copied.

        Raises
        ------
        ValueError, TypeError
            If they are not networks of the same layers, loss and dtype.

        Examples
        --------
        >>> import mlp
        >>> nets = [mlp.MLP.from_sizes([2, 3, 1], seed=seed) for seed in range(3)]
        >>> Ensemble.from_networks(nets).size
        3
        """
        found = check_sequence("nets", nets, "networks")
        if not found:
            raise ValueError("nets: received none, expected at least one network")
        for i, net in enumerate(found):
            if not isinstance(net, MLP) or net._lead:
                raise TypeError(f"nets: received {shortened(net)} at {i}, expected an MLP")
            if repr(net) != repr(found[0]) or net.dtype != found[0].dtype:
                raise ValueError(
                    f"nets: received {shortened(net)} of {net.dtype} at {i}, expected the "
                    f"structure of the first, {shortened(found[0])} of {found[0].dtype}"
                )
        together = found[0].replicate(len(found))
        together._numbers = np.array([net._numbers for net in found])
        return cls._of_network(together, "all", 0)

    @property
    def size(self) -> int:
        """The number of members, K."""
        return self._rows.size

    @property
    def n_in(self) -> int:
        """The number of inputs."""
        return self.net.n_in

    @property
    def n_out(self) -> int:
        """The number of outputs."""
        return self.net.n_out

    @property
    def dtype(self) -> np.dtype[np.floating[Any]]:
        """The dtype of all arrays."""
        return self.net.dtype

    @property
    def rows(self) -> str:
        """The rows that each member is trained on: "all", "bootstrap" or "folds"."""
        return self._rows.kind

    @property
    def seed(self) -> int:
        """The seed of the members' first weights and rows."""
        return self._rows.seed

    def row_weights(self, n_rows: int, labels: ArrayLike | None = None) -> NDArray[np.float64]:
        """Return the weight of each row for each member, ``(K, n_rows)``.

        Parameters
        ----------
        n_rows : int
            The number of rows.
        labels : array_like of int (n_rows,), optional
            The classes, if the targets are integer labels: folds have their share of each.

        Returns
        -------
        ndarray (K, n_rows)
            How often the bootstrap sample of a member holds the row; or 0 for the rows of the
            member's fold and ``n_rows / n_used`` for the others.

        Raises
        ------
        ValueError, TypeError
            If there are fewer rows than folds, or the labels do not fit.
        """
        return self._rows.weights(*_labelled(n_rows, labels))

    def row_folds(self, n_rows: int, labels: ArrayLike | None = None) -> NDArray[np.intp]:
        """Return the fold of each row, ``(n_rows,)``: the member that is not trained on it.

        The parameters and errors are those of `row_weights`; ValueError for other rows than folds.
        """
        if self.rows != "folds":
            raise ValueError(f"row_folds: received rows={self.rows!r}, expected rows='folds'")
        return self._rows.folds(*_labelled(n_rows, labels))

    def trainer(self, optimizer: Optimizer | str = "sgd", **settings: Any) -> EnsembleTrainer:
        """Return a trainer of all members; it also continues a `Checkpoint` with `resume`.

        Parameters
        ----------
        optimizer : Optimizer or str, default "sgd"
            As in `Trainer`.
        **settings
            `batch_size`, `shuffle`, `seed`, `l1`, `l2`, `clip_norm`, `metrics` and `callbacks`, as
            in `Trainer`. Each independent member has its own early stopping.

        Raises
        ------
        ValueError, TypeError
            As in `Trainer`.
        """
        return EnsembleTrainer(self.net, self._rows, optimizer, **settings)

    def fit(
        self,
        X: ArrayLike,
        Y: ArrayLike,
        epochs: int = 1,
        optimizer: Optimizer | str = "sgd",
        *,
        validation: tuple[ArrayLike, ArrayLike] | None = None,
        sample_weight: ArrayLike | None = None,
        class_weight: ClassWeight | None = None,
        **settings: Any,
    ) -> History:
        """Train all members for a number of epochs, from their present weights.

        Parameters
        ----------
        X, Y, epochs, validation, sample_weight, class_weight
            As in `Trainer.fit`. Without validation data, the members of ``rows="folds"`` are
            measured on their own folds.
        optimizer, **settings
            As in `trainer`.

        Returns
        -------
        History
            Each entry is an array ``(K,)`` for independent members, and the mean over the members
            for those that share weights.

        Warns
        -----
        UserWarning
            If a member has diverged; it keeps its last good weights.

        Raises
        ------
        ValueError, TypeError, RuntimeError, TrainingDiverged
            As in `Trainer.fit`. Independent members raise no `TrainingDiverged`.
        """
        return self.trainer(optimizer, **settings).fit(
            X,
            Y,
            epochs,
            validation=validation,
            sample_weight=sample_weight,
            class_weight=class_weight,
        )

    def predict_members(self, X: ArrayLike) -> Array:
        """Return the outputs of each member, ``(K, n, n_out)``; errors as in `MLP.predict`."""
        return self.net.predict(X)

    def predict(self, X: ArrayLike) -> Array:
        """Return the mean of the members' outputs, ``(n, n_out)``.

        Parameters
        ----------
        X : array_like (n, n_in)
            The inputs.

        Raises
        ------
        ValueError, TypeError, RuntimeError
            As in `MLP.predict`.
        """
        mean: Array = self.predict_members(X).mean(axis=0)
        return mean

    def predict_spread(self, X: ArrayLike) -> Array:
        """Return the standard deviation of the outputs over the members, ``(n, n_out)``.

        It is that of the members themselves, divided by K and not by K - 1 (``ddof=0``), and 0
        for one member. The parameters and errors are those of `predict`.
        """
        spread: Array = self.predict_members(X).std(axis=0)
        return spread

    def evaluate(self, X: ArrayLike, Y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the mean loss of `predict`, the mean outputs; `net.evaluate` has the members'.

        The parameters and errors are those of `MLP.evaluate`.
        """
        net = self.net
        sizes, names = (net.n_in, net.n_out), net.feature_names
        X, Y, weight = check_data(X, Y, sample_weight, net.loss, sizes, net.dtype, names=names)
        losses = np.empty(len(X), net.dtype)
        copy.copy(net.loss).rows(self.predict(X), Y, out=losses)
        return float(losses.mean() if weight is None else np.vecdot(losses, weight) / len(X))

    def replica(self, k: int) -> MLP:
        """Return member k as a network of its own.

        For members that share weights, its weights are the products of those with its factors.

        Raises
        ------
        ValueError, TypeError
            If there is no such member.
        """
        return self.net.replica(k)

    def copy(self) -> Self:
        """Return an independent copy."""
        return copy.deepcopy(self)

    def __copy__(self) -> Self:
        """Return an independent copy, as of a network."""
        return self.copy()

    def save(self, path: str | os.PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        """Write the ensemble to a file; `mlp.load` reads it back, bit-identical.

        Parameters
        ----------
        path, metadata
            As in `MLP.save`.

        Raises
        ------
        TypeError, ValueError, OSError
            As `MLP.save`.
        """
        save_model(path, self._describe(), metadata)

    def _describe(self) -> dict[str, Any]:
        """Return the ensemble as a tree for a file; its arrays are views."""
        return self.net._describe() | {"ensemble": {"rows": self.rows, "seed": self.seed}}

    @classmethod
    def _rebuild(cls, net: MLP, node: Any) -> Self:
        """Return the ensemble that `_describe` described; TypeError or ValueError if it is none."""
        rows, seed = require_keys("ensemble", node, "rows", "seed")
        check_choice("ensemble.rows", rows, ROWS)
        check_count("ensemble.seed", require("ensemble.seed", seed, int), 0)
        if not net._lead:
            raise ValueError("ensemble: received one network, expected replicas or members")
        return cls._of_network(net, rows, seed)

    def __repr__(self) -> str:
        """Return the call that makes the ensemble, without its numbers."""
        kind = f"members={self.members!r}, rows={self.rows!r}"
        return f"Ensemble({self.replica(0)!r}, {self.size}, {kind}, seed={self.seed})"

    def _repr_html_(self) -> str:
        """Return the summary of the network of all members, with a line about them."""
        about = f"Ensemble of {self.size} {self.members} members, rows: {self.rows}"
        return f"<p>{html_text(about)}</p>\n{self.net._repr_html_()}"


def _labelled(n_rows: int, labels: ArrayLike | None) -> tuple[int, NDArray[np.intp] | None]:
    """Return the number of rows and their classes, checked."""
    n = check_count("n_rows", n_rows)
    if labels is None:
        return n, None
    classes = np.asarray(labels)
    if classes.shape != (n,) or classes.dtype.kind not in "bui":
        raise ValueError(
            f"labels: received {classes.dtype} of shape {classes.shape}, expected integers ({n},)"
        )
    return n, classes.astype(np.intp)


def _replicated(net: MLP, size: int, rows: str, seed: int) -> MLP:
    """Return a network of replicas, each with first weights of its own."""
    dense = [layer for layer in net.layers if isinstance(layer, Dense)]
    if size > 1 and rows == "all" and dense and all(layer.has_given_weights for layer in dense):
        raise ValueError(
            "net: received a network whose weights were all given, expected drawn ones, as "
            "independent members that see all rows would be the same"
        )
    together = net.replicate(size)
    together._numbers = draw_starts(net, size, seed)
    return together


def _sharing(net: MLP, size: int, seed: int) -> MLP:
    """Return a network of members that share weights."""
    rng = np.random.default_rng(seed)
    together = MLP(shared_layers(net.layers, size), net.loss, dtype=net.dtype, seed=rng)
    together.feature_names = net.feature_names
    return together
