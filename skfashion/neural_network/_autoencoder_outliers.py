"""Outlier detection by the reconstruction errors and latent codes of an autoencoder."""

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator

from skfashion._private_sklearn_search import BaseSearchCV
from skfashion._state import neutral_state
from skfashion._tensors import to_device
from skfashion.neural_network._autoencoder import Autoencoder
from skfashion.neural_network._base_autoencoder import BaseAutoencoder
from skfashion.neural_network._declaring import estimator, parameter
from skfashion.neural_network._given_autoencoder import fitted_autoencoder, given_autoencoder, known_images
from skfashion.neural_network._normal import NormalDistribution
from skfashion.neural_network._outlier_detector import BaseOutlierDetector
from skfashion.neural_network._per_image import per_read_image
from skfashion.training._loader import ImageSet
from skfashion.training._reconstruction import normal_of_codes, residual_variance

# Codes may lie in a subspace, in which directions across it have no variance.
_SHRINKAGE = 0.001

# Lower bounds, so that a code at the mean cannot hide a large error, nor a perfect reconstruction an unusual code.
_LEAST_DISTANCE, _LEAST_ERROR = 0.1, 0.01

# Errors up to this share of white count as none: it bounds the residual variance from below.
_UNSEEN = 1e-3


@estimator
class AutoencoderOutlierDetector(BaseOutlierDetector):
    r"""Detect outliers: images that an autoencoder reconstructs badly, or whose latent codes are unusual.

    The score of an image is minus the sum of the logarithms of its reconstruction error and of the distance of its code
    from the mean of the training codes:

    .. math:: -\log(0.01 + e) - \tfrac{1}{2} \log(0.1 + m^2 / d)

    Here *e* is the mean over the pixels of the squared residual, each divided by the residual variance of its pixel on
    the training images plus the mean of this variance over all pixels: an error counts for more where all images are
    black than where they vary. *m* is the Mahalanobis distance of the code, and *d* the number of its dimensions.

    See Also
    --------
    SelfSupervisedOutlierDetector : Finds more where images have an upright orientation, and takes longer.
    sklearn.ensemble.IsolationForest : Outliers in tables.

    References
    ----------
    T. Denouden et al., `Improving Reconstruction Autoencoder Out-of-distribution Detection with Mahalanobis Distance
    <https://arxiv.org/abs/1812.02765>`_, 2018.

    Examples
    --------
    >>> from sklearn.metrics import roc_auc_score
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import Autoencoder, AutoencoderOutlierDetector
    >>> X, y = make_garments(2000, random_state=0, return_X_y=True)
    >>> autoencoder = Autoencoder(16, batch_size=16, random_state=0)
    >>> detector = AutoencoderOutlierDetector(autoencoder).fit(X[:1500][y[:1500] == 9])
    >>> roc_auc_score(y[1500:] == 9, detector.score_samples(X[1500:])) > 0.9
    True
    >>> set(detector.predict(X[1500:]).tolist())
    {1, -1}
    """

    autoencoder: BaseAutoencoder | FrozenEstimator | BaseSearchCV | None = parameter(
        None,
        """
        An :class:`Autoencoder`, :class:`ConvAutoencoder`, :class:`VariationalAutoencoder`, or a fitted search over one.
        An unfitted one is cloned and fitted on the images of ``fit``; a fitted one is used as it is, see
        :class:`EncoderClassifier`. None stands for ``Autoencoder(64, (512, 256), max_epochs=30)``.""",
        positional=True,
    )

    _fitted_attributes = {
        "autoencoder_ : autoencoder": "The fitted autoencoder.",
        "pixel_variance_ : ndarray of shape (n_features,)": """
            The mean squared residual of each pixel over the training images.""",
    }

    @property
    def _images_of_inner(self):
        return known_images(self._given())

    def _given(self):
        if self.autoencoder is None:
            return Autoencoder(64, (512, 256), max_epochs=30)
        autoencoder = given_autoencoder(self, "autoencoder")
        if autoencoder._takes_classes:
            raise ValueError(
                f"The 'autoencoder' parameter of {type(self).__name__} has conditional=True: it reconstructs an image "
                "only if it is given the class, which is unknown for outliers. Set conditional=False."
            )
        return autoencoder

    def _learn(self, given, X, sample_weight, fitting):
        self.autoencoder_ = fitted_autoencoder(self, self._given(), given, X, sample_weight, fitting)
        self.interrupted_ = self.autoencoder_.interrupted_
        net = self.autoencoder_.net_
        with neutral_state():
            images = ImageSet(to_device(X, torch.device(net.device)), self._layout, weight=sample_weight)
            variance = residual_variance(net, images)
            _, mean, covariance = normal_of_codes(net, images)
        self.pixel_variance_ = self._layout.rows(variance[None])[0].cpu().numpy()
        self._codes = NormalDistribution.of(mean, covariance, _SHRINKAGE)

    def _scores(self, X, *, alone):
        white = self._pixels.largest if self._pixels.kind == "numbers" else 1.0
        variance = self.pixel_variance_ + max(float(self.pixel_variance_.mean()), (_UNSEEN * white) ** 2)
        net = self.autoencoder_.net_
        precision = torch.from_numpy((1 / variance).astype(np.float32)).to(torch.device(net.device))

        def error_and_code(module, images):
            code = module.encode(images)
            residual = self._layout.rows(images - module.decode(code))
            return torch.cat([(residual.square() * precision).mean(1, keepdim=True), code], dim=1)

        measured = per_read_image(net, self._layout, X, error_and_code, alone=alone).astype(np.float64)
        errors, codes = measured[:, 0], measured[:, 1:]
        distances = self._codes.squared_distances(codes) / codes.shape[1]
        return -np.log(_LEAST_ERROR + errors) - np.log(_LEAST_DISTANCE + distances) / 2
