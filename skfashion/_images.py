"""Images as the input of estimators: rows or images of any dtype, validated once."""

from contextlib import contextmanager

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from skfashion._labels import with_missing
from skfashion._layout import as_array, check_layout, declared_layout, inferred_layout, laid_out, rows_of
from skfashion._pixels import PixelScale
from skfashion._version import Versioned

# The address of an API page, in which scikit-learn replaces {estimator_module} and {estimator_name}. It is empty until
# the documentation is published; scikit-learn then shows no link, which is better than a dead one.
_API_PAGE = ""

# Attributes that an estimator has only while it is fitted: of the one that holds it, and of scikit-learn's callbacks.
_OF_A_FIT = {
    "_given_by_owner",
    "_parent_callback_ctx",
    "_callback_fit_ctx",
    "_skl_callbacks_to_teardown",
}


# The scale for two sets of images is the first of these kinds that either set has: levels say most about the other set.
_DECIDING = ("levels", "numbers", "brightness")


class ImageInput(Versioned):
    """Base class of all estimators of images: validation of rows and images, and their layout and scale after a fit."""

    _doc_link_module = "skfashion"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @property
    def _doc_link_template(self):
        return _API_PAGE

    def __getstate__(self):
        """Leave what belongs to a fit out of copies that are made while it is going on, as callbacks get them."""
        state = super().__getstate__()
        if "_callback_fit_ctx" not in state:
            return state
        return {name: value for name, value in state.items() if name not in _OF_A_FIT}

    def as_images(self, X, *, image_shape=None, rescale=True):
        """Return X as the images that this estimator sees.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            Images, or other arrays with a value per pixel, such as weights.

        image_shape : tuple of int or "auto", default=None
            The shape of an image, if it is not that of the fit. None and ``"auto"`` stand for `image_shape_`.

        rescale : bool, default=True
            Whether to read the values on the scale of the fit, as all other methods do. With False they stay as they
            are, as weights and differences of images must.

        Returns
        -------
        ndarray of shape (n_samples, channels, height, width)
            With `rescale`, uint8 stands for levels from 0 to 255, and any other dtype for numbers as they are. A view
            where that is possible.
        """
        check_is_fitted(self)
        layout = None if image_shape is None else declared_layout(image_shape)
        X, layout = laid_out(X, layout or self._layout)
        return layout.images(self._pixels.read(X, type(self).__name__) if rescale else X)

    def _known_images(self):
        """The layout and the scale of the images, where another estimator has decided on them; else None.

        The other estimator is a fitted one inside this one, or the one that contains this one.
        """
        given = vars(self).get("_given_by_owner", {})
        return given.get("images") or getattr(self, "_images_of_inner", (None, None))

    def _declared_layout(self):
        """The layout of the images that parameters state, or None."""
        layout, _ = self._known_images()
        return layout or declared_layout(getattr(self, "image_shape", "auto"))

    def _check_images(self, X, y="no_validation", *, reset, **checks):
        """Validate X and, if given, y; return X as a 2-D array on the scale of the fit (see PixelScale), and y.

        In that array uint8 stands for levels from 0 to 255, any other dtype for numbers as they are.
        """
        X, y = self._validate_images(X, y, reset=reset, **checks)
        return self._on_the_scale(X, reset=reset), y

    def _on_the_scale(self, X, rows=None, *, reset, name=None):
        """Validated rows on the scale of the fit; `rows` are the indices of those that count, if not all do."""
        if reset:
            _, pixels = self._known_images()
            self._pixels = pixels or PixelScale.of(X, rows)
        return self._pixels.read(X, name or type(self).__name__, rows)

    def _validate_images(self, X, y="no_validation", *, reset, **checks):
        """Validate X and, if given, y; return X as a 2-D array in its own dtype, and y.

        `checks` are handed to :func:`sklearn.utils.validation.validate_data`.
        """
        layout = self._declared_layout() if reset else self._layout
        X, shown, shape = rows_of(X, layout)
        if not reset and shape is None and np.shape(X) == layout.shape[1:] != (1, layout.n_features):
            raise ValueError(f"X is one image of shape {np.shape(X)}: pass images, such as X[None] for a single one.")
        if not reset and np.shape(X) == (layout.n_features,):
            raise ValueError(
                f"Expected 2D array, got 1D array instead: X is one row of {layout.n_features} values. Reshape your "
                "data, for instance to X[None] for one image."
            )
        y = y if isinstance(y, str) or y is None else with_missing(as_array(y), y)
        validated = validate_data(self, X, y, reset=reset, order="C", estimator=self, **checks)
        X, y = validated if isinstance(validated, tuple) else (validated, None)
        check_float32(X, type(self).__name__)
        if reset:
            n_features = X.shape[1]
            self._layout = check_layout(layout or shown or inferred_layout(n_features), n_features)
            self._shown_shape = shape or (n_features,)
            self.image_shape_ = self._layout.shape
        return X, y


def check_float32(X, name, input_name="X"):
    """Raise a ValueError if X holds values that float32, in which networks compute, cannot represent."""
    if X.dtype.kind not in "biuf":
        raise ValueError(f"{name} needs numbers, but {input_name} has dtype {X.dtype}.")
    if X.dtype.kind == "f" and X.dtype.itemsize > 4 and X.size:
        largest = np.finfo(np.float32).max
        if X.max() > largest or X.min() < -largest:
            raise ValueError(
                f"Input {input_name} contains infinity or a value too large for dtype('float32'), in which {name} "
                "computes."
            )


def scale_of_all(*arrays):
    """The scale of several arrays of images: that of the one that says most about the others."""
    return min(map(PixelScale.of, arrays), key=lambda scale: _DECIDING.index(scale.kind))


def on_one_scale(X, Y, name_of_Y, name, *, ensure_min_samples=1):
    """Two arrays on one scale, in which uint8 stands for levels: the order of the arrays does not matter."""
    X, Y = (check_array(as_array(array), order="C", ensure_min_samples=ensure_min_samples) for array in (X, Y))
    if X.shape[1] != Y.shape[1]:
        raise ValueError(f"X has {X.shape[1]} features, but {name_of_Y} has {Y.shape[1]}.")
    scale = scale_of_all(X, Y)
    return scale.read(X, name), scale.read(Y, name)


@contextmanager
def fitted_on_images_of(owner, inner, layout=None, **given):
    """Let an estimator be fitted on rows that its owner has read: in their layout, on their scale, by their names.

    Parameters
    ----------
    owner : ImageInput
        The estimator that has checked the images.
    inner : ImageInput
        The estimator to be fitted inside of it.
    layout : Layout, default=None
        The layout of the rows, if it is not that of the owner.
    **given : dict of str to object
        What else the inner estimator is to know in this fit.
    """
    inner._given_by_owner = {"images": (layout or owner._layout, owner._pixels), **given}
    try:
        yield inner
    finally:
        del inner._given_by_owner  # whoever fits it again does so on images of their own
    in_order = layout is None or layout.shape[0] == 1 or layout.channels_last == owner._layout.channels_last
    if in_order and hasattr(owner, "feature_names_in_"):
        inner.feature_names_in_ = owner.feature_names_in_
