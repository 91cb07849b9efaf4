"""Saliency maps: which pixels support a class."""

import warnings
from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_consistent_length, check_scalar

from skfashion._labels import class_indices
from skfashion.inspection._class_scores import RESPONSES, class_scores, classifier_in, single_labels
from skfashion.inspection._grad_cam import GradCam
from skfashion.inspection._integrated_gradients import TOLERANCE, IntegratedGradients
from skfashion.inspection._labels import labels_of
from skfashion.inspection._network import ExplainedNetwork
from skfashion.inspection._occlusion import Occlusion
from skfashion.inspection._pixel_rows import PixelRows

# Each method with the arguments that it reads.
_METHODS = {
    "occlusion": ("baseline", "patch_size", "stride"),
    "integrated_gradients": ("baseline", "n_steps"),
    "grad_cam": (),
}


class SaliencyMaps(NamedTuple):
    """Saliency maps: how much each pixel supports a class, or counts against it.

    Attributes
    ----------
    maps : ndarray of shape (n_maps, height, width), dtype float64
        A value per pixel: positive where it supports the class.
    classes : ndarray of shape (n_maps,)
        The class that is explained.
    scores : ndarray of shape (n_maps,), dtype float64
        The score of that class.
    baseline_scores : ndarray of shape (n_maps,) or None
        The score of that class for the baseline; None for methods without a baseline.
    errors : ndarray of shape (n_maps,) or None
        For integrated gradients, by how much the sum of a map differs from the difference of these scores.
    counts : ndarray of shape (n_maps,), dtype int64
        The number of images over which a map is averaged.
    response : {"probability", "decision", "logit"}
        The kind of score.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import saliency
    >>> X, y = make_garments(300, random_state=0, return_X_y=True)
    >>> model = LogisticRegression(max_iter=3000).fit(X / 255, y)
    >>> saliency(model, X[:4] / 255).response
    'probability'
    """

    maps: np.ndarray
    classes: np.ndarray
    scores: np.ndarray
    baseline_scores: np.ndarray | None
    errors: np.ndarray | None
    counts: np.ndarray
    response: str


def saliency(
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
    image_shape=None,
):
    """Compute saliency maps of the pixels that support a class, per image or averaged over the images of each class.

    Parameters
    ----------
    estimator : estimator, Pipeline or search
        A fitted classifier.

    X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
        The images, on the scale of the fit.

    y : array-like of shape (n_samples,) or label, default=None
        The class that is explained: one for each image, such as its label, or one for all. None explains the predicted
        classes.

    method : {"occlusion", "integrated_gradients", "grad_cam"}, default="occlusion"
        - ``"occlusion"``: how far the score falls when a square is covered, for any classifier. The value of a pixel
          is the mean over the squares that cover it.
        - ``"integrated_gradients"``: what each pixel adds to the difference between the score of the image and that of
          the baseline, by gradients along the straight line between them; summed over the channels of colour images.
          For neural classifiers and ``SubspaceClassifier``, also after steps that scale each pixel on its own.
        - ``"grad_cam"``: the feature maps of the last convolution, weighted by the mean gradients of the score;
          coarse, and at least 0. For networks with convolutions, after steps that change each pixel on its own. Where
          a residual network averages over an image and its horizontal flip, the map is of the image alone.

        The last two need captum, which the extra ``explain`` installs.

    response : {"auto", "probability", "decision", "logit"}, default="auto"
        The score that is explained: the probability, the value of ``decision_function``, or the output of a network
        before the softmax. ``"auto"`` is the logit for gradient methods. For occlusion it is the probability, or
        the decision value of classifiers without ``predict_proba``. Of two classes with one decision value, that of the
        first class is its negative.

    baseline : float, "mean" or array-like of the shape of an image, default=None
        What takes the place of pixels, on the scale of X: a constant, the mean of X or an image. None is 0, black.

    patch_size : int, default=None
        The side of the squares of occlusion; None is a seventh of the shorter side of an image.

    stride : int, default=None
        The step from one square to the next, at most `patch_size`; None is half of that.

    n_steps : int, default=None
        The number of gradients along each line of integrated gradients. None starts with 64, and doubles it up to 4096
        for images whose error is greater than 1 % of the sum of the absolute values of the map.

    average : bool, default=False
        Whether to return the mean map of the images of each class in place of a map for each image.

    image_shape : tuple of int, default=None
        As in the estimators; None takes what the estimator knows, or infers it.

    Returns
    -------
    SaliencyMaps
        ``maps``, ``classes``, ``scores``, ``baseline_scores``, ``errors``, ``counts`` and ``response``. Means are in
        the order of ``classes_``, of the classes that occur.

    Raises
    ------
    TypeError
        If the estimator is not a classifier, or lacks what the method or the response needs.
    ValueError
        If y holds a class that the estimator does not know, if it was fitted on several labels per image, if the
        baseline is not an image like those of X, or if an argument is given that the method does not use.
    ImportError
        If captum is missing.

    Warns
    -----
    ConvergenceWarning
        If errors of integrated gradients are greater than 1 % of the sum of the absolute values of a map.

    References
    ----------
    M. Zeiler and R. Fergus, `Visualizing and Understanding Convolutional Networks <https://arxiv.org/abs/1311.2901>`_,
    2014, section 4.2 (occlusion).

    M. Sundararajan, A. Taly and Q. Yan, `Axiomatic Attribution for Deep Networks <https://arxiv.org/abs/1703.01365>`_,
    2017 (integrated gradients).

    R. Selvaraju et al., `Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization
    <https://arxiv.org/abs/1610.02391>`_, 2017.

    Examples
    --------
    >>> from skfashion.baselines import KNNClassifier
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import saliency
    >>> X, y = make_garments(300, random_state=0, return_X_y=True)
    >>> knn = KNNClassifier(5).fit(X[:200], y[:200])
    >>> saliency(knn, X[200:], y[200:], patch_size=7, stride=7, average=True).maps.shape
    (10, 28, 28)
    """
    settings = {"baseline": baseline, "patch_size": patch_size, "stride": stride, "n_steps": n_steps}
    which = {"method": method, "response": response, "settings": settings, "average": average}
    return saliency_of_first(None, estimator, X, y, **which, image_shape=image_shape)


