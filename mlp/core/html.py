"""The summary of a network: a table of its layers and, as HTML, a small diagram."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlp._html import html_table, html_text
from mlp.core.structure import layer_rows, summarize, totals

if TYPE_CHECKING:
    from mlp.core.layers import Layer
    from mlp.core.losses import Loss

_MOST_BARS = 24
_STEP, _BAR, _HIGHEST = 34, 14, 70  # pixels


class Described:
    """The summary of a network, as text and for notebooks."""

    n_in: int
    layers: Sequence[Layer]
    loss: Loss
    dtype: np.dtype[np.floating[Any]]
    replicas: int | None

    def summary(self) -> str:
        """Return a table of the layers, their outputs and their parameters."""
        return summarize(self.n_in, self.layers, self.loss, self.dtype, self.replicas)

    def _repr_html_(self) -> str:
        """Return a small diagram and the table of the layers.

        Examples
        --------
        >>> from mlp import MLP
        >>> print(MLP.from_sizes([2, 3, 1], seed=0)._repr_html_())
        <div class="mlp-network">
        <svg ...
        <tr><th>Dense(2, 3, &#x27;relu&#x27;)</th><td>3</td><td>9</td></tr>
        ...
        """
        rows = layer_rows(self.n_in, self.layers)
        table = html_table(("layer", "outputs", "parameters"), rows)
        bars = [("inputs", self.n_in), *((name, int(width)) for name, width, _ in rows)]
        words = html_text(totals(self.layers, self.loss, self.dtype, self.replicas))
        parts = [_diagram(bars), table, f"<p>{words}</p>"]
        return "\n".join(['<div class="mlp-network">', *parts, "</div>"])


def _diagram(bars: Sequence[tuple[str, int]]) -> str:
    """Return a bar for the inputs and for each layer, longer the more units; many are left out."""
    shown: list[tuple[str, int] | None] = [*bars]
    if len(bars) > _MOST_BARS:
        half = _MOST_BARS // 2
        shown = [*bars[:half], None, *bars[-half:]]
    longest = math.log2(1 + max(width for _, width in bars))
    middle, width = _HIGHEST / 2 + 4, _STEP * len(shown)
    marks = []
    for place, bar in enumerate(shown):
        x = _STEP * place + (_STEP - _BAR) / 2
        if place:
            marks.append(
                f'<path d="M{x - _STEP + _BAR + 3:g} {middle:g}h{_STEP - _BAR - 6:g}'
                'm-4 -3l4 3l-4 3" fill="none" stroke="currentColor" opacity="0.6"/>'
            )
        centre = x + _BAR / 2
        if bar is None:
            left_out = len(bars) - _MOST_BARS
            words = f"{left_out} layers left out"
            marks.append(
                f'<g><title>{words}</title><text x="{centre:g}" y="{middle + 4:g}">…</text></g>'
            )
            continue
        name, units = bar
        height = max(8.0, _HIGHEST * math.log2(1 + units) / longest)
        marks.append(
            f"<g><title>{html_text(f'{name}: {units}')}</title>"
            f'<rect x="{x:g}" y="{middle - height / 2:.4g}" width="{_BAR}" height="{height:.4g}" '
            'rx="3" fill="currentColor" fill-opacity="0.25" stroke="currentColor"/>'
            f'<text x="{centre:g}" y="{_HIGHEST + 20}">{units}</text></g>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HIGHEST + 26}" '
        'role="img" aria-label="units of each layer" font-size="11" text-anchor="middle" '
        f'fill="currentColor">{"".join(marks)}</svg>'
    )
