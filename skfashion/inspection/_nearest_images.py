"""Images beside the training images that are nearest to them."""

from numbers import Integral

import numpy as np
from sklearn.base import is_classifier
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_consistent_length, check_scalar

from skfashion._images import on_one_scale
from skfashion._layout import as_array
from skfashion._nested import steps_of, unwrapped
from skfashion._pixels import scaled
from skfashion._private_sklearn import _num_samples
from skfashion.inspection._class_scores import single_labels
from skfashion.inspection._drawing import axes_for, check_kw, draw_grid, grid_size, unsigned_style
from skfashion.inspection._labels import labels_of, names_of
from skfashion.inspection._pictures import Images, arranged
from skfashion.inspection._protocols import ImageEstimator

# Training images that are compared with those of the fit.
_N_COMPARED = 100


class NearestImagesDisplay:
    """Images, each in a row with its nearest training images, which show what an error was learnt from.

    It is made by :meth:`from_estimator`, which compares images by the embedding of an estimator, or by
    :meth:`from_data`, which compares pixels.

    Parameters
    ----------
    images : ndarray of shape (n_images, h, w) or (n_images, h, w, channels)
        The pictures of the images.

    nearest : ndarray of shape (n_images, n_neighbors, h, w) or (n_images, n_neighbors, h, w, channels)
        The pictures of their nearest training images, the nearest first.

    indices : ndarray of shape (n_images, n_neighbors)
        Their positions in X_train.

    distances : ndarray of shape (n_images, n_neighbors)
        Their distances.

    captions, nearest_captions : sequence of str, default=None
        The text below each picture.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The pictures, row after row.
    captions_ : list of matplotlib.text.Text
        The captions.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import NearestImagesDisplay
    >>> from skfashion.neural_network import MLPClassifier
    >>> garments = make_garments(600, random_state=0)
    >>> X, y, names = garments.data, garments.target, garments.target_names
    >>> mlp = MLPClassifier((32,), max_epochs=10, batch_size=16, random_state=0).fit(X[:400], y[:400])
    >>> display = NearestImagesDisplay.from_estimator(
    ...     mlp, X[400:403], X[:400], y[:400], y=y[400:403], class_names=names
    ... )
    >>> display.indices.shape
    (3, 5)
    """

    def __init__(self, images, nearest, indices, distances, *, captions=None, nearest_captions=None):
        self.images = images
        self.nearest = nearest
        self.indices = indices
        self.distances = distances
        self.captions = captions
        self.nearest_captions = nearest_captions

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        X_train,
        y_train=None,
        *,
        y=None,
        n_neighbors=5,
        class_names=None,
        image_shape=None,
        ax=None,
        imshow_kw=None,
    ):
        """Draw images, and the training images that are nearest to them as an estimator sees both.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            Fitted. Images are compared by its ``kneighbors`` if it has that method, as nearest neighbours do; X_train
            must then be the images that it was fitted on. Otherwise they are compared by the embedding of ``embed``
            (networks of this library), by the latent code of ``transform`` (autoencoders, PCA), or by the output of the
            steps before the last one of a Pipeline. Distances are Euclidean except for those of ``kneighbors``.

        X : array-like of shape (n_images, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images to explain, for instance errors.

        X_train : array-like of shape (n_train, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The training images.

        y_train : array-like of shape (n_train,), default=None
            Their labels, for captions.

        y : array-like of shape (n_images,), default=None
            The labels of X. The caption of an image also names the label that a classifier predicts, if it differs.

        n_neighbors : int, default=5
            Training images per image.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : NearestImagesDisplay
            The display, with `ax_` and `figure_` set.

        Raises
        ------
        TypeError
            If the estimator neither embeds nor transforms images, and finds no neighbours.
        ValueError
            If y is given and the classifier predicts several labels for an image, or if the estimator has
            ``kneighbors`` and was fitted on another number of images than X_train holds; for ``KNNClassifier`` also if
            X_train holds other images, or these in another order.
        """
        check_kw(imshow_kw=imshow_kw)
        _check(X, X_train, y_train, y, n_neighbors)
        distances, indices = _neighbors_of(estimator, X, X_train, n_neighbors)
        model = unwrapped(estimator)
        predicted = single_labels(model, X) if y is not None and is_classifier(model) else None
        captions = _captions(y, predicted, y_train, indices, class_names)
        pictures = _pictures(X, X_train, indices, image_shape, estimator)
        return cls(*pictures, indices, distances, **captions).plot(ax, imshow_kw=imshow_kw)

    @classmethod
    def from_data(
        cls,
        X,
        X_train,
        y_train=None,
        *,
        y=None,
        n_neighbors=5,
        class_names=None,
        image_shape=None,
        ax=None,
        imshow_kw=None,
    ):
        """Draw images, and the training images that are nearest to them by their pixels.

        Parameters
        ----------
        X : array-like of shape (n_images, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images to explain, for instance errors, or generated ones.

        X_train : array-like of shape (n_train, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The training images.

        y_train : array-like of shape (n_train,), default=None
            Their labels, for captions.

        y : array-like of shape (n_images,), default=None
            The labels of X, for captions.

        n_neighbors : int, default=5
            Training images per image.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        image_shape : tuple of int, default=None
            As in the estimators; None infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : NearestImagesDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        _check(X, X_train, y_train, y, n_neighbors)
        images = [arranged(each, image_shape, None) for each in (X, X_train)]  # X may be (n, h, w, c) alone
        if images[0].shape[1:] != images[1].shape[1:]:
            shapes = [each.shape[1:] for each in images]
            raise ValueError(f"X holds images of (c, h, w) = {shapes[0]}, X_train of {shapes[1]}.")
        rows = (each.reshape(len(each), -1) for each in images)
        rows = on_one_scale(*rows, "X_train", "NearestImagesDisplay")
        rows = [scaled(each, np.float32) if each.dtype == np.uint8 else each for each in rows]
        distances, indices = _nearest(*rows, n_neighbors)
        captions = _captions(y, None, y_train, indices, class_names)
        pictures = _pictures(X, X_train, indices, image_shape, None)
        return cls(*pictures, indices, distances, **captions).plot(ax, imshow_kw=imshow_kw)

    def plot(self, ax=None, *, imshow_kw=None):
        """Draw the rows.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : NearestImagesDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        n_images, n_neighbors = self.indices.shape
        n_columns = n_neighbors + 2  # one stays free between an image and its neighbours
        cells = np.arange(n_images * n_columns).reshape(n_images, n_columns)
        pictures = np.concatenate([self.images[:, None], self.nearest], axis=1).reshape(-1, *self.images.shape[1:])
        captions = self._all_captions()
        pictures, imshow_kw = unsigned_style(pictures, imshow_kw)
        size = grid_size(np.repeat(pictures[:1], cells.size, axis=0), n_columns, captions)
        grid = {
            "cells": np.delete(cells, 1, axis=1).ravel(),
            "captions": captions,
            "column_labels": ["image", "", "nearest", *[""] * (n_neighbors - 1)],
            "imshow_kw": imshow_kw,
        }
        with axes_for(self, ax, size) as ax:
            self.images_, self.captions_ = draw_grid(ax, pictures, n_columns, **grid)
        return self

    def _all_captions(self):
        """The captions row after row; None if there are none."""
        if self.captions is None and self.nearest_captions is None:
            return None
        captions = [""] * len(self.images) if self.captions is None else list(self.captions)
        nearest = [""] * self.indices.size if self.nearest_captions is None else list(self.nearest_captions)
        step = self.indices.shape[1]
        return [
            text for row, caption in enumerate(captions) for text in (caption, *nearest[row * step : (row + 1) * step])
        ]


