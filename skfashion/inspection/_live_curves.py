"""Training curves as a callback of scikit-learn: epochs reported while models are trained, in any process."""

import contextlib
import sys
import threading
import time
import warnings
from typing import Protocol, runtime_checkable

from skfashion._private_sklearn_callback import close_listener, open_listener, send
from skfashion.inspection._screens import screen_here

# Seconds between pictures, so that drawing takes little of the time of a training.
_INTERVAL = 0.5


@runtime_checkable
class TrainedInEpochs(Protocol):
    """An estimator whose ``history_`` grows by a dict per epoch while it is fitted."""

    history_: list


class LiveCurves:
    """The histories of the models that are being trained, and the screen that shows them.

    What runs within a fit only records; errors of the picture are reported when the fit is over.
    """

    def __init__(self):
        self.histories = {}
        self._listeners = {}  # by fit: workers tell the process in which it began
        self._start()

    def _start(self):
        """What is no part of a pickle."""
        self._lock = threading.Lock()
        self._names = {}
        self._screen = self._failure = None
        self._shown = -float("inf")

    def __getstate__(self):
        """Without what belongs to this process: locks, screens and figures."""
        mine = ("_lock", "_names", "_screen", "_failure", "_shown", "lines_", "ax_", "figure_")
        with self._lock:  # a history may be growing
            state = {name: value for name, value in vars(self).items() if name not in mine}
            histories = {name: list(rows) for name, rows in self.histories.items()}
            return {**state, "histories": histories, "_listeners": dict(self._listeners)}

    def __setstate__(self, state):
        vars(self).update(state)
        self._start()

    @property
    def max_propagation_depth(self):
        """None: a search or Pipeline hands the callback on to all that it trains."""
        return None

    def setup(self, estimator, context):
        """Begin with empty curves; called by scikit-learn before a fit.

        Parameters
        ----------
        estimator : estimator
            The one that is fitted.

        context : sklearn.callback.CallbackContext
            Of the fit.
        """
        with self._lock:
            if not self._listeners:
                self.histories, self._names = {}, {}
                self._screen, self._failure, self._shown = screen_here(), None, -float("inf")
            try:
                self._listeners[context.root_uuid] = open_listener(self._note)
            except OSError as error:
                self._failure = error

    def teardown(self, estimator, context):
        """Show the curves for the last time; called by scikit-learn after a fit.

        Parameters
        ----------
        estimator : estimator
            The one that was fitted.

        context : sklearn.callback.CallbackContext
            Of the fit.

        Warns
        -----
        RuntimeWarning
            If the curves could not be drawn, or if nothing was trained in epochs.
        """
        listener = self._listeners.pop(context.root_uuid, None)
        if listener is not None:
            close_listener(listener)
        with self._lock:
            if self._listeners:  # another fit goes on
                return
            if self.histories:
                self._show(last=True)
            failure, self._screen = self._failure, None
        if failure is not None:
            warnings.warn(
                f"The training curves could not be drawn: {type(failure).__name__}: {failure}",
                RuntimeWarning,
                stacklevel=2,
            )
        elif not self.histories and sys.exc_info()[0] is None:
            warnings.warn(
                f"{type(estimator).__name__} has reported no epochs: there is no training curve.",
                RuntimeWarning,
                stacklevel=2,
            )

    def on_fit_task_begin(self, estimator, context):
        """Do nothing; called by scikit-learn.

        Parameters
        ----------
        estimator : estimator
            The one that is fitted.

        context : sklearn.callback.CallbackContext
            Of the task.
        """

    def on_fit_task_end(self, estimator, context):
        """Take note of an epoch; called by scikit-learn.

        Parameters
        ----------
        estimator : estimator
            The one that is fitted.

        context : sklearn.callback.CallbackContext
            Of the task.
        """
        listener = self._listeners.get(context.root_uuid)
        if listener is not None and context.task_name == "epoch" and isinstance(estimator, TrainedInEpochs):
            rows = estimator.history_ if context.task_id == 0 else estimator.history_[-1:]
            # A worker on another machine does not reach the listener: the fit goes on without a curve.
            with contextlib.suppress(OSError, EOFError):
                send(listener, (context.root_uuid, _path_of(context.parent), list(rows)))

    def _note(self, message):
        """Add the epochs of a message, and show all curves from time to time."""
        root, path, rows = message
        with self._lock:
            if (root, path) not in self._names:
                self._names[root, path] = _unused(_name_of(path), self.histories)
            self.histories.setdefault(self._names[root, path], []).extend(rows)
            if time.monotonic() - self._shown >= _INTERVAL:
                self._show(last=False)
                self._shown = time.monotonic()

    def _show(self, *, last):
        if self._screen is None or self._failure is not None:
            return
        try:
            self._screen.show(self, last=last)
        except Exception as error:  # whatever it is: no picture is worth a training
            self._failure = error


def _path_of(context):
    """The tasks between the fit that the user has called and an epoch, each with its number."""
    if context.parent is None:
        return ()
    return (*_path_of(context.parent), (context.source_task_name or context.task_name, context.task_id))


def _name_of(path):
    """Steps of a Pipeline and a refit have names, all else has a number; the search itself says nothing."""
    return ", ".join(
        task.replace("-", " ") if task.startswith(("fit-", "refit-")) else f"{task} {number}".replace("-", " ")
        for task, number in path
        if task != "search"
    )


def _unused(name, names):
    number = 1
    unused = name
    while unused in names:
        number += 1
        unused = f"{name or 'fit'} ({number})"
    return unused
