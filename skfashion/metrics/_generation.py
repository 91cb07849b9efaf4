"""Metrics of generated images: Fréchet distance, and distance from the nearest training image."""

import numpy as np
from scipy.linalg import eigh, eigvalsh

from skfashion._images import check_float32, on_one_scale
from skfashion._pixels import scaled


def frechet_distance(X, Y):
    """Fréchet distance between normal distributions fitted to two sets of features.

    On the features of an Inception network it is known as FID. Latent codes of an autoencoder or PCA components are
    features too, as long as both sets of images go through the same transformer.

    Parameters
    ----------
    X, Y : array-like of shape (n_samples, n_features)
        The features, or images as rows; at least two samples each. For a stable estimate there should be many more
        samples than features.

    Returns
    -------
    float
        ``|mean_X - mean_Y|^2 + trace(C_X + C_Y - 2 (C_X C_Y)^(1/2))``, at least 0; smaller is closer. By convention
        this is the squared distance of Dowson and Landau.

    Raises
    ------
    ValueError
        If there are fewer than two samples, or if the numbers of features differ.

    Warns
    -----
    UserWarning
        If X and Y seem to be on different scales, and it is unclear how these compare.

    Notes
    -----
    Both sets are brought to one scale, whatever their dtypes and order: whole numbers from 0 to 255, some of them above
    127, are pixel levels, which are divided by 255. So uint8 images may be compared with generated ones in [0, 1].
    Other numbers are taken as they are.

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
    X, Y = (scaled(features) for features in on_one_scale(X, Y, "Y", "frechet_distance", ensure_min_samples=2))
    cov_X, cov_Y = (np.atleast_2d(np.cov(features, rowvar=False)) for features in (X, Y))
    # (C_X C_Y)^(1/2) has the trace of (R C_Y R)^(1/2) with the symmetric root R of C_X, which stays real.
    values, vectors = eigh(cov_X)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(eigvalsh(root @ cov_Y @ root).clip(0)).sum()
    distance = ((X.mean(axis=0) - Y.mean(axis=0)) ** 2).sum() + np.trace(cov_X) + np.trace(cov_Y) - 2 * shared
    return max(0.0, float(distance))


def nearest_train_distance(X, X_train):
    """Distance of each sample from its nearest training sample: 0 for generated images that are copies.

    Compare it with the distances of held-out real images: clearly smaller ones indicate copies.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        For instance generated images.
    X_train : array-like of shape (n_train, n_features)
        The training images of the generator. Both sets are brought to one scale as by :func:`frechet_distance`.

    Returns
    -------
    distance : ndarray of shape (n_samples,), float64
        Euclidean distances; for levels from 0 to 255, on the scale of [0, 1] per pixel.
    nearest : ndarray of shape (n_samples,), int64
        Index of the nearest training sample; ties go to the first.

    Raises
    ------
    ValueError
        If the numbers of features differ, or values are too large for float32.

    Warns
    -----
    UserWarning
        If X and X_train seem to be on different scales, and it is unclear how these compare.

    Examples
    --------
    >>> from skfashion.metrics import nearest_train_distance
    >>> nearest_train_distance([[0.0, 3.0]], [[9.0, 9.0], [4.0, 0.0]])
    (array([5.]), array([1]))
    """
    import torch  # late: no other metric needs it

    from skfashion.baselines._float_search import FloatSearch
    from skfashion.baselines._nearest import nearest

    X, X_train = on_one_scale(X, X_train, "X_train", "nearest_train_distance")
    for images in (X, X_train):
        check_float32(images, "nearest_train_distance")
    distance, index = nearest(FloatSearch(X_train, "euclidean", torch.device("cpu")), X, 1)
    return distance[:, 0], index[:, 0]
