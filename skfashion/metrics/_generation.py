"""How good generated images are."""

import numpy as np
import torch
from scipy.linalg import eigh, eigvalsh
from sklearn.utils import check_array

from skfashion.baselines._search import FloatSearch, nearest


def frechet_distance(X, Y):
    """The Fréchet distance between two sets of features, each described by a normal distribution.

    On the features of an Inception network it is known as FID; on codes of an autoencoder or on PCA components it
    compares generated with real images just as well, as long as both sets go through the same transformer.

    Parameters
    ----------
    X, Y : array-like of shape (n_samples, n_features)
        The features; at least two samples each. For a stable estimate there should be many more samples than features.

    Returns
    -------
    float
        ``|mean_X - mean_Y|^2 + trace(C_X + C_Y - 2 (C_X C_Y)^(1/2))``, at least 0; smaller is closer. The squared
        distance of Dowson and Landau, as is the custom.

    References
    ----------
    M. Heusel et al., `GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium
    <https://arxiv.org/abs/1706.08500>`_, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skfashion.metrics import frechet_distance
    >>> X = np.random.default_rng(0).normal(size=(1000, 2))
    >>> round(frechet_distance(X, X + np.array([3, 4])), 6)
    25.0
    """
    X, Y = (check_array(each, dtype=np.float64, ensure_min_samples=2) for each in (X, Y))
    if X.shape[1] != Y.shape[1]:
        raise ValueError(f"X has {X.shape[1]} features, but Y has {Y.shape[1]}.")
    cov_X, cov_Y = (np.atleast_2d(np.cov(each, rowvar=False)) for each in (X, Y))
    # (C_X C_Y)^(1/2) has the trace of (R C_Y R)^(1/2) with the symmetric root R of C_X, which stays real.
    values, vectors = eigh(cov_X)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(eigvalsh(root @ cov_Y @ root).clip(0)).sum()
    distance = ((X.mean(axis=0) - Y.mean(axis=0)) ** 2).sum() + np.trace(cov_X) + np.trace(cov_Y) - 2 * shared
    return max(0.0, float(distance))


def nearest_train_distance(X, X_train):
    """The distance of each sample from the nearest training sample: generated images that merely copy are at 0.

    Compare with the same for held-out real images: samples that are clearly nearer than those are copies.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        For instance generated images.
    X_train : array-like of shape (n_train, n_features)
        The images that the generator was fitted on. In either, uint8 means pixels, on the scale of [0, 1].

    Returns
    -------
    distance : ndarray of shape (n_samples,)
        Euclidean.
    nearest : ndarray of shape (n_samples,), int
        Which training sample it is.

    Examples
    --------
    >>> from skfashion.metrics import nearest_train_distance
    >>> nearest_train_distance([[0.0, 3.0]], [[9.0, 9.0], [4.0, 0.0]])
    (array([5.]), array([1]))
    """
    X, X_train = (check_array(each, dtype=[np.float64, np.float32, np.uint8]) for each in (X, X_train))
    if X.shape[1] != X_train.shape[1]:
        raise ValueError(f"X has {X.shape[1]} features, but X_train has {X_train.shape[1]}.")
    distance, index = nearest(FloatSearch(X_train, "euclidean", torch.device("cpu")), X, 1)
    return distance[:, 0], index[:, 0]
