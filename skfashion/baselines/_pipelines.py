"""Pipelines of scikit-learn with settings that suit small images."""

from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC


def make_pca_svc(n_components=200, *, C=10.0, gamma="scale", random_state=None):
    """Make the pipeline scaling, PCA, support vector machine with an RBF kernel.

    Parameters
    ----------
    n_components : int, float or None, default=200
        Of :class:`~sklearn.decomposition.PCA`.

    C : float, default=10.0
        Of :class:`~sklearn.svm.SVC`: the greater, the closer it follows the training images.

    gamma : "scale", "auto" or float, default="scale"
        The width of the kernel.

    random_state : int, RandomState instance or None, default=None
        Of the randomised solver of PCA.

    Returns
    -------
    sklearn.pipeline.Pipeline
        With the steps ``scale``, ``pca`` and ``svc``.

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
            ("scale", MinMaxScaler()),
            ("pca", PCA(n_components, random_state=random_state)),
            ("svc", SVC(C=C, gamma=gamma)),
        ]
    )
