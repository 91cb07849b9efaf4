"""What all autoencoders share: images to codes, codes to images, and how good that is."""

import warnings
from numbers import Integral

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.callback import with_callbacks
from sklearn.utils import check_array, check_scalar
from sklearn.utils.validation import check_is_fitted

from skfashion._images import as_shown, check_float32, draw_generator
from skfashion._pixels import within_unit_interval
from skfashion._private_sklearn import Interval, StrOptions, _fit_context
from skfashion.modules import AutoencoderModule
from skfashion.modules._layers import ACTIVATIONS, INITS
from skfashion.modules._losses import LOSSES, ReconstructionLoss
from skfashion.neural_network._base import BaseNet, check_finite
from skfashion.neural_network._denoising import clean_images, denoising_error
from skfashion.neural_network._loader import ImageSet, to_device
from skfashion.neural_network._net import apply_iter
from skfashion.neural_network._parameters import AUTOENCODER_ATTRIBUTES, AUTOENCODER_PARAMETERS, checked_sizes

_BATCH_OF_CODES = 512


class BaseAutoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseNet):
    """A network that is trained to give back its input through a short code.

    A subclass names its layers by the parameters that :meth:`_layers` reads.
    """

    _parameter_constraints = {
        **BaseNet._parameter_constraints,
        "latent_dim": [Interval(Integral, 1, None, closed="left")],
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "batch_norm": ["boolean"],
        "init": [StrOptions(set(INITS))],
        "loss": [StrOptions(set(LOSSES))],
        "output_activation": [StrOptions({"auto", "identity", "sigmoid"})],
        "image_shape": [StrOptions({"auto"}), tuple, list],
    }

    _docstring_parts = {
        **BaseNet._docstring_parts,
        "autoencoder_parameters": AUTOENCODER_PARAMETERS,
        "autoencoder_attributes": AUTOENCODER_ATTRIBUTES,
    }

    def __init__(
        self,
        *,
        latent_dim,
        hidden_layer_sizes,
        activation,
        batch_norm,
        init,
        loss,
        output_activation,
        image_shape,
        **shared,
    ):
        super().__init__(**shared)
        self.latent_dim = latent_dim
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.batch_norm = batch_norm
        self.init = init
        self.loss = loss
        self.output_activation = output_activation
        self.image_shape = image_shape

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32", "float64"]
        return tags

    @property
    def _n_features_out(self):
        return self.module_.latent_dim

    def _module(self, n_outputs):
        return AutoencoderModule, self._module_params()

    def _module_params(self):
        return {
            "image_shape": self.image_shape_,
            "latent_dim": int(self.latent_dim),
            "hidden_layer_sizes": checked_sizes(self, "hidden_layer_sizes"),
            "activation": self.activation,
            "dropout": 0.0,
            "batch_norm": self.batch_norm,
            "init": self.init,
            "output_activation": self.output_activation_,
            **self._layers(),
        }

    def _layers(self):
        """The arguments of the module that are not parameters of every autoencoder."""
        raise NotImplementedError

    def _criterion(self):
        return ReconstructionLoss, {"loss": self.loss, "output_activation": self.output_activation_}

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None, *, X_val=None, y_val=None):
        """Train the network to give back the images X, or to turn them into the images y.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images. Whole numbers from 0 to 255 of any dtype, some of them above 127, are levels, which are scaled
            to [0, 1]; other numbers are taken as they are. X is neither copied to float nor kept. A sparse matrix is
            made dense.

        y : array-like of the shape of X, default=None
            The image that each image of X is to be turned into, for instance without its noise; on the scale of X.
            Anything of another shape, such as labels, is ignored, as transformers of scikit-learn do.

        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights. A weight of zero is the same as leaving the image out.

        X_val, y_val : array-like, default=None
            Images that are evaluated after each epoch, and that early stopping watches; `y_val` as y.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If an input or a parameter is not as described, or if the training diverges. The estimator is then as it
            was before.
        """
        resume = self.warm_start and hasattr(self, "net_")
        with self._fit_task(X, y, sample_weight) as monitor:
            X, _ = self._check_images(X, reset=not resume)
            clean = clean_images(self, X, y)
            valid = self._check_validation(X_val, y_val, denoising=clean is not None)
            self._learn_images(X, sample_weight, clean, resume=resume, valid=valid, monitor=monitor)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Train for one pass over X, at a constant learning rate; the optimizer goes on from the previous pass.

        Unlike ``fit`` it does not survive Ctrl-C: the model is then as it was before the pass.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`. The first call decides on the `output_activation` ``"auto"``.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True.")
        resume = hasattr(self, "net_")
        with self._all_or_nothing():
            X, _ = self._check_images(X, reset=not resume)
            self._learn_images(X, sample_weight, clean_images(self, X, y), resume=resume, one_pass=True)
        return self

    def _check_validation(self, X_val, y_val, *, denoising):
        """Return the validation images as a set, or None."""
        if X_val is None:
            if y_val is not None:
                raise ValueError("y_val needs X_val, the images that it belongs to.")
            return None
        X_val, _ = self._check_images(X_val, reset=False)
        clean = clean_images(self, X_val, y_val, "y_val")
        if (clean is not None) != denoising:
            raise ValueError("y and y_val must both hold images, or neither of them.")
        self._check_pixels(X_val if clean is None else clean, np.arange(len(X_val)))
        return self._image_set(X_val, clean=clean)

    def _check_pixels(self, X, rows):
        """Return whether the rows of X lie in [0, 1]; the loss may need that."""
        low, high = _range(X, rows)
        bounded = within_unit_interval(low, high)
        if self.loss == "bernoulli" and not bounded:
            raise ValueError(
                "loss='bernoulli' needs pixels in [0, 1], or levels from 0 to 255, but the images hold values from "
                f"{low:g} to {high:g}."
            )
        return bounded

    def _wanted_output_activation(self, bounded):
        """The output activation that the parameters ask for."""
        if self.loss == "bernoulli":
            if self.output_activation == "identity":
                raise ValueError("loss='bernoulli' needs probabilities: output_activation cannot be 'identity'.")
            return "sigmoid"
        if self.output_activation != "auto":
            return self.output_activation
        return "sigmoid" if bounded and self.activation != "identity" else "identity"

    def _learn_images(self, X, sample_weight, clean, *, resume, one_pass=False, **how):
        """Train on the rows of X that weigh something, and describe their codes."""
        rows, weight = self._weighed_rows(X, sample_weight)
        weight = self._relative_weights(weight, len(rows), resume=resume)
        bounded = self._check_pixels(X if clean is None else clean, rows)
        wanted = self._wanted_output_activation(bounded)
        if not resume:
            self.output_activation_ = wanted
        elif wanted != self.output_activation_ and (self.loss == "bernoulli" or self.output_activation != "auto"):
            raise ValueError(
                f"{type(self).__name__} cannot go on training: its parameters now ask for the output activation "
                f"{wanted!r}, but the fitted one is {self.output_activation_!r}. Fit with warm_start=False."
            )
        elif self.output_activation_ == "sigmoid" and not bounded:
            warnings.warn(
                f"{type(self).__name__} is given images beyond [0, 1], but began with images in [0, 1] and so ends in "
                "a sigmoid, which cannot give them back. Fit anew, or set output_activation='identity'.",
                UserWarning,
                stacklevel=3,
            )
        self._learn(X, rows, None, weight, None, resume=resume, one_pass=one_pass, clean=clean, **how)
        codes = self._described_codes(self.net_, self._image_set(X, rows, None, weight), add=resume and one_pass)
        vars(self).update(codes)

    def _attributes_at_an_epoch(self, net, train):
        attributes = super()._attributes_at_an_epoch(net, train)
        return {**attributes, **self._described_codes(attributes["net_"], train)}

    def _start(self, net, train):
        """Let the decoder start at the mean image: from elsewhere the way to mostly black images is too steep.

        In a few steps the output would be black for all images, where a sigmoid has no gradient left.
        """
        total, weights = 0, 0
        for images, target, weight in net.get_iterator(train):
            weight = torch.ones(len(images), device=images.device) if weight is None else weight
            total = total + torch.einsum("n,nchw->chw", weight, target)
            weights += float(weight.sum())
        net.module_.start_at(total / weights)

    def _described_codes(self, net, images, *, add=False):
        """The mean and the covariance of the codes of the images of a fit, also with those of one more pass."""
        codes = apply_iter(net, images, lambda module, images: module.encode(images))
        codes = torch.cat(list(codes)).double().numpy()
        weight = np.ones(len(codes)) if images.weight is None else images.weight.double().cpu().numpy()
        total, mean = weight.sum(), np.average(codes, axis=0, weights=weight)
        covariance = np.atleast_2d(np.cov(codes, rowvar=False, ddof=0, aweights=weight))
        if add:
            share = total / (total + self._code_weight)
            step = mean - self.code_mean_
            mean = self.code_mean_ + share * step
            covariance = share * covariance + (1 - share) * self.code_covariance_
            covariance += share * (1 - share) * np.outer(step, step)
            total += self._code_weight
        return {"_code_weight": total, "code_mean_": mean, "code_covariance_": covariance}

    def transform(self, X):
        """Return the code of each image.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, latent_dim), dtype float32, or float64 if X is float64
            The same in every call.
        """
        return self._per_image(X, lambda module, images: module.encode(images))

    def inverse_transform(self, X):
        """Return the images that codes stand for.

        Parameters
        ----------
        X : array-like of shape (n_samples, latent_dim)
            Codes.

        Returns
        -------
        ndarray of shape (n_samples, n_features), dtype float32, or float64 if X is float64
            Or images, in the shape of those that were fitted. If these were levels from 0 to 255, pixels are on the
            scale of [0, 1].
        """
        check_is_fitted(self)
        codes = check_array(X, dtype=[np.float32, np.float64], estimator=self, input_name="X")
        check_float32(codes, type(self).__name__)
        if codes.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {codes.shape[1]} columns, but the codes of this {type(self).__name__} have "
                f"{self._n_features_out} dimensions."
            )
        rows = np.empty((len(codes), self._layout.n_features), dtype=codes.dtype)
        with torch.inference_mode():
            for start in range(0, len(codes), _BATCH_OF_CODES):
                batch = to_device(codes[start : start + _BATCH_OF_CODES], torch.device(self.net_.device)).float()
                rows[start : start + len(batch)] = self._layout.rows(self.module_.decode(batch)).cpu().numpy()
        check_finite(rows, codes, type(self).__name__)
        return as_shown(rows, self._layout, self._shown_shape)

    def reconstruct(self, X):
        """Return what is left of images after the way through their codes.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_features), dtype float32, or float64 if X is float64
            As of :meth:`inverse_transform`.
        """
        rows = self._per_image(X, lambda module, images: self._layout.rows(module.decode(module.encode(images))))
        return as_shown(rows, self._layout, self._shown_shape)

    def score_samples(self, X):
        """Return how well each image is reconstructed; low values tell images unlike those that were fitted.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples,), dtype float32
            Minus the squared error, as a mean over the pixels; levels from 0 to 255 count as brightness in [0, 1].
        """
        return self._per_image(X, _negative_squared_error)

    def score(self, X, y=None):
        """Return minus the mean squared error per pixel, so that a search that maximises it finds the best encoder.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        y : array-like of the shape of X, default=None
            The images that X is to be turned into. Anything of another shape, such as labels, is ignored.

        Returns
        -------
        float
            At most 0; levels from 0 to 255 count as brightness in [0, 1].
        """
        check_is_fitted(self)
        rows, _ = self._check_images(X, reset=False)
        clean = clean_images(self, rows, y)
        if clean is None:
            return float(self.score_samples(X).mean(dtype=np.float64))
        return -denoising_error(self.net_, ImageSet(rows, self._layout, torch.device(self.net_.device), clean=clean))

    def sample(self, n_samples=1, random_state=None):
        """Draw new images: codes from the normal distribution of `code_mean_` and `code_covariance_`, decoded.

        Parameters
        ----------
        n_samples : int, default=1
            How many.

        random_state : int, RandomState instance or None, default=None
            Pass an int for the same images in every call.

        Returns
        -------
        ndarray of shape (n_samples, n_features), dtype float32, or float64 if X is float64
            As of :meth:`inverse_transform`.
        """
        check_is_fitted(self)
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        generator = draw_generator(random_state)
        codes = generator.multivariate_normal(
            self.code_mean_, self.code_covariance_, n_samples, check_valid="ignore", method="eigh"
        )
        return self.inverse_transform(codes.astype(np.float32))


def _range(X, rows):
    """The smallest and the largest value in rows of X, once uint8 is scaled."""
    if X.dtype in (np.uint8, np.bool_):
        return 0, 1
    if len(rows) == len(X):
        return X.min(), X.max()
    kept = np.zeros((len(X), 1), dtype=bool)
    kept[rows] = True
    return X.min(where=kept, initial=X[rows[0], 0]), X.max(where=kept, initial=X[rows[0], 0])


def _negative_squared_error(module, images):
    return -(module.decode(module.encode(images)) - images).square().flatten(1).mean(1)
