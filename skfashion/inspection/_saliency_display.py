"""Saliency maps over their images."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_array, check_consistent_length, check_scalar

from skfashion._layout import as_array
from skfashion._private_sklearn import _num_samples
from skfashion.inspection._class_scores import classifier_in, single_labels
from skfashion.inspection._drawing import axes_for, check_columns, check_kw, draw_grid, grid_size
from skfashion.inspection._labels import labels_of, names_of
from skfashion.inspection._pictures import Images, mean_picture
from skfashion.inspection._saliency import saliency_of_first

# What the values are, by method, of a response.
_LABELS = {
    "occlusion": "drop in {}\nwhere occluded",
    "integrated_gradients": "contribution to {}",
    "grad_cam": "Grad-CAM activation\nfor {}",
}

# Colours end at this quantile of the absolute values: single pixels of gradients are far beyond all others.
_LAST_COLOR = 0.995

# How dark the darkest pixel of an image is beneath a map: at a third, colours and shapes can both be seen.
_DARKEST = 0.4


class SaliencyDisplay:
    """Saliency maps over the images in grey: red where pixels support a class, blue where they count against it.

    It is made by :meth:`from_estimator` or :meth:`from_maps`. All maps are on one scale, that of the colour bar.

    Parameters
    ----------
    images : ndarray of shape (n_maps, h, w) or (n_maps, h, w, channels)
        The pictures, in [0, 1]; larger values of grey ones are drawn darker.

    maps : ndarray of shape (n_maps, h, w)
        A value per pixel.

    captions : sequence of str of length n_maps, default=None
        The text below each image.

    label : str, default="saliency"
        The label of the colour bar: what the values of the maps are.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The images.
    maps_ : list of matplotlib.image.AxesImage
        The maps over them.
    captions_ : list of matplotlib.text.Text
        The captions.
    colorbar_ : matplotlib.colorbar.Colorbar
        The scale of the maps.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> from skfashion.baselines import SubspaceClassifier
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import SaliencyDisplay
    >>> garments = make_garments(500, random_state=0)
    >>> X, y = garments.data, garments.target
    >>> model = SubspaceClassifier(5).fit(X[:400], y[:400])
    >>> display = SaliencyDisplay.from_estimator(
    ...     model, X[400:], y[400:], average=True, class_names=garments.target_names
    ... )
    >>> len(display.maps_)
    10
    """

    def __init__(self, images, maps, captions=None, *, label="saliency"):
        self.images = images
        self.maps = maps
        self.captions = captions
        self.label = label

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y=None,
        *,
        method="occlusion",
        response="auto",
        baseline=None,
        patch_size=None,
        stride=None,
        n_steps=None,
        average=False,
        n_images=10,
        class_names=None,
        image_shape=None,
        ax=None,
        n_columns=None,
        imshow_kw=None,
    ):
        """Compute saliency maps, and draw them over their images.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            A fitted classifier.

        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images, on the scale of the fit.

        y : array-like of shape (n_samples,) or label, default=None
            The class that is explained: one for each image, such as its label, or one for all. None explains the
            predicted classes.

        method, response, baseline, patch_size, stride, n_steps
            As in :func:`saliency`.

        average : bool, default=False
            Whether to draw the mean map of the images of each class, over their mean, in place of single images.

        n_images : int, default=10
            Maximum number of images, the first of X. All of them are averaged with ``average=True``.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes five at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow` of the maps, such as ``vmin`` and ``vmax``.

        Returns
        -------
        display : SaliencyDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        check_scalar(n_images, "n_images", Integral, min_val=1)
        settings = {"baseline": baseline, "patch_size": patch_size, "stride": stride, "n_steps": n_steps}
        if average and y is None:
            y = single_labels(classifier_in(estimator), X)
        n_shown = None if average else n_images
        which = {"method": method, "response": response, "settings": settings, "average": average}
        found = saliency_of_first(n_shown, estimator, X, y, **which, image_shape=image_shape)
        images = Images(X, image_shape, estimator)
        if average:
            y = labels_of(y if np.ndim(y) else np.full(_num_samples(X), y))
            pictures = np.array([mean_picture(images.pictures(np.flatnonzero(y == each))) for each in found.classes])
        else:
            pictures = images.pictures(slice(n_shown))
        captions = _captions(found, names_of(found.classes.tolist(), class_names), average)
        label = _LABELS[method].format(found.response.replace("decision", "decision value"))
        display = cls(pictures, found.maps, captions, label=label)
        return display.plot(ax, n_columns=n_columns, imshow_kw=imshow_kw)

    @classmethod
    def from_maps(
        cls, X, maps, *, captions=None, label="saliency", image_shape=None, ax=None, n_columns=None, imshow_kw=None
    ):
        """Draw existing maps over their images.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images.

        maps : array-like of shape (n_samples, h, w)
            A value per pixel, from :func:`saliency` or another library.

        captions : sequence of str of length n_samples, default=None
            The text below each image.

        label : str, default="saliency"
            What the values of the maps are.

        image_shape : tuple of int, default=None
            As in the estimators; None infers it.

        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes five at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow` of the maps, such as ``vmin`` and ``vmax``.

        Returns
        -------
        display : SaliencyDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        pictures = Images(X, image_shape).pictures()
        maps = check_array(as_array(maps), allow_nd=True, dtype=np.float64, input_name="maps")
        if maps.shape != pictures.shape[:3]:
            raise ValueError(f"The images have shape {pictures.shape[:3]}, their maps {maps.shape}.")
        check_consistent_length(maps, captions)
        return cls(pictures, maps, captions, label=label).plot(ax, n_columns=n_columns, imshow_kw=imshow_kw)

    def plot(self, ax=None, *, n_columns=None, imshow_kw=None):
        """Draw the maps over their images.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            The axes to draw on; None makes a new figure.

        n_columns : int, default=None
            Images per row; None takes five at most.

        imshow_kw : dict, default=None
            Keyword arguments for :meth:`matplotlib.axes.Axes.imshow` of the maps, such as ``vmin`` and ``vmax``.

        Returns
        -------
        display : SaliencyDisplay
            The display, with `ax_` and `figure_` set.
        """
        check_kw(imshow_kw=imshow_kw)
        n_columns = check_columns(n_columns, len(self.maps), 5)
        width, height = grid_size(self.maps, n_columns, self.captions)
        imshow_kw = {"origin": "upper", "aspect": "equal", **(imshow_kw or {})}
        beneath = {"cmap": "gray_r", "vmin": 0, "vmax": 1, **{name: imshow_kw[name] for name in ("aspect", "origin")}}
        with axes_for(self, ax, (1.25 * width + 1.1, max(2.4, 1.25 * height))) as ax:
            style = _style(self.maps, imshow_kw)
            self.images_, self.captions_ = draw_grid(
                ax, _faint(self.images), n_columns, captions=self.captions, imshow_kw=beneath
            )
            self.maps_ = [
                image.axes.imshow(each, extent=image.get_extent(), **style)
                for each, image in zip(self.maps, self.images_, strict=True)
            ]
            self.colorbar_ = self._add_colorbar(ax)
        return self

    def _add_colorbar(self, ax):
        first = self.maps_[0]
        beyond = [self.maps.min() < first.norm.vmin, self.maps.max() > first.norm.vmax]
        extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get(tuple(beyond), "neither")
        colorbar = ax.figure.colorbar(first, ax=ax, extend=extend, fraction=0.05, pad=0.03)
        colorbar.set_label(self.label, parse_math=False)
        colorbar.ax.set_facecolor("white")  # as the pictures, beneath colours that can be seen through
        return colorbar


