"""Animations: the frames are the still pictures."""

import re
from base64 import b64decode
from functools import partial
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import mlp
from mlp.plotting import (
    offscreen,
    plot_decision_boundary,
    plot_history,
    plot_weights,
    save_animation,
)
from mlp.plotting.save import rendered
from tests.plotting.diagrams import mazur

pytestmark = pytest.mark.slow


def still(draw):
    """The pixels of a still picture at 100 an inch."""
    with offscreen():
        png = rendered(draw().figure, "png", 100.0)
    return np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)


def pages(path):
    """The pixels of the frames of an HTML page."""
    found = re.findall(r"data:image/png;base64,([^\"]+)\"", path.read_text())
    images = [Image.open(BytesIO(b64decode(one.replace("\\\n", "")))) for one in found]
    return [np.asarray(image.convert("RGB")).astype(int) for image in images]


@pytest.fixture(scope="module")
def steps():
    return mlp.trace(*mazur(), names=mlp.examples.mazur().weight_names, steps=2)


@pytest.fixture(scope="module")
def recorded():
    X, y = mlp.datasets.xor()
    net = mlp.MLP.from_sizes([2, 4, 2], "tanh", "softmax", "cross_entropy", seed=0)
    recorder = mlp.WeightRecorder()
    mlp.Trainer(net, mlp.SGD(0.5), callbacks=[recorder]).fit(X, y, epochs=2)
    return recorder, net, X, y


def test_the_frames_of_a_page_are_the_still_pictures_pixel_by_pixel(steps, tmp_path):
    found = pages(steps.animate(tmp_path / "steps.html"))
    assert len(found) == 2
    for step, frame in zip(steps, found, strict=True):
        known = still(partial(step.plot, title=f"step {step.step}"))
        np.testing.assert_array_equal(frame, known)
    assert (found[0] != found[1]).any()


def test_the_frames_of_a_gif_are_the_still_pictures_in_256_colors(recorded, tmp_path):
    recorder, net, X, y = recorded
    how = {"resolution": 30}
    path = recorder.animate(tmp_path / "b.gif", plot_decision_boundary, X, y, fps=4, **how)
    with Image.open(path) as file:
        assert file.n_frames == 3
        assert file.info["duration"] == 250
        file.seek(2)
        last = np.asarray(file.convert("RGB")).astype(int)
    known = still(lambda: plot_decision_boundary(net, X, y, title="epoch 2", **how))
    assert last.shape == known.shape
    assert np.abs(last - known).mean() < 2.0


def test_the_recorded_networks_are_those_of_the_run_epoch_by_epoch(recorded):
    recorder, net, X, y = recorded
    assert recorder.epochs == [0, 1, 2]
    start = mlp.MLP.from_sizes([2, 4, 2], "tanh", "softmax", "cross_entropy", seed=0)
    first, second, last = recorder.networks()
    assert np.array_equal(first.theta, start.theta)
    assert np.array_equal(last.theta, net.theta)
    mlp.Trainer(start, mlp.SGD(0.5)).fit(X, y, epochs=1)
    assert np.array_equal(second.theta, start.theta)


def test_running_statistics_are_recorded_too():
    X, y = mlp.datasets.xor()
    layers = [mlp.Dense(2, 3), mlp.BatchNorm(), mlp.Dense(3, 2, "softmax")]
    net = mlp.MLP(layers, loss="cross_entropy", seed=0)
    recorder = mlp.WeightRecorder()
    mlp.Trainer(net, callbacks=[recorder]).fit(X, y, epochs=1)
    first, last = recorder.networks()
    assert np.array_equal(last.predict(X), net.predict(X))
    assert not np.array_equal(first.fixed, last.fixed)


def test_a_long_run_keeps_every_second_epoch():
    net = mlp.MLP.from_sizes([1, 1], seed=0)
    recorder = mlp.WeightRecorder(most=4)
    trainer = mlp.Trainer(net, callbacks=[recorder])
    trainer.fit([[1.0]], [[0.0]], epochs=9)
    assert recorder.epochs == [0, 1, 5, 9]
    mlp.Trainer(net, callbacks=[recorder]).fit([[1.0]], [[0.0]], epochs=1)
    assert recorder.epochs == [0, 1]


def test_replicas_are_rejected_by_the_recorder():
    net = mlp.MLP.from_sizes([1, 1], seed=0).replicate(2)
    with pytest.raises(ValueError, match="received a network of 2 replicas"):
        mlp.Trainer(net, callbacks=[mlp.WeightRecorder()]).fit([[1.0]], [[0.0]])


@pytest.mark.parametrize("name", ["steps.mp4", "steps", "steps.png"])
def test_another_ending_is_rejected_before_anything_is_drawn(steps, tmp_path, name):
    with pytest.raises(ValueError, match=r"received .*steps.*\.gif or \.html"):
        steps.animate(tmp_path / name, digits="none")
    assert list(tmp_path.iterdir()) == []


def test_one_frame_or_no_step_is_rejected(steps, tmp_path):
    for few, count in ((type(steps)(steps[:1]), 1), (type(steps)(), 0)):
        with pytest.raises(ValueError, match=f"frames: received {count}, expected 2"):
            few.animate(tmp_path / "steps.gif")
    with pytest.raises(ValueError, match="frames: received 0, expected 2"):
        mlp.WeightRecorder().animate(tmp_path / "a.gif", plot_weights)


def test_pictures_of_different_sizes_and_what_does_not_draw_are_rejected(steps, tmp_path):
    frames = [steps[0].plot, lambda: plot_history({"loss": [1.0]})]
    with pytest.raises(ValueError, match=r"received pictures of \d+ x \d+ and 800 x 500"):
        save_animation(frames, tmp_path / "a.gif")
    with pytest.raises(TypeError, match="received no functions"):
        save_animation([1, 2], tmp_path / "a.gif")
    with pytest.raises(ValueError, match="fps: received 0"):
        save_animation(frames, tmp_path / "a.gif", fps=0)
    assert list(tmp_path.iterdir()) == []
