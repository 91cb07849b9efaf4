"""What processes that share a fit have to agree on."""

from skfashion._device import resolve_device
from skfashion.training._distributed import agreed_seed

# Parameters that may differ between processes that share a fit.
_OF_A_PROCESS = ("device", "random_state", "verbose", "net_params")


def common_seed(estimator, seed, X, examples, valid, *, resume):
    """The seed of a fit, on which all processes that share it have agreed.

    Parameters
    ----------
    estimator : BaseNet
        What is fitted.
    seed : int
        What this process has drawn.
    X : ndarray of shape (n_samples, n_features)
        The images.
    examples : dict
        What :class:`~skfashion.training._loader.ImageSet` needs to know of them.
    valid : ImageSet or None
        The validation images.
    resume : bool
        Whether the fit goes on from the last one.
    """
    parameters = estimator.get_params()
    facts = {
        "class": type(estimator).__name__,
        **{name: parameters[name] for name in parameters if name.rpartition("__")[2] not in _OF_A_PROCESS},
        "X": X,
        "y": (examples.get("y"), examples.get("clean"), examples.get("labels")),
        "sample_weight": (examples["rows"], examples["weight"]),
        "validation images": None if valid is None else valid.arrays(),
        "the fitted model": estimator.net_.weights() if resume else None,
    }
    return agreed_seed(seed, resolve_device(estimator.device), facts)
