"""Networks that other estimators hold and fit: their seeds, Ctrl-C, and callbacks of scikit-learn."""

from contextlib import contextmanager

from skfashion._seeds import draw_seed
from skfashion.neural_network._callbacks import data_of, inner_fit


def seed_inner(owner, inner):
    """Seed a network from the `random_state` of its owner, unless it has one of its own."""
    if inner.random_state is None and owner.random_state is not None:
        inner.set_params(random_state=draw_seed(owner.random_state))


@contextmanager
def fit_of_an_inner_network(owner, X, y, sample_weight):
    """Report a fit to scikit-learn's callbacks; give a context manager in which the inner network is to be fitted.

    There callbacks reach the network, and Ctrl-C ends its training as that of the owner.

    Parameters
    ----------
    owner : estimator
        The estimator that is fitted, which supports callbacks and has a :class:`CloneMark`.
    X, y, sample_weight : array-like
        What it is fitted on, as callbacks see it.
    """
    data = data_of(X, y, sample_weight)
    whole = owner._init_callback_context(max_subtasks=1)
    whole.call_on_fit_task_begin(estimator=owner, **data)

    def fitting(inner):
        owner._mark_as_own(inner)
        return inner_fit(whole, owner, inner, data, "fit-network")

    yield fitting
    whole.call_on_fit_task_end(estimator=owner, reconstruction_attributes=dict, **data)
