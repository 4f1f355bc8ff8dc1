"""The recorder of layers: what it finds, and that training does not notice it."""

import numpy as np
import pytest

import mlp
from mlp import Dense, Dropout, LambdaCallback, LayerRecorder, Trainer
from tests.training.small import OPTIMIZERS, classes, classifier, optimizer, state_of

X, y = classes(n=60)
PROBE = np.random.default_rng(5).normal(size=(300, 4))  # more rows than a block


def noisy(seed=1, dtype="float64"):
    """A network whose training draws random numbers."""
    return mlp.MLP.from_sizes(
        [4, 8, 8, 3], "relu", "softmax", "cross_entropy", dropout=0.3, seed=seed, dtype=dtype
    )


def trained(net, epochs=3, probe=PROBE, seed=2, **options):
    recorder = LayerRecorder(probe, **options)
    trainer = Trainer(net, mlp.SGD(0.1), batch_size=16, seed=seed, callbacks=[recorder])
    trainer.fit(X, y, epochs)
    return trainer, recorder


def outputs(net, X):
    """The output of each dense layer, by the plain equations."""
    A, found = X, []
    for layer in net.layers:
        if isinstance(layer, Dense):
            Z = A @ layer.W + layer.b
            A = np.empty_like(Z)
            layer.activation.forward(Z, out=A)
            found.append(A)
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_is_the_same_to_the_last_bit_with_and_without_it(name, dtype):
    def run(*callbacks):
        net = noisy(dtype=dtype)
        trainer = Trainer(
            net, optimizer(name), batch_size=16, l2=0.01, clip_norm=1.0, callbacks=callbacks
        )
        trainer.fit(X, y, 4, validation=(PROBE, PROBE.argmax(axis=1) % 3))
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


def test_a_unit_of_relu_that_is_never_positive_is_dead():
    net = noisy()
    net.layers[0].b[[1, 6]] = -50.0
    trainer, recorder = trained(net)
    A = outputs(trainer.net, PROBE)[0]
    never = np.flatnonzero((A <= 0).all(axis=0)).tolist()
    assert {1, 6} <= set(never)
    assert recorder.record.layers[0].dead() == never
    assert recorder.record.layers[0].flat[-1] == (A <= 0).mean()


def slopes(name, Z):
    """The derivative of the activation by hand."""
    tanh, sigmoid = np.tanh(Z), 1 / (1 + np.exp(-Z))
    return {
        "tanh": 1 - tanh**2,
        "sigmoid": sigmoid * (1 - sigmoid),
        "silu": sigmoid * (1 + Z * (1 - sigmoid)),
        "elu": np.where(Z > 0, 1.0, np.exp(np.minimum(Z, 0))),
    }[name]


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "silu", "elu"])
def test_a_unit_whose_derivative_is_tiny_for_nearly_all_rows_is_saturated(name):
    layers = [Dense(4, 6, name, bias=[0, -9, -4.2, 0, 0, -5]), Dense(6, 3, "softmax")]
    net = mlp.MLP(layers, loss="cross_entropy", seed=0)
    layers[0].W[:, 3:] *= 20
    Trainer(net, mlp.SGD(1e-12), callbacks=[recorder := LayerRecorder(PROBE)]).fit(X, y)
    flat = np.abs(slopes(name, PROBE @ layers[0].W + layers[0].b)) < 0.01
    expected = np.flatnonzero(flat.mean(axis=0) >= 0.95).tolist()
    assert 1 in expected
    assert 0 not in expected
    (hidden, _) = recorder.record.layers
    assert hidden.saturated() == expected
    assert hidden.dead() == []
    assert hidden.flat[-1] == flat.mean()


def test_exactly_95_of_100_rows_make_a_unit_saturated():
    def saturated(n_flat):
        probe = np.where(np.arange(100) < n_flat, -9.0, 9.0)[:, None]
        net = mlp.MLP([Dense(1, 1, "elu", weights=[[1.0]]), Dense(1, 1)], loss="mse", seed=0)
        recorder = LayerRecorder(probe)
        Trainer(net, mlp.SGD(1e-12), callbacks=[recorder]).fit([[1.0]], [[1.0]])
        return recorder.record.layers[0].saturated()

    assert (saturated(94), saturated(95)) == ([], [0])


def test_a_last_layer_whose_derivative_does_not_count_is_not_judged():
    layers = [Dense(4, 1, "sigmoid", bias=99.0)]
    net = mlp.MLP(layers, loss="binary_cross_entropy", seed=0)
    recorder = LayerRecorder(PROBE)
    Trainer(net, mlp.SGD(0.1), callbacks=[recorder]).fit(X, (y > 0)[:, None])
    (layer,) = recorder.record.layers
    assert np.isnan(layer.flat).all()
    assert layer.saturated() == layer.dead() == []

    net = mlp.MLP([Dense(4, 1, "sigmoid", bias=99.0)], loss="mse", seed=0)
    recorder = LayerRecorder(PROBE)
    Trainer(net, mlp.SGD(0.1), callbacks=[recorder]).fit(X, (y > 0)[:, None])
    (layer,) = recorder.record.layers
    assert layer.dead() == [0]  # 1 - A is exactly zero


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


def test_what_is_kept_of_a_thinned_run_is_what_those_epochs_recorded():
    thin = trained(noisy(), 20, most=5)[1].record
    full = trained(noisy(), 20)[1].record
    places = thin.epochs - 1
    for name, array in thin.arrays.items():
        assert np.array_equal(array, full.arrays[name][places], equal_nan=True)


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


def test_the_state_is_a_copy_and_empty_before_the_first_fit():
    assert LayerRecorder(PROBE).state_dict() == {}
    trainer, recorder = trained(noisy(), 1)
    saved = recorder.state_dict()
    trainer.fit(X, y, 1)
    assert saved["epochs"].tolist() == [1]


def test_an_empty_state_starts_anew():
    _, recorder = trained(noisy(), 2)
    recorder.load_state_dict({})
    Trainer(noisy(), mlp.SGD(0.1), callbacks=[recorder]).fit(X, y, 1)
    assert recorder.record.epochs.tolist() == [1]


def test_a_state_that_is_none_or_of_another_network_is_refused():
    with pytest.raises(ValueError, match=r"LayerRecorder: received the state \['best'\]"):
        LayerRecorder(PROBE).load_state_dict({"best": 1.0})
    _, recorder = trained(noisy(), 2)
    other = LayerRecorder(PROBE)
    other.load_state_dict(recorder.state_dict())
    net = classifier()
    with pytest.raises(ValueError, match="a state of another network, with grids of shape"):
        Trainer(net, mlp.SGD(0.1), callbacks=[other]).fit(X, y, 1)
    assert np.array_equal(net.theta, classifier().theta)


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
