"""What a fitted estimator goes by, as pictures: centroids, directions, means of neighbours."""

from dataclasses import dataclass

import numpy as np

from skfashion._layout import as_array
from skfashion._pixels import scaled
from skfashion.inspection._estimators import directions_back, points_back, steps_of
from skfashion.inspection._labels import names_of
from skfashion.inspection._pictures import Images, pictures_made_by


@dataclass(frozen=True)
class Exemplars:
    """Pictures, their captions, whether they have a sign, and how many belong in a row, if that is known."""

    pictures: np.ndarray
    captions: list | None = None
    signed: bool = False
    n_columns: int | None = None


def exemplars_of(estimator, X, class_names, n_most, image_shape):
    """What the last step of an estimator goes by, brought back to images through the steps before it."""
    *before, model = steps_of(estimator)
    if hasattr(model, "kneighbors"):
        return Exemplars(_means_of_neighbors(estimator, X, n_most, image_shape))
    if isinstance(getattr(model, "components_", None), list):
        directions, captions, n_directions = _subspaces(model, class_names, n_most)
        pictures = pictures_made_by(estimator, directions_back(before, directions), image_shape, signed=True)
        return Exemplars(pictures, captions, signed=True, n_columns=n_directions)
    if hasattr(model, "components_"):
        directions = directions_back(before, as_array(model.components_)[:n_most])
        return Exemplars(pictures_made_by(estimator, directions, image_shape, signed=True), signed=True)
    points = as_array(_centroids(model))[:n_most]
    pictures = pictures_made_by(estimator, points_back(before, points), image_shape)
    return Exemplars(pictures, _names_of_points(model, class_names, n_most))


def _means_of_neighbors(estimator, X, n_most, image_shape):
    if X is None:
        raise ValueError("X is needed: the images whose neighbours are averaged.")
    *before, model = steps_of(estimator)
    images = Images(X, image_shape, estimator)
    seen = X[:n_most]
    for step in before:
        seen = step.transform(seen)
    rows = _training_rows(model)
    nearest = model.kneighbors(seen, return_distance=False)
    means = [
        mean_picture(pictures_made_by(estimator, points_back(before, rows[those]), image_shape)) for those in nearest
    ]
    return images.on_their_scale(images.pictures(slice(n_most)), np.array(means))


def _training_rows(model):
    """The images, or codes, among which a model finds neighbours."""
    if hasattr(model, "training_rows"):
        rows = model.training_rows()
        return scaled(rows, np.float32) if rows.dtype == np.uint8 else rows
    if getattr(model, "effective_metric_", None) == "precomputed":
        raise TypeError(f"{type(model).__name__} of precomputed distances has seen no images.")
    return as_array(model._fit_X)  # scikit-learn has no public name for it


def _centroids(model):
    for name in ("centroids_", "cluster_centers_", "subcluster_centers_", "means_", "theta_"):
        if hasattr(model, name):
            return getattr(model, name)
    raise TypeError(
        f"{type(model).__name__} has no prototypes: neither centroids ('cluster_centers_', 'means_'), nor "
        "'components_', nor 'kneighbors'."
    )


def _names_of_points(model, class_names, n_most):
    """The class of each centroid, where centroids have one."""
    labels = getattr(model, "names_", getattr(model, "classes_", None))
    return None if labels is None else names_of(np.asarray(labels)[:n_most].tolist(), class_names)


def _subspaces(model, class_names, n_most):
    """A row for each class: the first directions of its subspace, of which a small class has fewer."""
    longest = max(len(components) for components in model.components_)
    n_directions = max(1, min(n_most // len(model.classes_), longest))
    directions = np.zeros((len(model.classes_), n_directions, model.n_features_in_))
    for row, components in zip(directions, model.components_, strict=True):
        row[: len(components)] = components[:n_directions]
    names = names_of(model.classes_.tolist(), class_names)
    captions = [name if place == 0 else "" for name in names for place in range(n_directions)]
    return directions.reshape(-1, model.n_features_in_), captions, n_directions


def mean_picture(pictures):
    """The mean of pictures, summed in float64: many float32 add up to what float32 cannot hold."""
    return pictures.mean(axis=0, dtype=np.float64)
