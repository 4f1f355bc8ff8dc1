"""The record of layers as data: JSON both ways, and words."""

import json

import numpy as np
import pytest

import mlp
from mlp.training import LayerRecord, LayerRecorder
from mlp.training.recording.record import Histogram


def histogram(numbers):
    made = Histogram()
    made.add(np.asarray(numbers, float))
    return made


@pytest.fixture
def record():
    made = LayerRecord(["layers[0] relu", "layers[1] identity"], [3, 2])
    for epoch in (1, 2):
        made.append(
            epoch,
            [(histogram([0, epoch, 2]), histogram([-3, -4])), (histogram([-1e9]), histogram([]))],
            medians=[(epoch, -3.5), (-1e9, np.nan)],
            zeros=[epoch, 6],
            flat=[0.25 * epoch, np.nan],
            units=[np.array([0, 2, epoch % 2], np.uint8), np.zeros(2, np.uint8)],
        )
    return made


def same(one, other):
    return (one.names, one.widths) == (other.names, other.widths) and all(
        np.array_equal(one.arrays[name], other.arrays[name], equal_nan=True)
        and one.arrays[name].dtype == other.arrays[name].dtype
        for name in one.arrays
    )


def test_json_and_back_is_the_same_record(record, tmp_path):
    text = record.to_json(tmp_path / "layers.json")
    assert same(LayerRecord.from_json(text), record)
    assert same(LayerRecord.from_json(tmp_path / "layers.json"), record)


def test_a_record_of_no_epochs_comes_back_too(record):
    empty = LayerRecord(record.names, record.widths)
    assert same(LayerRecord.from_json(empty.to_json()), empty)
    assert same(LayerRecord.from_json(LayerRecord().to_json()), LayerRecord())


def test_a_real_run_comes_back(tmp_path):
    X, y = mlp.datasets.load_digits()
    net = mlp.MLP.from_sizes([64, 8, 10], "tanh", "softmax", "cross_entropy", seed=0)
    recorder = LayerRecorder(X[:50])
    mlp.Trainer(net, mlp.SGD(0.1), callbacks=[recorder]).fit(X[:200], y[:200], epochs=3)
    assert same(LayerRecord.from_json(recorder.record.to_json()), recorder.record)


def test_json_tells_units_by_their_numbers_and_holds_no_nan(record):
    data = json.loads(record.to_json(), parse_constant=pytest.fail)
    first, second = data["layers"]
    assert (data["format"], data["version"], data["epochs"]) == ("mlp-layers", 2, [1, 2])
    assert (first["name"], first["n_out"]) == ("layers[0] relu", 3)
    assert (first["dead"], first["saturated"]) == ([[1], [1]], [[2], []])
    assert first["flat"] == [0.25, 0.5]
    assert second["flat"] == [None, None]
    assert first["activations"]["median"] == [1.0, 2.0]
    assert second["log10_gradients"]["median"] == [None, None]
    assert sum(first["activations"]["counts"][0]) == 3


def test_series_are_parts_of_the_record(record):
    first, second = record.layers
    assert first.dead() == first.dead(0) == [1]
    assert (first.saturated(0), first.saturated()) == ([2], [])
    assert second.zeros.tolist() == [6, 6]
    edges, counts = first.activations.edges, first.activations.counts
    assert edges.shape == (2, 65)
    assert first.activations.medians.tolist() == [1.0, 2.0]
    assert first.gradients.medians.tolist() == [-3.5, -3.5]
    assert second.activations.medians.tolist() == [-1e9, -1e9]
    for numbers, row, known in zip(([0, 1, 2], [0, 2, 2]), edges, counts, strict=True):
        assert np.histogram(numbers, row)[0].tolist() == known.tolist()


def test_words_name_the_units_of_the_last_epoch(record):
    assert str(record).splitlines() == [
        "epoch 2",
        "layers[0] relu: 1 of 3 units dead: 1",
        "layers[1] identity: every unit works",
        "dead: no gradient passes, for any row",
    ]
    record.append(
        3,
        [(histogram([0]), histogram([]))] * 2,
        medians=[(0, np.nan)] * 2,
        zeros=[0, 0],
        flat=[1, 1],
        units=[np.array([2, 2, 1], np.uint8), np.array([0, 1], np.uint8)],
    )
    assert str(record).splitlines()[1:] == [
        "layers[0] relu: 2 of 3 units dead: 0, 1; 1 of 3 units saturated: 2",
        "layers[1] identity: 1 of 2 units saturated: 1",
        "dead: no gradient passes, for any row",
        "saturated: hardly any gradient passes, for at least 95 % of the rows",
    ]
    assert str(LayerRecord()) == "no epoch recorded"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "mlp-history"}, "expected the JSON of a LayerRecord"),
        ({"version": 1}, "received version 1, expected 2"),  # it knew no medians
        ({"version": 3}, "received version 3, expected 2"),
        ({"layers": 3}, "JSON that is not a LayerRecord's"),
        ({"epochs": []}, "not a LayerRecord's"),
        ({"epochs": [1, 2, 3]}, "not a LayerRecord's.*expected"),
        ({"epochs": None}, "not a LayerRecord's"),
        ({"epochs": [1.5, 2.5]}, "not a LayerRecord's"),
        ({"epochs": ["1", "2"]}, "not a LayerRecord's"),
    ],
)
def test_json_of_something_else_is_refused(record, change, message):
    text = json.dumps(json.loads(record.to_json()) | change)
    with pytest.raises(ValueError, match=message):
        LayerRecord.from_json(text)


@pytest.mark.parametrize("key", ["name", "n_out", "activations", "gradient_zeros", "flat", "dead"])
def test_a_part_that_is_missing_or_of_another_kind_is_refused(record, key):
    for change in ("drop", "replace"):
        data = json.loads(record.to_json())
        if change == "drop":
            del data["layers"][0][key]
        elif key == "name":
            continue
        else:
            data["layers"][0][key] = {"a": "b"}
        with pytest.raises(ValueError, match="not a LayerRecord's"):
            LayerRecord.from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["[1, 2]", "{}", "3"])
def test_a_text_that_is_no_record_is_refused(text, tmp_path):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="expected the JSON of a LayerRecord"):
        LayerRecord.from_json(path)
