"""Outliers by a network that has learnt how images are rotated and shifted."""

import numpy as np
from sklearn.base import clone
from sklearn.preprocessing import normalize

from skfashion._images import fitted_on_images_of
from skfashion._layout import Layout, declared_layout
from skfashion.modules import batch_norm, conv, dense, pool
from skfashion.neural_network._classifier import BaseNetClassifier
from skfashion.neural_network._cnn import CNNClassifier
from skfashion.neural_network._declaring import estimator, parameter
from skfashion.neural_network._inner_network import seed_inner
from skfashion.neural_network._normal import NormalDistribution
from skfashion.neural_network._outlier_detector import BaseOutlierDetector
from skfashion.neural_network._per_image import per_read_image
from skfashion.neural_network._supervised import embedded
from skfashion.neural_network._types import ImageShape

# Embeddings of few images do not span their space.
_SHRINKAGE = 0.1

_LAYERS = (
    *(conv(16, padding="same"), batch_norm(), pool(2)),
    *(conv(32, padding="same"), batch_norm(), pool(2)),
    *(conv(64, padding="same"), batch_norm()),
    dense(64),
)


@estimator
class SelfSupervisedOutlierDetector(BaseOutlierDetector):
    """Detect outliers: images with unusual embeddings in a network that recognises rotations and shifts.

    The network is a classifier of what was done to an image: nothing, a rotation by 90, 180 or 270 degrees (only 180 if
    images are not square), or a shift by a quarter of the image in one of four directions. To recognise these it has to
    learn what the images show, without any label. Under ``augmentation="flip"``, as in the default network, left and
    right remain alike, and so do the rotations by 90 and 270 degrees. For each of these transformations,
    a normal distribution is fitted to the embeddings of the training images, scaled to length 1. The score of an image
    is minus the logarithm of 1 plus the sum of the squared Mahalanobis distances of its own embeddings.

    It needs images whose rotations differ: from a disc in the middle of an image it learns nothing.

    See Also
    --------
    AutoencoderOutlierDetector : Does not rely on the orientation of images, and is faster to fit.

    Notes
    -----
    A fit holds a copy of the images for each of up to eight transformations.

    References
    ----------
    I. Golan and R. El-Yaniv, `Deep Anomaly Detection Using Geometric Transformations
    <https://arxiv.org/abs/1805.10917>`_, 2018.

    D. Hendrycks et al., `Using Self-Supervised Learning Can Improve Model Robustness and Uncertainty
    <https://arxiv.org/abs/1906.12340>`_, 2019.

    Examples
    --------
    >>> from sklearn.metrics import roc_auc_score
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import SelfSupervisedOutlierDetector
    >>> X, y = make_garments(2000, random_state=0, return_X_y=True)
    >>> detector = SelfSupervisedOutlierDetector(random_state=0).fit(X[:1500][y[:1500] == 9])
    >>> roc_auc_score(y[1500:] == 9, detector.score_samples(X[1500:])) > 0.9
    True
    """

    classifier: BaseNetClassifier | None = parameter(
        None,
        """
        The network that is cloned and trained to tell transformations apart, a :class:`CNNClassifier` for instance.
        None stands for one of three convolutions and 64 units, which is trained for 5 epochs.""",
        positional=True,
    )
    image_shape: ImageShape = parameter("auto", "As in :class:`CNNClassifier`.")

    _fitted_attributes = {"classifier_ : classifier": "The fitted network."}

    def _learn(self, given, X, sample_weight, fitting):
        n_transformations = sum(1 for _ in self._transformed(X[:1]))
        if n_transformations == 1:
            raise ValueError(
                f"{type(self).__name__} needs images of at least two pixels, which look different once turned. Got "
                f"n_features={X.shape[1]}."
            )
        images = np.empty((n_transformations * len(X), X.shape[1]), dtype=X.dtype)
        parts = np.split(images, n_transformations)
        for part, rows in zip(parts, self._transformed(X), strict=True):
            part[...] = rows
        y, weight = np.repeat(np.arange(n_transformations), len(X)), np.tile(sample_weight, n_transformations)
        classifier = self._new_classifier()
        with fitted_on_images_of(self, classifier, Layout(self._layout.shape)), fitting(classifier):
            self.classifier_ = classifier.fit(images, y, sample_weight=weight)
        self.interrupted_ = self.classifier_.interrupted_
        directions = (self._directions(part, alone=False) for part in parts)
        self._distributions = [_distribution(rows, sample_weight) for rows in directions]

    def _scores(self, X, *, alone):
        pairs = zip(self._distributions, self._transformed(X), strict=True)
        return -np.log1p(
            sum(distribution.squared_distances(self._directions(rows, alone=alone)) for distribution, rows in pairs)
        )

    def _transformed(self, X):
        """Yield the images in X once for every transformation, as rows of (channels, height, width)."""
        images = self._layout.images(X)
        if images.shape[2:] == (1, 1):  # channels without an image: they are reversed
            images = X[:, None, None]
        _, _, height, width = images.shape
        turns = (0, 1, 2, 3) if height == width > 1 else (0, 2) if height * width > 1 else (0,)
        for n_turns in turns:
            yield np.rot90(images, n_turns, axes=(2, 3)).reshape(X.shape)
        for axis, step in ((2, height // 4), (3, width // 4)):
            for direction in (step, -step) if step else ():
                yield _shifted(images, axis, direction).reshape(X.shape)

    def _directions(self, rows, *, alone):
        """The embeddings of images at length 1."""
        embeddings = per_read_image(self.classifier_.net_, Layout(self._layout.shape), rows, embedded, alone=alone)
        return normalize(embeddings.astype(np.float64))

    def _new_classifier(self):
        is_image = min(self._layout.shape[1:]) > 1
        default = CNNClassifier(_LAYERS, max_epochs=5, augmentation="flip" if is_image else None)
        classifier = default if self.classifier is None else clone(self.classifier)
        given = declared_layout(getattr(classifier, "image_shape", "auto"))
        if given is not None and given.shape != self._layout.shape:
            raise ValueError(
                f"The classifier of {type(self).__name__} has image_shape={classifier.image_shape!r}, but the images "
                f"are {self._layout.shape}, (channels, height, width): set image_shape of the detector too."
            )
        seed_inner(self, classifier)
        return classifier


def _shifted(images, axis, step):
    """Images translated along an axis; vacated pixels are zero."""
    shifted = np.roll(images, step, axis)
    emptied = [slice(None)] * images.ndim
    emptied[axis] = slice(None, step) if step > 0 else slice(step, None)
    shifted[tuple(emptied)] = 0
    return shifted


def _distribution(rows, weight):
    mean = np.average(rows, axis=0, weights=weight)
    return NormalDistribution.of(mean, np.cov(rows, rowvar=False, ddof=0, aweights=weight), _SHRINKAGE)
