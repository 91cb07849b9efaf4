"""Scorers of clusterers for hyper-parameter searches: functions of an estimator, X and y; greater is better."""

from sklearn.utils.validation import check_is_fitted

from skfashion._layout import rows_of
from skfashion._nested import steps_of
from skfashion.metrics._clusters import clustering_accuracy_score, silhouette_interval, wcss_score


def clustering_accuracy_scorer(estimator, X, y):
    """Score the clusters of X by :func:`clustering_accuracy_score`, as ``scoring`` of a search.

    Parameters
    ----------
    estimator : estimator
        A fitted clusterer or ClusterClassifier, or a pipeline, search or FrozenEstimator that holds one.
    X : array-like of shape (n_samples, n_features)
        The samples, whose clusters by ``predict`` are scored (by ``predict_cluster`` where there is one).
    y : array-like of shape (n_samples,)
        Their classes.

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.metrics import clustering_accuracy_scorer
    >>> X, y = make_garments(300, random_state=0, return_X_y=True)
    >>> search = GridSearchCV(KMeans(random_state=0), {"n_clusters": [2, 10]}, scoring=clustering_accuracy_scorer)
    >>> search.fit(X, y).best_params_
    {'n_clusters': 10}
    """
    return clustering_accuracy_score(y, _clusters(estimator, X))


def neg_wcss_scorer(estimator, X, y=None):
    """Score the clusters of X by minus :func:`wcss_score`, as ``scoring`` of a search.

    The sum grows with the number of samples and falls with the number of clusters: compare equal numbers.

    Parameters
    ----------
    estimator : estimator
        A fitted clusterer or ClusterClassifier, or a pipeline, search or FrozenEstimator that holds one.
    X : array-like of shape (n_samples, n_features)
        The samples, in which distances are measured, and whose clusters by ``predict`` are scored (by
        ``predict_cluster`` where there is one).
    y : Ignored
        Present for the API of scikit-learn.

    Returns
    -------
    float
        At most 0.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from skfashion.metrics import neg_wcss_scorer
    >>> X = [[0.0], [2.0], [10.0]]
    >>> neg_wcss_scorer(KMeans(2, random_state=0).fit(X), X)
    -2.0
    """
    return -wcss_score(rows_of(X, None)[0], _clusters(estimator, X))


def silhouette_scorer(estimator, X, y=None):
    """Score the clusters of X by their mean silhouette, of 2,000 samples if there are more, as ``scoring`` of a search.

    Parameters
    ----------
    estimator : estimator
        A fitted clusterer or ClusterClassifier, or a pipeline, search or FrozenEstimator that holds one.
    X : array-like of shape (n_samples, n_features)
        The samples, in which distances are measured; what they are assigned to by ``predict`` is scored
        (``predict_cluster`` where there is one). The random sample depends on their number alone.
    y : Ignored
        Present for the API of scikit-learn.

    Returns
    -------
    float
        In [-1, 1].

    See Also
    --------
    silhouette_interval : The same with a confidence interval.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from skfashion.metrics import silhouette_scorer
    >>> X = [[0.0], [0.0], [10.0], [10.0]]
    >>> silhouette_scorer(KMeans(2, random_state=0).fit(X), X)
    1.0
    """
    return silhouette_interval(rows_of(X, None)[0], _clusters(estimator, X), random_state=0).estimate


def _clusters(estimator, X):
    """The clusters of X by the innermost estimator; where that has classes, those of its clusterer."""
    check_is_fitted(estimator)
    *before, model = steps_of(estimator)
    for step in before:
        X = step.transform(X)
    return model.predict_cluster(X) if hasattr(model, "predict_cluster") else model.predict(X)
