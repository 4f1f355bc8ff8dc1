"""Batches: every row once an epoch, in arrays that are allocated once."""

import numpy as np
import pytest

from mlp.training import Batch, Batches
from mlp.training.data import Rows


def data(n=7):
    X = np.arange(2.0 * n).reshape(n, 2)
    return X, -X, np.arange(float(n))


def make(batch_size=3, shuffle=True, n=7):
    X, Y, weight = data(n)
    return Batches(
        Rows(X, X.shape[1], X.dtype), Y, weight, n_out=2, batch_size=batch_size, shuffle=shuffle
    )


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(3, [3, 3, 1]), (7, [7]), (99, [7]), (None, [7]), (1, [1] * 7)]
)
def test_an_epoch_has_every_row_once_with_its_target_and_weight(batch_size, sizes, shuffle):
    batches, rng = make(batch_size, shuffle), np.random.default_rng(0)
    for _ in range(2):
        seen = [Batch(*(array.copy() for array in batch)) for batch in batches.epoch(rng)]
        assert [len(batch.X) for batch in seen] == sizes
        X, Y, weight = (np.concatenate([batch[i] for batch in seen]) for i in range(3))
        assert sorted(weight) == list(range(7))
        assert np.array_equal(X, data()[0][weight.astype(int)])
        assert np.array_equal(Y, -X)
    assert len(batches) == len(sizes)


def test_a_shuffled_epoch_follows_one_permutation_of_the_generator():
    batches = make(batch_size=3)
    rng, own = np.random.default_rng(5), np.random.default_rng(5)
    for _ in range(3):
        order = np.concatenate([batch.weight.copy() for batch in batches.epoch(rng)])
        assert np.array_equal(order, own.permutation(7))
    assert rng.bit_generator.state == own.bit_generator.state


@pytest.mark.parametrize(("batch_size", "shuffle"), [(3, False), (None, True), (7, True)])
def test_what_is_not_shuffled_is_a_view_and_draws_nothing(batch_size, shuffle):
    batches, rng = make(batch_size, shuffle), np.random.default_rng(0)
    before = rng.bit_generator.state
    for batch in batches.epoch(rng):
        assert np.shares_memory(batch.X, batches.X.source)
        assert np.shares_memory(batch.Y, batches.targets)
    assert rng.bit_generator.state == before


def test_gathered_batches_use_the_same_memory_and_leave_the_data_alone():
    batches = make(batch_size=3)
    rng = np.random.default_rng(0)
    first, *others = [batch.X.base for _ in range(3) for batch in batches.epoch(rng)]
    assert all(memory is first for memory in others)
    assert not any(np.shares_memory(batch.X, batches.X.source) for batch in batches.epoch(rng))
    assert np.array_equal(batches.X.source, data()[0])


@pytest.mark.parametrize("shuffle", [False, True])
def test_labels_become_one_hot_rows(shuffle):
    X, _, weight = data()
    labels = np.array([2, 0, 1, 1, 0, 2, 2])
    batches = Batches(
        Rows(X, X.shape[1], X.dtype), labels, weight, n_out=3, batch_size=3, shuffle=shuffle
    )
    for batch in batches.epoch(np.random.default_rng(0)):
        assert np.array_equal(batch.Y, np.eye(3)[labels[batch.weight.astype(int)]])
        assert batch.Y.dtype == X.dtype


def test_without_weights_a_batch_has_none():
    X, Y, _ = data()
    batches = Batches(Rows(X, X.shape[1], X.dtype), Y, None, n_out=2, batch_size=3, shuffle=True)
    assert [batch.weight for batch in batches.epoch(np.random.default_rng(0))] == [None] * 3
