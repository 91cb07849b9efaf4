"""Assignment of new images by clusterers without ``predict``: the cluster of the nearest training image."""

import numpy as np
import torch
from sklearn.neighbors import NearestNeighbors

from skfashion._layout import as_array
from skfashion._nested import steps_of
from skfashion.baselines._float_search import FloatSearch
from skfashion.baselines._nearest import nearest


class NearestMember:
    """Assigns rows to the cluster of the nearest training row, as the clusterer measures distances.

    Of DBSCAN only core samples are looked at.

    Parameters
    ----------
    clusterer : estimator
        A fitted clusterer, or a pipeline or search that holds one.
    X : ndarray of shape (n_samples, n_features)
        What it was fitted on.
    labels : ndarray of shape (n_samples,), int
        The clusters of X; -1 is noise.
    """

    def __init__(self, clusterer, X, labels):
        *self.transformers, clusterer = steps_of(clusterer)
        members = getattr(clusterer, "core_sample_indices_", np.flatnonzero(labels >= 0))
        self.search = NearestRow(self._seen(X)[members], **_metric(clusterer.get_params()))
        self.labels = labels[members]

    def _seen(self, X):
        for transformer in self.transformers:
            X = transformer.transform(X)
        return np.asarray(as_array(X))

    def predict(self, X):
        return self.labels[self.search.of(self._seen(X))]


class NearestRow:
    """The position of the nearest among some rows, by any metric of scikit-learn; exact for the most usual ones.

    Parameters
    ----------
    rows : ndarray of shape (n, n_features)
        The rows.
    metric, **parameters
        As of :class:`sklearn.neighbors.NearestNeighbors`.
    """

    def __init__(self, rows, metric, **parameters):
        usual = {"l2": "euclidean", "minkowski": "euclidean" if parameters.get("p", 2) == 2 else None}
        metric_of_products = usual.get(metric, metric) if isinstance(metric, str) else None
        if metric_of_products in ("euclidean", "cosine") and not parameters.get("metric_params"):
            self.search = FloatSearch(rows, metric_of_products, torch.device("cpu"))
        else:
            self.search = NearestNeighbors(n_neighbors=1, metric=metric, **parameters).fit(rows)

    def of(self, X):
        """The positions of the rows that are nearest to those of X."""
        if isinstance(self.search, FloatSearch):
            return nearest(self.search, X, 1)[1][:, 0]
        return self.search.kneighbors(X, return_distance=False)[:, 0]


def _metric(parameters):
    """The metric of a clusterer by the names of NearestNeighbors, which wants the power of Minkowski's by its own."""
    metric_params = dict(parameters.get("metric_params") or {})
    power = parameters.get("p")
    power = metric_params.pop("p", None) if power is None else power
    metric = {"metric": parameters.get("metric"), "metric_params": metric_params or None, "p": power}
    return {"metric": "euclidean"} | {name: value for name, value in metric.items() if value is not None}
