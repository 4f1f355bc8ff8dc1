"""The recorder of layers: what it finds, and that training does not notice it."""

import numpy as np
import pytest

import mlp
from mlp import Dense, Dropout, LambdaCallback, LayerRecorder, Trainer
from tests.training.recording.recorded import PROBE, X, noisy, outputs, trained, y
from tests.training.small import OPTIMIZERS, optimizer, state_of


@pytest.mark.parametrize("validation", [None, (PROBE, PROBE.argmax(axis=1) % 3)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_is_the_same_to_the_last_bit_with_and_without_it(name, dtype, validation):
    def run(*callbacks):
        net = noisy(dtype=dtype)
        trainer = Trainer(
            net, optimizer(name), batch_size=16, l2=0.01, clip_norm=1.0, callbacks=callbacks
        )
        trainer.fit(X, y, 4, validation=validation)
        history = {k: v for k, v in trainer.history.items() if k != "seconds"}
        return *state_of(trainer)[:5], net._rng.bit_generator.state, history

    assert run(LayerRecorder(PROBE)) == run()


def test_the_gradient_is_left_as_the_last_update_used_it():
    grads = []
    look = LambdaCallback(on_epoch_end=lambda trainer: grads.append(trainer.net.grad.copy()))
    callbacks = [look, LayerRecorder(PROBE), look]
    Trainer(noisy(), mlp.SGD(0.1), callbacks=callbacks).fit(X, y, 2)
    assert np.array_equal(grads[0], grads[1])
    assert np.array_equal(grads[2], grads[3])
    assert not np.array_equal(grads[0], grads[2])


def test_a_layer_of_ones_own_that_draws_outside_training_does_not_move_the_random_stream():
    class Noise(mlp.Layer):
        def forward(self, A_in, training, rng):
            return A_in + rng.normal(size=A_in.shape)

        def backward(self, dA, need_dA_in=True):
            return dA

    def run(*callbacks):
        net = mlp.MLP([Noise(), Dense(4, 3, "softmax")], loss="cross_entropy", seed=0)
        Trainer(net, mlp.SGD(0.1), batch_size=16, callbacks=callbacks).fit(X, y, 3)
        return net.theta.tolist(), net._rng.bit_generator.state

    assert run(LayerRecorder(PROBE)) == run()


def test_the_probe_may_be_read_only_and_of_another_type():
    probe = PROBE.astype(np.float32)
    probe.flags.writeable = False
    _, recorder = trained(noisy(), probe=probe)
    assert len(recorder.record.epochs) == 3


def test_outputs_of_each_layer_are_counted_without_dropout():
    trainer, recorder = trained(noisy())
    for layer, A in zip(recorder.record.layers, outputs(trainer.net, PROBE), strict=True):
        edges, counts = layer.activations.edges[-1], layer.activations.counts[-1]
        assert counts.sum() == A.size
        np.testing.assert_allclose(counts, np.histogram(A, edges)[0], atol=2)  # on an edge
    names = [layer.name for layer in recorder.record.layers]
    assert names == ["layers[0] relu", "layers[2] relu", "layers[4] softmax"]


def test_sizes_of_the_gradient_are_counted_on_a_log_scale_and_zeros_by_themselves():
    net = noisy()
    net.layers[0].b[:3] = -50.0  # dead, so that columns of dW are zero
    trainer, recorder = trained(net)
    for layer, dense in zip(recorder.record.layers, trainer.net.layers[::2], strict=True):
        dW = dense.dW[dense.dW != 0]
        counts = np.histogram(np.log10(np.abs(dW)), layer.gradients.edges[-1])[0]
        assert layer.gradients.counts[-1].tolist() == counts.tolist()
        assert layer.zeros[-1] == dense.dW.size - dW.size
    assert recorder.record.layers[0].zeros[-1] >= 3 * 4


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_medians_are_those_of_the_numbers_themselves(dtype):
    net = noisy(dtype=dtype)
    net.layers[0].b[:7] = -50.0  # so more than half of the outputs are 0
    trainer, recorder = trained(net)
    found = outputs(trainer.net, PROBE.astype(dtype))
    close = {"rtol": 1e-5 if dtype == "float32" else 1e-12, "atol": 1e-30}
    for layer, A, dense in zip(recorder.record.layers, found, net.layers[::2], strict=True):
        sizes = np.abs(dense.dW[dense.dW != 0]).astype(float)
        np.testing.assert_allclose(layer.activations.medians[-1], np.median(A), **close)
        assert layer.gradients.medians[-1] == np.median(np.log10(sizes))
    assert recorder.record.layers[0].activations.medians.tolist() == [0.0] * 3


def test_where_nothing_is_counted_there_is_no_median():
    net = mlp.MLP([mlp.ActivationLayer("relu"), Dense(4, 3, "softmax")], loss="cross_entropy")
    first, _ = trained(net)[1].record.layers
    assert first.gradients.counts.sum() == 0
    assert np.isnan(first.gradients.medians).all()
    assert first.activations.medians.tolist() == [np.median(np.maximum(PROBE, 0))] * 3


def test_a_layer_of_ones_own_with_parameters_is_recorded_too():
    class Shift(mlp.Layer):
        def parameters(self):
            from mlp.core.parameters import Parameter

            return (Parameter("s", (4,), lambda rng: np.zeros(4)),)

        def forward(self, A_in, training, rng):
            return A_in + self.params["s"][..., None, :]

        def backward(self, dA, need_dA_in=True):
            np.sum(dA, axis=-2, out=self.grads["s"])
            return dA

    net = mlp.MLP([Shift(), Dropout(0.5), Dense(4, 3, "softmax")], loss="cross_entropy", seed=0)
    _, recorder = trained(net)
    shift, dense = recorder.record.layers
    assert (shift.name, dense.name) == ("layers[0] Shift", "layers[2] softmax")
    assert shift.gradients.counts[-1].sum() + shift.zeros[-1] == 4
    assert shift.activations.counts[-1].sum() == PROBE.size


def test_every_third_epoch_is_recorded_from_the_first():
    assert trained(noisy(), 8, every=3)[1].record.epochs.tolist() == [1, 4, 7]


def test_a_long_run_needs_no_more_memory_than_a_short_one():
    trainer, recorder = trained(noisy(), 100, most=10)
    epochs = recorder.record.epochs.tolist()
    assert epochs == list(range(1, 101, 16))
    size = sum(array.nbytes for array in recorder.record.arrays.values())
    trainer.fit(X, y, 100)
    assert recorder.record.epochs.tolist() == list(range(1, 201, 32))
    assert sum(array.nbytes for array in recorder.record.arrays.values()) <= size


@pytest.mark.parametrize("most", [2, 3, 8])
def test_at_no_time_are_there_more_epochs_than_asked_for(most):
    recorder, sizes = LayerRecorder(PROBE, most=most), []
    count = LambdaCallback(on_epoch_end=lambda trainer: sizes.append(len(recorder.record.epochs)))
    Trainer(noisy(), mlp.SGD(0.1), callbacks=[recorder, count]).fit(X, y, 40)
    assert max(sizes) == most
    assert recorder.record.epochs[0] == 1


def test_what_is_kept_of_a_thinned_run_is_what_those_epochs_recorded():
    thin = trained(noisy(), 20, most=5)[1].record
    full = trained(noisy(), 20)[1].record
    places = thin.epochs - 1
    for name, array in thin.arrays.items():
        assert np.array_equal(array, full.arrays[name][places], equal_nan=True)


@pytest.mark.parametrize(
    ("probe", "options", "error", "message"),
    [
        (PROBE, {"every": 0}, ValueError, "every: received 0"),
        (PROBE, {"every": 1.5}, TypeError, "every: received 1.5"),
        (PROBE, {"most": 1}, ValueError, "most: received 1"),
        (PROBE[:, :3], {}, ValueError, r"X: received shape \(300, 3\), expected \(n, 4\)"),
        (PROBE[:0], {}, ValueError, "X: received no rows"),
        (PROBE * np.nan, {}, ValueError, "X: received nan"),
    ],
)
def test_bad_arguments_are_refused_before_training(probe, options, error, message):
    net = noisy()
    with pytest.raises(error, match=message):
        trained(net, probe=probe, **options)
    assert np.array_equal(net.theta, noisy().theta)


def test_replicas_are_refused():
    with pytest.raises(ValueError, match="LayerRecorder: received a network of 3 replicas"):
        trained(noisy().replicate(3))


def test_outputs_that_overflow_do_not_stop_the_run():
    net = mlp.MLP([Dense(4, 2, "relu"), Dense(2, 3, "softmax")], loss="cross_entropy", seed=0)
    recorder = LayerRecorder(np.full((3, 4), 1e308))
    Trainer(net, mlp.SGD(0.1), callbacks=[recorder]).fit(X, y, 2)
    assert recorder.record.layers[0].activations.counts.sum() < 2 * 6
