"""scikit-learn's own callbacks (``sklearn.callback``, since 1.9), told of each epoch."""

from __future__ import annotations

from typing import Any

from mlp.training import Callback

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing: this scikit-learn has no callbacks."""


__all__ = ["CallbackSupportMixin", "EpochTasks", "FitTask"]


class FitTask:
    """The fit of an estimator as a task of scikit-learn's callbacks, if there are any.

    Parameters
    ----------
    estimator : MLPClassifier or MLPRegressor
        What is fitted.
    X, y : array_like
        The data, as given to `fit`.
    sample_weight : array_like or None
        The weights, as given to `fit`.
    n_epochs : int or None
        The largest number of epochs, each its own task; 0 for none.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any, n_epochs: int) -> None:
        self.context: Any = None
        self.arguments: dict[str, Any] = {"estimator": estimator, "X": X, "y": y, "metadata": {}}
        if sample_weight is not None:
            self.arguments["metadata"] = {"sample_weight": sample_weight}
        has_parent = hasattr(estimator, "_parent_callback_ctx")
        if has_parent or getattr(estimator, "_skl_callbacks", None):
            self.context = estimator._init_callback_context(max_subtasks=n_epochs)
            self.context.call_on_fit_task_begin(**self.arguments)

    def end(self) -> None:
        """Tell the callbacks that the fit has ended."""
        if self.context is not None:
            self.context.call_on_fit_task_end(**self.arguments, reconstruction_attributes={})

    def callbacks(self) -> list[Callback]:
        """Return what makes each epoch of a trainer a task below this one."""
        return [] if self.context is None else [EpochTasks(self)]


class EpochTasks(Callback):
    """Makes each epoch a task; a callback of scikit-learn may end the fit after it.

    Parameters
    ----------
    fit : FitTask
        The task that the epochs belong to.
    """

    def __init__(self, fit: FitTask) -> None:
        self.fit = fit

    def on_epoch_begin(self, trainer: Any) -> None:
        """Begin the task of an epoch."""
        self.task = self.fit.context.subcontext(task_name="epoch")
        self.task.call_on_fit_task_begin(**self.fit.arguments)

    def on_epoch_end(self, trainer: Any) -> None:
        """End the task of an epoch; its estimator predicts with the present weights."""

        def fitted() -> dict[str, Any]:
            return {"_net": trainer.net.copy()}

        if self.task.call_on_fit_task_end(**self.fit.arguments, reconstruction_attributes=fitted):
            trainer.stop()
