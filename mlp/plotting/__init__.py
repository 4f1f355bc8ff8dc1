"""Pictures of networks and training records; the only part of the package to use matplotlib.

Without ``ax``, a picture is a figure of ``pyplot``, as `matplotlib.pyplot.subplots` makes it; under
`offscreen` and in other threads it needs no display and is not kept open. Pictures follow
``matplotlib.rcParams`` and change no global setting.
"""

from mlp.plotting.animation import save_animation
from mlp.plotting.boundary import plot_decision_boundary
from mlp.plotting.confusion import plot_confusion_matrix
from mlp.plotting.history import plot_history
from mlp.plotting.layers import plot_layers
from mlp.plotting.network import plot_network, plot_trace
from mlp.plotting.save import save_figure
from mlp.plotting.style import new_axes, offscreen
from mlp.plotting.sweeps import plot_learning_rate_finder, plot_learning_rates, plot_sweep
from mlp.plotting.themes import theme
from mlp.plotting.weights import plot_weights

__all__ = [
    "new_axes",
    "offscreen",
    "plot_confusion_matrix",
    "plot_decision_boundary",
    "plot_history",
    "plot_layers",
    "plot_learning_rate_finder",
    "plot_learning_rates",
    "plot_network",
    "plot_sweep",
    "plot_trace",
    "plot_weights",
    "save_animation",
    "save_figure",
    "theme",
]
