"""The recorder of layers in a run that is continued."""

import copy

import numpy as np
import pytest

import mlp
from mlp import LambdaCallback, LayerRecorder, Trainer
from tests.training.recording.recorded import PROBE, X, noisy, trained, y
from tests.training.small import classifier


def test_a_further_fit_goes_on_and_another_trainer_starts_anew():
    trainer, recorder = trained(noisy(), 2)
    trainer.fit(X, y, 2)
    assert recorder.record.epochs.tolist() == [1, 2, 3, 4]
    Trainer(noisy(), mlp.SGD(0.1), callbacks=[recorder]).fit(X, y, 1)
    assert recorder.record.epochs.tolist() == [1]


@pytest.mark.parametrize("most", [4, 100])
def test_a_run_that_is_continued_records_what_the_whole_run_records(most):
    whole_trainer, whole = trained(noisy(), 9, most=most)
    half_trainer, half = trained(noisy(), 5, most=most)
    saved = half.state_dict()
    rest = LayerRecorder(PROBE, most=most)
    rest.load_state_dict(saved)
    assert rest.state_dict().keys() == saved.keys()
    half_trainer.callbacks = [rest]
    half_trainer.fit(X, y, 4)
    assert np.array_equal(half_trainer.net.theta, whole_trainer.net.theta)
    for name, array in whole.state_dict().items():
        assert np.array_equal(array, rest.state_dict()[name], equal_nan=True), name


def test_a_state_may_come_when_the_run_has_begun_and_a_copy_may_try_it_first():
    _, recorder = trained(noisy(), 5)
    saved = recorder.state_dict()
    rest = LayerRecorder(PROBE)
    copy.copy(rest).load_state_dict(saved)
    assert rest.state_dict() == {}
    load = LambdaCallback(on_start=lambda trainer: rest.load_state_dict(saved))
    net = noisy()
    trainer = Trainer(net, mlp.SGD(0.1), callbacks=[rest, load])
    trainer.history = recorder._trainer.history
    trainer.fit(X, y, 1)
    assert rest.record.epochs.tolist() == [1, 2, 3, 4, 5, 6]


def test_a_state_is_made_of_what_files_can_hold(tmp_path):
    net = noisy()
    recorder = trained(net, 2)[1]
    net.save(tmp_path / "net.npz", metadata={"recorder": recorder.state_dict()})
    _, metadata = mlp.files.read_model(tmp_path / "net.npz")
    other = LayerRecorder(PROBE)
    other.load_state_dict(metadata["recorder"])
    Trainer(noisy(), mlp.SGD(0.1), callbacks=[other]).fit(X, y, 0)
    for name, array in recorder.record.arrays.items():
        assert np.array_equal(other.record.arrays[name], array, equal_nan=True)


def test_the_state_is_a_copy_and_empty_before_the_first_fit():
    assert LayerRecorder(PROBE).state_dict() == {}
    trainer, recorder = trained(noisy(), 1)
    saved = recorder.state_dict()
    trainer.fit(X, y, 1)
    assert saved["epochs"].tolist() == [1]
    for state in (recorder.state_dict(), saved):
        state["counts"][...] = -1
    assert recorder.record.arrays["counts"].min() == 0
    other = LayerRecorder(PROBE)
    other.load_state_dict(saved)
    saved["counts"][...] = -2
    assert other.state_dict()["counts"].max() == -1


def test_an_empty_state_starts_anew_with_another_trainer_and_with_the_same():
    trainer, recorder = trained(noisy(), 2)
    recorder.load_state_dict({})
    trainer.fit(X, y, 1)
    assert recorder.record.epochs.tolist() == [3]
    recorder.load_state_dict({})
    Trainer(noisy(), mlp.SGD(0.1), callbacks=[recorder]).fit(X, y, 1)
    assert recorder.record.epochs.tolist() == [1]


def test_a_state_that_is_none_or_of_another_network_is_refused():
    with pytest.raises(ValueError, match=r"LayerRecorder: received the state \['best'\]"):
        LayerRecorder(PROBE).load_state_dict({"best": 1.0})
    _, recorder = trained(noisy(), 2)
    without = {k: v for k, v in recorder.state_dict().items() if k != "medians"}
    with pytest.raises(ValueError, match=r"expected \['counts', .*'medians'"):
        LayerRecorder(PROBE).load_state_dict(without)
    other = LayerRecorder(PROBE)
    other.load_state_dict(recorder.state_dict())
    net = classifier()
    with pytest.raises(ValueError, match=r"another network, with grids of int64 and shape \(2, 3"):
        Trainer(net, mlp.SGD(0.1), callbacks=[other]).fit(X, y, 1)
    assert np.array_equal(net.theta, classifier().theta)
