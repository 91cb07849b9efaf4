"""Prototypes of fitted estimators as pictures: neighbour means, bases of subspaces, centroids."""

import numpy as np
from sklearn.base import is_classifier

from skfashion._layout import as_array
from skfashion._nested import steps_of
from skfashion._pixels import scaled
from skfashion.inspection._back_to_pixels import directions_in_pixels, inverse_transformed
from skfashion.inspection._labels import names_of
from skfashion.inspection._pictures import Images, pictures_made_by

_CENTROIDS = ("centroids_", "cluster_centers_", "subcluster_centers_", "means_", "theta_")


def neighbor_means(estimator, X, n_prototypes, image_shape):
    """The mean of the nearest training images of each of the first images X."""
    if X is None:
        raise ValueError("X is needed: the images whose neighbours are averaged.")
    *before, model = steps_of(estimator)
    if not hasattr(model, "kneighbors"):
        raise TypeError(f"{type(model).__name__} has no method 'kneighbors'.")
    rows = _training_rows(model)
    images = Images(X, image_shape, estimator, others=() if before else [rows])
    queries = X[:n_prototypes]
    for step in before:
        queries = step.transform(queries)
    index = model.kneighbors(queries, return_distance=False)
    neighbors = pictures_made_by(
        estimator, inverse_transformed(before, rows[index.ravel()]), image_shape, scale=images.scale
    )
    means = neighbors.reshape(*index.shape, *neighbors.shape[1:]).mean(axis=1, dtype=np.float64)
    return images.on_their_scale(images.pictures(slice(n_prototypes)), means)


def subspace_bases(estimator, class_names, n_prototypes, image_shape):
    """The basis of the subspace of an estimator, or of each class of a classifier, first directions first.

    Returns
    -------
    pictures : ndarray of shape (n_directions, h, w) or (n_directions, h, w, channels)
        The directions, which have a sign.
    captions : list of str or None
        Of a classifier, the name of a class at its first direction.
    n_columns : int or None
        Of a classifier, the number of directions per class.
    """
    *before, model = steps_of(estimator)
    if not hasattr(model, "components_"):
        raise TypeError(f"{type(model).__name__} has no 'components_'.")
    captions = n_columns = None
    if hasattr(model, "classes_"):
        directions, n_columns = _bases_of_classes(model, n_prototypes)
        names = names_of(model.classes_.tolist(), class_names)
        captions = [name if column == 0 else "" for name in names for column in range(n_columns)]
    else:
        directions = as_array(model.components_)[:n_prototypes]
    directions = directions_in_pixels(before, directions)
    return pictures_made_by(estimator, directions, image_shape, signed=True), captions, n_columns


def centroids(estimator, class_names, n_prototypes, image_shape):
    """The first centroids or means of an estimator, and the names of their classes where they have any."""
    *before, model = steps_of(estimator)
    if not has_centroids(model):
        raise TypeError(f"{type(model).__name__} has no centroids: none of {', '.join(map(repr, _CENTROIDS))}.")
    points = next(getattr(model, name) for name in _CENTROIDS if hasattr(model, name))
    points = inverse_transformed(before, as_array(points)[:n_prototypes])
    labels = getattr(model, "names_", model.classes_ if is_classifier(model) else None)
    captions = None if labels is None else names_of(np.asarray(labels)[:n_prototypes].tolist(), class_names)
    return pictures_made_by(estimator, points, image_shape), captions


def has_centroids(model):
    return any(hasattr(model, name) for name in _CENTROIDS)


def _training_rows(model):
    """The images, or latent codes, among which a model finds neighbours."""
    if hasattr(model, "training_rows"):
        rows = model.training_rows()
        return scaled(rows, np.float32) if rows.dtype == np.uint8 else rows
    if getattr(model, "effective_metric_", None) == "precomputed":
        raise TypeError(f"{type(model).__name__} of precomputed distances has seen no images.")
    return as_array(model._fit_X)  # scikit-learn has no public name for it


def _bases_of_classes(model, n_prototypes):
    """The first directions of each class, equally many, and their number; a small class has fewer, then zeros."""
    longest = max(len(components) for components in model.components_)
    n_directions = max(1, min(n_prototypes // len(model.classes_), longest))
    directions = np.zeros((len(model.classes_), n_directions, model.n_features_in_))
    for basis, components in zip(directions, model.components_, strict=True):
        basis[: len(components)] = components[:n_directions]
    return directions.reshape(-1, model.n_features_in_), n_directions
