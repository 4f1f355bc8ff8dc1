"""Where the numbers along the lines of a diagram stand."""

import numpy as np

import mlp
from mlp.plotting.network.layout import SHARES, shares_along

SIZE = (0.5, 0.3)


def frame(line, share):
    """The middle of a label, and the unit vectors along and across its line."""
    start, end = np.array(line[0]), np.array(line[1])
    along = (end - start) / np.linalg.norm(end - start)
    return start + share * (end - start), along, np.array([-along[1], along[0]])


def corners(line, share):
    middle, along, across = frame(line, share)
    halves = [(u * SIZE[0] / 2, v * SIZE[1] / 2) for u in (-1, 0, 1) for v in (-1, 0, 1)]
    return [middle + u * along + v * across for u, v in halves]


def covers(line, share, point):
    middle, along, across = frame(line, share)
    away = point - middle
    return abs(away @ along) < SIZE[0] / 2 and abs(away @ across) < SIZE[1] / 2


def test_a_line_on_its_own_has_its_number_in_the_middle():
    assert shares_along([((0.0, 0.0), (2.0, 0.0))], [SIZE]) == [0.5]


def test_numbers_of_lines_that_cross_do_not_touch():
    lines = [((0.0, y0), (2.0, y1)) for y0 in (0.0, 1.5) for y1 in (0.0, 1.5)]
    shares = shares_along(lines, [SIZE] * 4)
    for n, line in enumerate(lines):
        for m, other in enumerate(lines):
            if n != m:
                assert not any(covers(other, shares[m], at) for at in corners(line, shares[n]))


def test_a_line_without_a_number_is_kept_clear_of_those_of_others():
    lines = [((0.0, 0.0), (2.0, 0.0)), ((1.0, -1.0), (1.0, 1.0))]
    first, second = shares_along(lines, [SIZE, (0.0, 0.2)])
    assert abs(first - 0.5) * 2.0 > SIZE[0] / 2
    assert second == 0.5


def test_every_place_is_one_of_those_that_are_tried():
    lines = [((0.0, float(i)), (2.0, float(j))) for i in range(3) for j in range(3)]
    assert set(shares_along(lines, [SIZE] * 9)) <= set(SHARES)


def test_a_bias_has_its_number_clear_of_the_gradients_beside_it():
    document = mlp.examples.document_001()
    step = mlp.trace(document.network, [[0.05, 0.1]], [[0.01, 0.99]], names=document.weight_names)
    ax = step.plot()
    ax.figure.canvas.draw()
    boxes = {text.get_text(): text.get_window_extent() for text in ax.texts}
    for bias in "0.3", "0.7":
        others = [words for words in boxes if words != bias]
        assert [words for words in others if boxes[bias].overlaps(boxes[words])] == []
