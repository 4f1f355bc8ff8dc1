"""CSVLogger: the history as a file that grows with the run."""

import csv

import numpy as np
import pytest

from mlp import SGD, CSVLogger, LambdaCallback, Trainer
from tests.training.small import classes, classifier

X, y = classes()


def read(path):
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    return header, np.array(rows, float)


def assert_is_the_history(path, history):
    header, rows = read(path)
    assert header == ["epoch", *history]
    assert np.array_equal(rows[:, 0], history.epochs)
    for i, name in enumerate(history, 1):
        assert np.array_equal(rows[:, i], history[name], equal_nan=True)


def test_the_file_holds_the_history_with_every_digit_after_each_epoch(tmp_path):
    path = tmp_path / "history.csv"
    look = LambdaCallback(on_epoch_end=lambda t: assert_is_the_history(path, t.history))
    trainer = Trainer(
        classifier(), SGD(0.1), metrics=["accuracy"], callbacks=[CSVLogger(path), look]
    )
    trainer.fit(X, y, 3, validation=(X, y))
    assert len(path.read_text().splitlines()) == 4


def test_a_further_fit_goes_on_in_it_also_with_new_quantities(tmp_path):
    path = tmp_path / "history.csv"
    trainer = Trainer(classifier(), SGD(0.1), callbacks=[CSVLogger(path)])
    trainer.fit(X, y, 2)
    trainer.fit(X, y, 2, validation=(X, y))
    assert_is_the_history(path, trainer.history)
    trainer.fit(X, y, 2)
    assert_is_the_history(path, trainer.history)


def test_a_logger_that_comes_later_writes_the_epochs_before_too(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("what was there before\n")
    trainer = Trainer(classifier(), SGD(0.1))
    trainer.fit(X, y, 2)
    trainer.callbacks.append(CSVLogger(path))
    trainer.fit(X, y, 1)
    assert_is_the_history(path, trainer.history)


def test_replicas_have_a_column_each(tmp_path):
    path = tmp_path / "history.csv"
    trainer = Trainer(classifier().replicate(2), SGD([0.1, 0.2]), callbacks=[CSVLogger(path)])
    trainer.fit(X, y, 1)
    history = trainer.fit(X, y, 2, validation=(X, y))
    header, rows = read(path)
    assert header[:5] == ["epoch", "loss/0", "loss/1", "lr/0", "lr/1"]
    assert np.array_equal(rows[:, 1:3], history["loss"])
    val = header.index("val_loss/0")
    assert np.isnan(rows[0, val : val + 2]).all()
    assert np.array_equal(rows[1:, val : val + 2], history["val_loss"][1:])


def test_what_was_written_stays_when_the_run_fails(tmp_path):
    def fail(trainer):
        if trainer.epoch == 3:
            raise KeyError

    path = tmp_path / "history.csv"
    trainer = Trainer(
        classifier(), SGD(0.1), callbacks=[CSVLogger(path), LambdaCallback(on_batch_end=fail)]
    )
    with pytest.raises(KeyError):
        trainer.fit(X, y, 5)
    assert_is_the_history(path, trainer.history)


def test_a_folder_that_is_not_there_is_an_error_before_the_first_epoch(tmp_path):
    net = classifier()
    trainer = Trainer(net, SGD(0.1), callbacks=[CSVLogger(tmp_path / "no" / "history.csv")])
    with pytest.raises(FileNotFoundError):
        trainer.fit(X, y)
    assert np.array_equal(net.theta, classifier().theta)
