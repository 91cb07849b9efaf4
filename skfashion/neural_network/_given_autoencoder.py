"""Autoencoders as parameters of other estimators: unfitted, fitted, frozen, or found by a search."""

from contextlib import nullcontext

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skfashion._images import fitted_on_images_of
from skfashion._layout import declared_layout
from skfashion._nested import unwrapped
from skfashion._private_sklearn_search import BaseSearchCV
from skfashion.neural_network._base_autoencoder import BaseAutoencoder
from skfashion.neural_network._inner_network import seed_inner


def given_autoencoder(estimator, name):
    """The autoencoder that the parameter `name` of an estimator holds.

    Raises
    ------
    ValueError
        If it holds something else, or a search that is not fitted.
    """
    given = getattr(estimator, name)
    owner = type(estimator).__name__
    autoencoder = unwrapped(given)
    if isinstance(autoencoder, BaseSearchCV):
        raise ValueError(
            f"The {name!r} parameter of {owner} holds a {type(autoencoder).__name__} that is not fitted. Clones forget "
            "what a search has found: wrap the fitted search in a FrozenEstimator."
        )
    if not isinstance(autoencoder, BaseAutoencoder):
        raise ValueError(
            f"The {name!r} parameter of {owner} must be an autoencoder of skfashion.neural_network, a fitted search of "
            f"one, or hold either in a FrozenEstimator. Got {given!r} instead."
        )
    if isinstance(given, FrozenEstimator):
        check_is_fitted(autoencoder)
    return autoencoder


def known_images(autoencoder):
    """The layout and the scale of images that an autoencoder takes, as far as they are known."""
    if hasattr(autoencoder, "net_"):
        return autoencoder._layout, autoencoder._pixels
    return declared_layout(autoencoder.image_shape), None


def fitted_autoencoder(estimator, autoencoder, given, X, sample_weight, fitting=nullcontext):
    """Fit a clone of an autoencoder for an estimator; one that is fitted is shared as it is.

    Parameters
    ----------
    estimator : ImageInput
        What the autoencoder is for; it has checked the images.
    autoencoder : BaseAutoencoder
        The autoencoder.
    given : array-like
        The images as they were given.
    X : ndarray of shape (n_samples, n_features)
        The images as the estimator reads them.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the images.
    fitting : callable, default=nullcontext
        Makes a context manager of the clone, in which that is fitted.
    """
    if hasattr(autoencoder, "net_"):
        autoencoder._validate_images(given, reset=False)  # its columns, and their names
        return shared(autoencoder)
    if autoencoder._is_conditional:
        raise ValueError(
            f"{type(estimator).__name__} trains its {type(autoencoder).__name__} without labels, but that has "
            "conditional=True: fit it first, or set conditional=False."
        )
    autoencoder = clone(autoencoder).set_params(image_shape=estimator._layout.row_shape)
    if getattr(estimator, "distributed", False):
        autoencoder.set_params(distributed=True)
    seed_inner(estimator, autoencoder)
    with fitted_on_images_of(estimator, autoencoder), fitting(autoencoder):
        return autoencoder.fit(X, sample_weight=sample_weight)


def shared(estimator):
    """A fitted estimator with the same attributes, unaffected by what the user later does with the given one."""
    twin = object.__new__(type(estimator))
    vars(twin).update(vars(estimator))
    return twin
