"""Image grid: images side by side, with captions."""

from copy import copy
from inspect import signature
from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length, check_scalar

from skfashion._nested import steps_of
from skfashion._private_sklearn import _num_samples
from skfashion._seeds import draw_generator
from skfashion.inspection._back_to_pixels import inverse_transformed
from skfashion.inspection._drawing import axes_for, check_columns, check_kw, draw_grid, grid_size, unsigned_style
from skfashion.inspection._labels import labels_of, names_of
from skfashion.inspection._pictures import Images, pictures_made_by


class ImageGridDisplay:
    """Images side by side, each with a caption.

    It is made by :meth:`from_data` or, of generated images, by :meth:`from_estimator`.

    Parameters
    ----------
    images : ndarray of shape (n_images, h, w) or (n_images, h, w, channels)
        The pictures, on the scale of [0, 1].

    captions : sequence of str, default=None
        The text below each picture, of one line or more.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The pictures, in order.
    captions_ : list of matplotlib.text.Text
        The captions.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import ImageGridDisplay
    >>> garments = make_garments(100, random_state=0)
    >>> display = ImageGridDisplay.from_data(
    ...     garments.data, garments.target, class_names=garments.target_names, one_per_class=True
    ... )
    >>> len(display.images_)
    10
    """

    def __init__(self, images, captions=None):
        self.images = images
        self.captions = captions

    @classmethod
    def from_data(
        cls,
        X,
        y=None,
        *,
        class_names=None,
        n_images=20,
        one_per_class=False,
        random_state=None,
        image_shape=None,
        ax=None,
        n_columns=None,
        imshow_kw=None,
    ):
        """Draw the first images, a random sample of them, or one of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images, of any dtype. Whole numbers from 0 to 255, some above 127, are drawn on the scale from 0 to 255;
            others from 0 to 1, or to their extremes beyond that.

        y : array-like of shape (n_samples,), default=None
            Their labels, for captions.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        n_images : int, default=20
            Maximum number of images. Ignored with `one_per_class`.

        one_per_class : bool, default=False
            Show one image of each class in `y`, in the order of the labels.

        random_state : int, RandomState instance or None, default=None
            None shows the first images; otherwise they are drawn at random.

        image_shape : tuple of int, default=None
            As in the estimators; None infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes ten at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : ImageGridDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        check_scalar(n_images, "n_images", Integral, min_val=1)
        y = labels_of(y)
        check_consistent_length(X, y)
        order = np.arange(_num_samples(X))
        if random_state is not None:
            order = draw_generator(random_state).permutation(order)
        if one_per_class:
            if y is None:
                raise ValueError("one_per_class=True needs the labels y.")
            order = order[np.unique(y[order], return_index=True)[1]]
        else:
            order = order[:n_images]
        captions = None if y is None else names_of(y[order].tolist(), class_names)
        display = cls(Images(X, image_shape).pictures(order), captions)
        return display.plot(ax, n_columns=n_columns, imshow_kw=imshow_kw)

    @classmethod
    def from_estimator(
        cls,
        estimator,
        y=None,
        *,
        class_names=None,
        n_images=20,
        random_state=None,
        ax=None,
        n_columns=None,
        imshow_kw=None,
    ):
        """Sample images from a generative model, and draw them.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            Fitted, with a method ``sample``, such as a variational autoencoder, a sampler of this library, or a mixture
            or kernel density of scikit-learn. The last step of a Pipeline samples, and ``inverse_transform`` of the
            steps before it maps samples to images.

        y : array-like of shape (n_images,), or a single label, default=None
            The class of each image, or one class for all, if ``sample`` takes classes; they become the captions.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        n_images : int, default=20
            Number of images, unless y has a class for each.

        random_state : int, RandomState instance or None, default=None
            Pass an int for the same images in every call.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes ten at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : ImageGridDisplay
            The display, with `ax_` and `figure_` set.

        Raises
        ------
        TypeError
            If the estimator has no ``sample``, or one that takes no classes and there are some.
        ValueError
            If there are classes that the estimator was not fitted with.
        """
        check_kw(imshow_kw=imshow_kw)
        check_scalar(n_images, "n_images", Integral, min_val=1)
        *before, model = steps_of(estimator)
        if not hasattr(model, "sample"):
            raise TypeError(f"{type(model).__name__} has no method 'sample': it generates no images.")
        labels, captions = None, None
        if y is not None:
            if "y" not in signature(model.sample).parameters:
                raise TypeError(f"y must be None: {type(model).__name__}.sample takes no classes.")
            labels = labels_of(np.full(n_images, y) if np.ndim(y) == 0 else y)
            captions = names_of(labels.tolist(), class_names)
        samples = inverse_transformed(before, _samples(model, n_images, random_state, labels))
        return cls(pictures_made_by(estimator, samples), captions).plot(ax, n_columns=n_columns, imshow_kw=imshow_kw)

    def plot(self, ax=None, *, n_columns=None, imshow_kw=None):
        """Draw the images.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes ten at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : ImageGridDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        n_columns = check_columns(n_columns, len(self.images), 10)
        images, imshow_kw = unsigned_style(self.images, imshow_kw)
        with axes_for(self, ax, grid_size(images, n_columns, self.captions)) as ax:
            self.images_, self.captions_ = draw_grid(ax, images, n_columns, captions=self.captions, imshow_kw=imshow_kw)
        return self


def _samples(model, n_samples, random_state, labels):
    if labels is not None:
        return model.sample(len(labels), random_state=random_state, y=labels)
    if "random_state" in signature(model.sample).parameters:
        return model.sample(n_samples, random_state=random_state)
    if random_state is not None:  # mixtures draw by their own parameter of this name
        model = copy(model).set_params(random_state=random_state)
    samples = model.sample(n_samples)
    return samples[0] if isinstance(samples, tuple) else samples  # mixtures return the components too
