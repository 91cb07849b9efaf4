"""Between scikit-learn's callbacks and the epochs of a net; and who is listening to Ctrl-C."""

import inspect

# Frames of these packages above a fit mean that the fit may be one of many: Ctrl-C has to stop them all.
_SEARCHES = ("joblib", "sklearn", "optuna", "dask", "distributed", "ray", "multiprocessing", "concurrent.futures")

# Of scikit-learn, only these call a fit no more than once.
_NO_SEARCHES = ("sklearn.base", "sklearn.callback", "sklearn.pipeline", "sklearn.utils")


def runs_inside_a_search():
    """Whether the current call comes from a search, a cross-validation or a pool of workers."""
    frame = inspect.currentframe()
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if _belongs_to(name, _SEARCHES) and not _belongs_to(name, _NO_SEARCHES):
            return True
        frame = frame.f_back
    return False


def _belongs_to(name, packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


class EpochMonitor:
    """Report each epoch of a fit to scikit-learn's callbacks as a task of its own.

    Parameters
    ----------
    estimator : estimator
        The estimator that is fitted.
    context : sklearn.callback.CallbackContext
        Of the whole fit.
    data : dict
        ``X``, ``y`` and ``metadata`` as the callbacks see them.

    Attributes
    ----------
    train : ImageSet
        The images that the net is trained on, once they are known.
    """

    def __init__(self, estimator, context, data):
        self.estimator = estimator
        self.context = context
        self.data = data
        self.epoch = self.train = None

    def begin_epoch(self):
        self.epoch = self.context.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def end_epoch(self, net):
        """Return whether a callback asks to stop."""
        return self.epoch.call_on_fit_task_end(
            estimator=self.estimator,
            # Copied only for a callback that wants an estimator as of this epoch.
            reconstruction_attributes=lambda: self.estimator._attributes_at_an_epoch(net, self.train),
            **self.data,
        )
