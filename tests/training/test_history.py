"""History: lists by name, JSON both ways."""

import json
import math
from xml.etree import ElementTree

import numpy as np
import pytest

from mlp import SGD, History, Trainer
from tests.training.small import classes, classifier


def example():
    history = History()
    history.append(loss=0.1 + 0.2, lr=1e-300)
    history.append(loss=math.nan, lr=math.inf, val_loss=-math.inf)
    history.status = "diverged"
    return history


def replicas():
    history = History()
    history.append(loss=np.array([0.1, 1 / 3], np.float32), lr=0.5)
    history.append(loss=np.array([math.nan, 2 / 3]), lr=0.5)
    history.diverged_at = [2, 0]
    return history


def as_json(**changes):
    plain = {"format": "mlp-history", "version": 1, "status": "x", "diverged_at": [], "columns": {}}
    return json.dumps(plain | changes)


def test_it_is_a_mapping_of_names_to_lists():
    history = example()
    assert list(history) == ["loss", "lr", "val_loss"]
    assert len(history) == 3
    assert "loss" in history
    assert "accuracy" not in history
    assert history["lr"] == [1e-300, math.inf]
    assert history.epochs == range(1, 3)


def test_a_new_quantity_is_nan_in_the_epochs_before_it_and_a_missing_one_in_its_own():
    history = example()
    assert math.isnan(history["val_loss"][0])
    history.append(loss=1.0)
    assert math.isnan(history["lr"][2])
    assert [len(history[name]) for name in history] == [3, 3, 3]


def test_a_quantity_of_replicas_that_comes_later_is_an_array_of_nan_before():
    X, y = classes()
    trainer = Trainer(classifier().replicate(2), SGD(0.1))
    trainer.fit(X, y, epochs=2)
    history = trainer.fit(X, y, epochs=1, validation=(X, y))
    assert np.shape(history["val_loss"]) == (3, 2)
    assert np.isnan(history["val_loss"][:2]).all()
    trainer.fit(X, y, epochs=1)
    assert np.shape(history["val_loss"]) == (4, 2)
    assert History.from_json(history.to_json()) == history
    assert len(history.plot().lines) >= 4


def test_json_with_lists_of_different_lengths_is_refused():
    text = example().to_json().replace('"lr": [\n   1e-300,', '"lr": [')
    with pytest.raises(ValueError, match="different lengths: {'loss': 2, 'lr': 1, 'val_loss': 2}"):
        History.from_json(text)


def test_an_unknown_name_raises_a_key_error_with_the_known_ones():
    with pytest.raises(KeyError, match="'accuracy', expected one of loss, lr, val_loss"):
        example()["accuracy"]
    with pytest.raises(KeyError, match="none yet"):
        History()["loss"]


def test_what_is_appended_is_a_copy():
    history, loss = History(), np.array([1.0, 2.0])
    history.append(loss=loss)
    loss[:] = 0.0
    assert np.array_equal(history["loss"][0], [1.0, 2.0])


@pytest.mark.parametrize("make", [example, replicas, History])
def test_json_gives_every_digit_back(make, tmp_path):
    history = make()
    text = history.to_json(tmp_path / "history.json")
    for source in (text, tmp_path / "history.json", str(tmp_path / "history.json")):
        back = History.from_json(source)
        assert back == history
        assert back.status == history.status
        assert back.diverged_at == history.diverged_at
        assert list(back) == list(history)
        for name in history:
            for one, other in zip(back[name], history[name], strict=True):
                assert np.array_equal(one, other, equal_nan=True)
                assert type(one) is type(other)


@pytest.mark.parametrize("make", [example, replicas])
def test_the_json_is_strict(make):
    def refuse(word):
        raise ValueError(f"{word} is not JSON")

    assert json.loads(make().to_json(), parse_constant=refuse)["format"] == "mlp-history"


