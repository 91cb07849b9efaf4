"""Pipelines of scikit-learn with settings that suit small images."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler
from sklearn.svm import SVC


def make_pca_svc(n_components=0.975, *, C=10.0, gamma="scale", random_state=None):
    """Make the pipeline scaling, square root, PCA, support vector machine with an RBF kernel.

    The square root of the pixels makes dark details count more.

    Parameters
    ----------
    n_components : int, float or None, default=0.975
        Of :class:`~sklearn.decomposition.PCA`: how many, or the share of the variance to keep (of Fashion-MNIST 0.975
        keeps about 300 of 784).

    C : float, default=10.0
        Of :class:`~sklearn.svm.SVC`: the greater, the closer it follows the training images.

    gamma : "scale", "auto" or float, default="scale"
        The width of the kernel.

    random_state : int, RandomState instance or None, default=None
        Of the randomised solver of PCA.

    Returns
    -------
    sklearn.pipeline.Pipeline
        With the steps ``scale``, ``root``, ``pca`` and ``svc``.

    Notes
    -----
    ``benchmarks/results/defaults.json`` holds what the square root, the number of components and C are worth on 10,000
    held-out images of Fashion-MNIST.

    References
    ----------
    C. Cortes and V. Vapnik, `Support-vector networks <https://doi.org/10.1007/BF00994018>`_, 1995.

    Examples
    --------
    >>> from skfashion.baselines import make_pca_svc
    >>> from skfashion.datasets import make_garments
    >>> X, y = make_garments(1000, random_state=0, return_X_y=True)
    >>> make_pca_svc(50, random_state=0).fit(X[:800], y[:800]).score(X[800:], y[800:]) > 0.6
    True
    """
    return Pipeline(
        [
            ("scale", MinMaxScaler(clip=True)),  # what is below the darkest training pixel has no root
            ("root", FunctionTransformer(np.sqrt, feature_names_out="one-to-one")),
            ("pca", PCA(n_components, random_state=random_state)),
            ("svc", SVC(C=C, gamma=gamma, random_state=0)),  # else its fit moves numpy's generator for nothing
        ]
    )