def _style(maps, imshow_kw):
    """Keyword arguments of ``imshow`` for maps: zero is clear, on one scale for all maps."""
    import matplotlib

    style = {"cmap": "RdBu_r", **imshow_kw}
    colors = matplotlib.colormaps.get_cmap(style["cmap"])(np.linspace(0, 1, 511))
    if "norm" not in style:
        last = float(np.quantile(np.abs(maps), _LAST_COLOR)) or float(np.abs(maps).max()) or 1.0
        style["norm"] = matplotlib.colors.Normalize(style.pop("vmin", -last), style.pop("vmax", last))
    if "cmap" not in imshow_kw:
        colors[:, 3] = np.abs(np.linspace(-1, 1, len(colors))) ** 0.5
    return {**style, "cmap": matplotlib.colors.ListedColormap(colors)}


def _faint(images):
    """Pictures in light grey: bright pixels of colour images are brighter, larger values of grey ones darker."""
    in_colour = images.ndim == 4
    grey = images[..., :3].mean(axis=-1) if in_colour else images
    low, high = min(0.0, float(grey.min())), float(grey.max())
    if in_colour:
        high = max(1.0, high)
    shade = (grey - low) / ((high - low) or 1.0)
    return _DARKEST * (1 - shade if in_colour else shade)


def _captions(found, names, average):
    """The names of the classes with their scores, or with the number of images of which a map is the mean."""
    if average:
        notes = [f"{count:,} image{'s' if count > 1 else ''}" for count in found.counts]
    elif found.response == "probability":
        notes = [f"{100 * score:.0f} %" for score in found.scores]
    else:
        notes = [f"{score:.1f}" for score in found.scores]
    return [f"{name}\n{note}" for name, note in zip(names, notes, strict=True)]