def test_quantities_of_any_name_are_kept():
    history = History()
    history.append(**{"loss": 1.0, "val_top_3": 0.5, "Größe $x_1$": 2.0})
    for again in (History.from_json(history.to_json()), History.from_tree(history.to_tree())):
        assert dict(again) == {"loss": [1.0], "val_top_3": [0.5], "Größe $x_1$": [2.0]}


def test_a_history_that_was_read_can_be_continued():
    back = History.from_json(replicas().to_json())
    back.append(loss=np.array([math.nan, 0.5]), lr=0.1)
    assert len(back.epochs) == 3
    assert np.array_equal(back["loss"][2], [math.nan, 0.5], equal_nan=True)


def test_equal_data_is_equal_and_any_difference_is_not():
    assert example() == example()
    assert example() != replicas()
    assert example() != example().to_json()
    other = example()
    other.status = "completed"
    assert other != example()
    other = example()
    other["loss"][0] = math.nextafter(other["loss"][0], 1.0)
    assert other != example()
    with pytest.raises(TypeError, match="unhashable"):
        hash(example())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expecting"),
        ("{}", "expected the JSON of a History"),
        ('{"a":' + "[" * 200_000 + "]" * 200_000 + "}", "expected the JSON of a History"),
        (as_json(diverged_at=[math.inf]), "diverged_at: received inf"),
        (as_json(diverged_at=[10**400]), "diverged_at: received 1000"),
        (as_json(diverged_at=[-1]), "diverged_at: received -1"),
        (as_json(columns={"loss": [10**400]}), "OverflowError"),
        (as_json(columns={"loss": "12"}), "loss: received '12', expected list"),
        (as_json(version=10**400), "received version 1000"),
        ('{"format": "other"}', "expected the JSON of a History"),
        ('{"format": "mlp-history", "version": 2}', "version 2"),
        ('{"format": "mlp-history", "version": 1}', "status"),
        (example().to_json().replace("[]", "3"), "received 3, expected list"),
        (example().to_json().replace('"NaN"', '"zero"').replace('"nan"', '"zero"'), "zero"),
    ],
)
def test_what_is_no_history_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        History.from_json(text)


def test_its_repr_says_how_the_run_stands():
    X, y = classes()
    history = Trainer(classifier(), SGD(0.1)).fit(X, y, 2)
    assert repr(history) == f"<History: 2 epochs, completed, last loss {history['loss'][-1]}>"
    assert repr(History()) == "<History: 0 epochs, running>"


def test_it_is_the_trainers_through_all_calls_of_fit():
    X, y = classes()
    trainer = Trainer(classifier(), SGD(0.1))
    first = trainer.fit(X, y, 1)
    second = trainer.fit(X, y, 2, validation=(X, y))
    assert first is second is trainer.history
    assert len(first.epochs) == 3
    assert np.array_equal(np.isnan(first["val_loss"]), [True, False, False])


def test_it_can_be_drawn():
    X, y = classes()
    history = Trainer(classifier(), SGD(0.1)).fit(X, y, 3)
    ax = history.plot()
    assert any(np.array_equal(line.get_ydata(), history["loss"]) for line in ax.get_lines())


def test_html_is_a_table_of_the_first_and_last_epochs():
    history = History()
    for epoch in range(12):
        history.append(**{"loss": 1.0 / (epoch + 1), "<b>": epoch})
    rows = ElementTree.fromstring(history._repr_html_()).findall("tr")
    cells = [[cell.text or "" for cell in row] for row in rows]
    assert cells[0] == ["epoch", "loss", "<b>"]
    assert [row[0] for row in cells[1:]] == [*"12345", "… 2 more", *map(str, range(8, 13))]
    assert cells[-1] == ["12", "0.0833333", "11"]


def test_the_repr_and_html_of_many_replicas_are_short():
    history = History()
    history.append(loss=np.array([np.nan, *range(900)]))
    assert repr(history) == "<History: 1 epochs, running, last loss 0 to 899>"
    assert "<td>0 to 899</td>" in history._repr_html_()
    history.append(loss=np.full(901, np.nan))
    assert "last loss nan" in repr(history)