def _check(X, X_train, y_train, y, n_neighbors):
    check_consistent_length(X, y)
    check_consistent_length(X_train, y_train)
    check_scalar(n_neighbors, "n_neighbors", Integral, min_val=1, max_val=_num_samples(X_train))


def _neighbors_of(estimator, X, X_train, n_neighbors):
    """Distances and positions of the nearest training images as an estimator sees them."""
    *before, model = steps_of(estimator)

    def seen(images):
        for step in before:
            images = step.transform(images)
        return images

    if hasattr(model, "kneighbors"):
        n_fitted = model.n_samples_fit_
        if n_fitted != _num_samples(X_train):
            raise ValueError(
                f"X_train must be the {n_fitted:,} images that {type(model).__name__} was fitted on. "
                f"Got {_num_samples(X_train):,} images."
            )
        if isinstance(model, ImageEstimator) and hasattr(model, "training_rows"):
            _check_training_images(model, X_train if not before else seen(X_train))
        return model.kneighbors(seen(X), n_neighbors)
    method = next((name for name in ("embed", "transform") if hasattr(model, name)), None)
    if method is None and not before:
        raise TypeError(
            f"{type(model).__name__} has no 'embed', 'transform' or 'kneighbors': use from_data, which compares pixels."
        )
    codes = [seen(images) if method is None else getattr(model, method)(seen(images)) for images in (X, X_train)]
    return _nearest(*map(as_array, codes), n_neighbors)


def _check_training_images(model, X_train):
    """Raise a ValueError if these are not the images of the fit in their order."""
    n_fitted = model.n_samples_fit_
    some = np.linspace(0, n_fitted - 1, min(n_fitted, _N_COMPARED)).astype(int)
    given, fitted = scaled(model.as_images(X_train)[some]), scaled(model.as_images(model.training_rows(some)))
    if not np.allclose(given, fitted, rtol=1e-3, atol=1e-3 * np.abs(fitted).max()):
        raise ValueError(f"X_train must be the images that {type(model).__name__} was fitted on, in the same order.")


def _nearest(codes, codes_train, n_neighbors):
    return NearestNeighbors(n_neighbors=n_neighbors, algorithm="brute").fit(codes_train).kneighbors(codes)


def _pictures(X, X_train, indices, image_shape, estimator):
    """Pictures of the images, and of their neighbours."""
    images = Images(X, image_shape, estimator, others=[X_train]).pictures()
    few, inverse = np.unique(indices, return_inverse=True)
    nearest = Images(X_train, image_shape, estimator, others=[X]).pictures(few)[inverse.ravel()]
    return images, nearest.reshape(*indices.shape, *nearest.shape[1:])


def _captions(y, predicted, y_train, indices, class_names):
    """The captions of images and of their neighbours, as arguments of the display."""
    nearest = None if y_train is None else names_of(labels_of(y_train)[indices.ravel()].tolist(), class_names)
    return {"captions": _labels(y, predicted, class_names), "nearest_captions": nearest}


def _labels(y, predicted, class_names):
    """The label of each image, and what was predicted instead."""
    if y is None:
        return None
    y = labels_of(y)
    names = names_of(y.tolist(), class_names)
    if predicted is None:
        return names
    return [
        name if label == other else f"{name},\nnot {other_name}"
        for name, label, other, other_name in zip(
            names, y, predicted, names_of(np.asarray(predicted).tolist(), class_names), strict=True
        )
    ]