def saliency_of_first(n_images, estimator, X, y, *, method, response, settings, average, image_shape):
    """Do what :func:`saliency` does, for the first images only; "mean" is the mean of all."""
    _check_settings(method, response, settings)
    estimator = classifier_in(estimator)
    pixels = PixelRows(X, image_shape, estimator)
    targets = _targets(estimator, y, pixels, slice(n_images))
    explainer, response = _explainer(estimator, pixels, method, response, settings)
    found = _mean_maps(explainer, targets) if average else _single_maps(explainer, targets)
    if method == "integrated_gradients" and explainer.n_missed:
        warnings.warn(
            f"Integrated gradients miss the difference of the scores by more than {TOLERANCE:.0%} of the map of "
            f"{explainer.n_missed} of {len(targets)} images: use a larger n_steps.",
            ConvergenceWarning,
            stacklevel=3,
        )
    baseline_scores = explainer.baseline_scores(found["classes"])
    found["classes"] = estimator.classes_[found["classes"]]
    return SaliencyMaps(**found, baseline_scores=baseline_scores, response=response)


def _check_settings(method, response, settings):
    if method not in _METHODS:
        raise ValueError(f"method must be one of {sorted(_METHODS)}. Got {method!r} instead.")
    if response not in RESPONSES:
        raise ValueError(f"response must be one of {sorted(RESPONSES)}. Got {response!r} instead.")
    for name, value in settings.items():
        if value is not None and name not in _METHODS[method]:
            raise ValueError(f"method={method!r} does not read the argument {name}. Got {name}={value!r}.")
    if settings["n_steps"] is not None:
        check_scalar(settings["n_steps"], "n_steps", Integral, min_val=1)


def _targets(estimator, y, pixels, shown):
    """For each of the images that are shown the index, in ``classes_``, of the class that is explained."""
    predicted = single_labels(estimator, pixels.as_given(pixels.rows[shown if y is None else slice(1)]))
    if y is not None:
        labels = labels_of(np.full(len(pixels), y) if np.ndim(y) == 0 else y)
        check_consistent_length(pixels.rows, labels)
    y = predicted if y is None else labels[shown]
    return class_indices(y, estimator.classes_, len(y), "saliency")


def _explainer(estimator, pixels, method, response, settings):
    """What explains images, and the response that it explains."""
    baseline = pixels.baseline(settings["baseline"])
    if method == "occlusion":
        if response == "logit":
            scores = ExplainedNetwork(estimator, pixels, "response='logit'").logits
        else:
            scores, response = class_scores(estimator, response)
        return Occlusion(scores, pixels, baseline, settings["patch_size"], settings["stride"]), response
    if response == "decision":
        raise ValueError(f"method={method!r} explains the response 'logit' or 'probability'. Got 'decision' instead.")
    response = "logit" if response == "auto" else response
    network = ExplainedNetwork(estimator, pixels, f"method={method!r}")
    network.follow_pixels(baseline, straight=method == "integrated_gradients")
    if method == "grad_cam":
        return GradCam(network, pixels, response), response
    return IntegratedGradients(network, pixels, baseline, response, settings["n_steps"]), response


def _blocks(explainer, targets):
    """Yield some of the images, and what explains them, so that memory does not grow with their number."""
    for start in range(0, len(targets), explainer.n_images_at_once):
        index = slice(start, min(start + explainer.n_images_at_once, len(targets)))
        yield index, explainer.maps(index, targets[index])


def _single_maps(explainer, targets):
    """The maps, classes (as indices), scores, errors and counts of single images."""
    maps, scores, errors = zip(*(block for _, block in _blocks(explainer, targets)), strict=True)
    errors = None if errors[0] is None else np.concatenate(errors)
    counts = np.ones(len(targets), dtype=np.int64)
    maps, scores = np.concatenate(maps), np.concatenate(scores)
    return {"maps": maps, "classes": targets, "scores": scores, "errors": errors, "counts": counts}


def _mean_maps(explainer, targets):
    """The same as means over the images of each class that occurs."""
    classes, inverse, counts = np.unique(targets, return_inverse=True, return_counts=True)
    sums = None
    for index, block in _blocks(explainer, targets):
        if sums is None:
            sums = [None if each is None else np.zeros((len(classes), *each.shape[1:])) for each in block]
        for total, each in zip(sums, block, strict=True):
            if each is not None:
                np.add.at(total, inverse[index], each)
    maps, scores, errors = (
        None if total is None else total / counts.reshape(-1, *[1] * (total.ndim - 1)) for total in sums
    )
    return {"maps": maps, "classes": classes, "scores": scores, "errors": errors, "counts": counts}
