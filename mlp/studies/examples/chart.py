"""Document 004: the chart of six learning rates."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from mlp.studies.examples.example import (
    TEXTBOOK_NAMES,
    Erratum,
    Example,
    array,
    sigmoid_network,
)

_RATES = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0)
_EPOCHS = 100
_EXACT_LAST = (
    0.1335106073346252,
    0.07916642312214675,
    0.029166680235883584,
    0.0163866284770309,
    0.012395124175369723,
    0.005160108602350808,
)
_WRONG = (0.8, 2.0)


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class LearningRateChart(Example):
    """An `Example` with the chart of its training at several learning rates.

    Attributes
    ----------
    rates : tuple of float
    epochs : int
        The number of updates of each curve.
    series : ndarray ``(epochs + 1, n_rates)``
        The published errors, row e before update e + 1; read-only.
    """

    rates: tuple[float, ...]
    epochs: int
    series: NDArray[np.float64]

    @property
    def wrong_series(self) -> dict[float, NDArray[np.float64]]:
        """The published columns that are not training runs, by rate."""
        return {rate: self.series[:, self.rates.index(rate)] for rate in _WRONG}

    @property
    def published_note(self) -> str:
        """The error in `wrong_series`, in a line."""
        return "sums of other columns (0.2 + 0.5, 0.8 + 1.0)"


def learning_rate_chart() -> LearningRateChart:
    """Return the network of document 004 and its learning-rate chart.

    Two of the six published curves are sums of others. The other four are right to 6.1e-8; the
    difference comes from a slip in the gradients of w3 and w4. In fact, a higher rate is better at
    every epoch.

    Examples
    --------
    >>> chart = learning_rate_chart()
    >>> chart.series.shape, chart.rates
    ((101, 6), (0.1, 0.2, 0.5, 0.8, 1.0, 2.0))
    >>> chart.network.evaluate(chart.x, chart.t), float(chart.series[0, 0])
    (0.24251985734837728, 0.24251985734837728)
    >>> {rate: float(column[0].round(4)) for rate, column in chart.wrong_series.items()}
    {0.8: 0.485, 2.0: 0.7276}
    """
    series = _read_series()
    after = [f"E_total after {_EPOCHS} updates, lr {rate:g}" for rate in _RATES]
    published = dict(zip(after, map(float, series[-1]), strict=True))
    exact = dict(zip(after, _EXACT_LAST, strict=True))
    wrong = {0.8: "the columns 0.2 and 0.5", 2.0: "the columns 0.8 (a sum itself) and 1.0"}
    return LearningRateChart(
        name="document-004",
        title="All eight gradients of a 2-2-2 network, and a chart of six learning rates",
        network=sigmoid_network([[[0.15, 0.25], [0.20, 0.30]], [[0.40, 0.50], [0.45, 0.55]]]),
        x=array([[0.05, 0.10]]),
        t=array([[0.01, 0.99]]),
        lr=0.5,
        weight_names=TEXTBOOK_NAMES,
        published={"E_total": float(series[0, 0]), **published},
        exact={"E_total": 0.24251985734837728, **exact},
        errata=(
            *(
                Erratum(
                    after[_RATES.index(rate)],
                    published[after[_RATES.index(rate)]],
                    exact[after[_RATES.index(rate)]],
                    f"The column is the sum of {columns}, at every epoch.",
                )
                for rate, columns in wrong.items()
            ),
            Erratum(
                "dout_h2/dh2, in the gradients of w3 and w4 behind the chart",
                "out_h1*(1 - out_h1)",
                "out_h2*(1 - out_h2)",
                "The text has it right; the numbers of the chart do not follow it.",
            ),
            Erratum("h2", "w3*i1 + w4*12", "w3*i1 + w4*i2", "The number 12 for the name i2."),
        ),
        rates=_RATES,
        epochs=_EPOCHS,
        series=series,
    )


def _read_series() -> NDArray[np.float64]:
    """Return the published columns without the epochs."""
    table = files("mlp.studies.examples").joinpath("data/learning_rate_chart.csv")
    with table.open(encoding="utf-8") as file:
        return array(np.loadtxt(file, delimiter=",", skiprows=1)[:, 1:])
