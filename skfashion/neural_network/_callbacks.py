"""Epochs of a net, and fits of inner networks, as tasks of scikit-learn's callbacks."""

import copy
from contextlib import contextmanager

# What skorch's callbacks look for in a history, and a reader of ours does not.
_INTERNAL = ("batches", "train_loss_best", "valid_loss_best", "train_batch_count", "valid_batch_count")


def history_of(epochs):
    """The epochs of a net's history as fitted estimators report them."""
    return [{name: value for name, value in epoch.items() if name not in _INTERNAL} for epoch in epochs]


def data_of(X, y, sample_weight):
    """The data of a fit as callbacks get them."""
    return {"X": X, "y": y, "metadata": None if sample_weight is None else {"sample_weight": sample_weight}}


@contextmanager
def inner_fit(context, owner, inner, data, task_name):
    """Report the fit of an inner estimator as a task of the fit of its owner, and let callbacks reach it.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        Of the fit of the owner.
    owner, inner : estimator
        The estimator that is fitted, and the one inside of it.
    data : dict
        As of :func:`data_of`.
    task_name : str
        What the task is called.
    """
    task = context.subcontext(task_name=task_name)
    with task.propagate_callback_context(inner):
        task.call_on_fit_task_begin(estimator=owner, **data)
        yield inner
    task.call_on_fit_task_end(estimator=owner, **data)


class EpochTasks:
    """Report each epoch of a fit to scikit-learn's callbacks as a task of its own.

    The ``history_`` of the estimator grows while it is fitted, for callbacks to read.

    Parameters
    ----------
    estimator : estimator
        The estimator that is fitted.
    context : sklearn.callback.CallbackContext
        Of the whole fit.
    data : dict
        ``X``, ``y`` and ``metadata`` as the callbacks see them.
    """

    def __init__(self, estimator, context, data):
        self.estimator = estimator
        self.context = context
        self.data = data
        self.epoch = self.train = self.history = None

    def on(self, train):
        """Set the :class:`ImageSet` that the net is trained on, once it is known, and return self."""
        self.train = train
        return self

    def fit_before(self, inner, task_name):
        """The context in which an inner estimator is to be fitted before the first epoch."""
        return inner_fit(self.context, self.estimator, inner, self.data, task_name)

    def begin_epoch(self):
        self.epoch = self.context.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def end_epoch(self, net):
        """Return whether a callback asks to stop."""
        if self.history is None:  # of a net that goes on, with the epochs before
            self.history = history_of(net.history[:-1])
        self.history += history_of(net.history[-1:])
        self.estimator.history_ = self.history
        return self.epoch.call_on_fit_task_end(
            estimator=self.estimator,
            # Copied only for a callback that wants an estimator as of this epoch.
            reconstruction_attributes=lambda: self._attributes(net),
            **self.data,
        )

    def fitted_estimator(self, net):
        """A copy of the estimator, fitted as if its training had ended after the last epoch of `net`."""
        estimator = copy.copy(self.estimator)
        vars(estimator).update(self._attributes(net))
        return estimator

    def _attributes(self, net):
        return self.estimator._attributes_at_an_epoch(net, self.train)
