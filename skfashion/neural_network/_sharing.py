"""What processes that share a fit have to agree on."""

from contextlib import nullcontext

from skfashion._device import resolve_device
from skfashion._seeds import draw_seed
from skfashion.training._distributed import agreed_seed, only_training_here

# Parameters that may differ between processes that share a fit.
_OF_A_PROCESS = ("device", "random_state", "verbose", "net_params")


def alone(estimator):
    """A context in which no other thread of this process shares a fit, if this one is shared."""
    return only_training_here() if estimator.distributed else nullcontext()


def drawn_seed(estimator, X, examples, valid, *, resume):
    """The seed of a fit, on which all processes that share it have agreed.

    Parameters
    ----------
    estimator : BaseNet
        What is fitted.
    X : ndarray of shape (n_samples, n_features)
        The images.
    examples : dict
        What :class:`~skfashion.training._loader.ImageSet` needs to know of them.
    valid : ImageSet or None
        The validation images.
    resume : bool
        Whether the fit goes on from the last one.
    """
    seed = draw_seed(estimator.random_state)
    if not estimator.distributed:
        return seed
    parameters = estimator.get_params()
    facts = {
        "class": type(estimator).__name__,
        **{name: parameters[name] for name in parameters if name.rpartition("__")[2] not in _OF_A_PROCESS},
        "X": X,
        "y": (examples.get("y"), examples.get("clean")),
        "sample_weight": (examples["rows"], examples["weight"]),
        "validation images": None if valid is None else valid.arrays(),
        "the fitted model": estimator.net_.weights() if resume else None,
    }
    return agreed_seed(seed, resolve_device(estimator.device), facts)
