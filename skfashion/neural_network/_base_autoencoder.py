"""The base of autoencoders: images to latent codes, codes to images, and how good that is."""

import warnings
from collections.abc import Iterable
from functools import partial
from numbers import Integral
from typing import Literal

import numpy as np
import torch
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array, check_scalar
from sklearn.utils.validation import check_is_fitted

from skfashion._images import check_float32
from skfashion._labels import check_classes, class_indices
from skfashion._layout import as_array, as_shown
from skfashion._private_sklearn import _fit_context
from skfashion._seeds import draw_generator
from skfashion._state import neutral_state
from skfashion._tensors import to_device
from skfashion.neural_network._base import BaseNet
from skfashion.neural_network._clean_images import clean_images
from skfashion.neural_network._conditional_classes import set_classes
from skfashion.neural_network._declaring import estimator, number, parameter
from skfashion.neural_network._drawn_codes import drawn_codes
from skfashion.neural_network._per_image import per_code
from skfashion.neural_network._types import Activation, ImageShape, Init
from skfashion.training._augmentation import check_reconstruction
from skfashion.training._loader import ImageSet
from skfashion.training._reconstruction import (
    ReconstructionTask,
    check_pixels,
    denoising_error,
    pooled,
    resolve_output_activation,
    squared_errors,
)


@estimator
class BaseAutoencoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseNet):
    """A network that is trained to reconstruct its input from a short latent code.

    A subclass is decorated with :func:`estimator`, and has a method ``_network`` that returns a ``Network`` for its
    parameters. The module needs the methods ``encode``, ``decode``, ``start_at`` and ``reset_weights``, and the
    attribute ``latent_dim``, as :class:`~skfashion.modules.AutoencoderModule` has them.

    See Also
    --------
    Autoencoder, ConvAutoencoder, VariationalAutoencoder : Its subclasses here.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.extending import BaseAutoencoder, Network, estimator
    >>> from skfashion.modules import AutoencoderModule
    >>> @estimator
    ... class LinearAutoencoder(BaseAutoencoder):
    ...     def _network(self):
    ...         return Network(
    ...             module=AutoencoderModule,
    ...             arguments={
    ...                 "image_shape": self.image_shape_,
    ...                 "latent_dim": self.latent_dim,
    ...                 "output_activation": self.output_activation_,
    ...                 "hidden_layer_sizes": (),
    ...                 "activation": "identity",
    ...                 "dropout": 0.0,
    ...                 "batch_norm": False,
    ...             },
    ...         )
    >>> X, _ = make_garments(500, random_state=0, return_X_y=True)
    >>> LinearAutoencoder(8, random_state=0).fit(X).transform(X).shape
    (500, 8)
    """

    latent_dim: int = parameter(14, "Number of latent dimensions.", number(int, 1), positional=True)
    hidden_layer_sizes: int | Iterable = parameter(
        (64,),
        "Units of the dense layers between the images, or convolutions, and the code; the decoder has the same in "
        "reverse.",
        number(int, 1),
    )
    activation: Activation = parameter("relu", "Activation of each hidden layer; named as in :class:`MLPClassifier`.")
    batch_norm: bool = parameter(False, "Whether hidden layers have batch normalisation before their activation.")
    init: Init = parameter(
        "he_normal",
        """
        How weights are drawn, as in :class:`MLPClassifier`. Under torch's own scheme a deep decoder starts out almost
        constant, learns more slowly and may end up all black for good.""",
    )
    loss: Literal["squared_error", "absolute_error", "bernoulli"] = parameter(
        "squared_error",
        """
        The reconstruction loss, averaged over the pixels of an image (summed in a variational autoencoder);
        ``"bernoulli"`` is the cross-entropy of pixels in [0, 1].""",
    )
    output_activation: Literal["auto", "identity", "sigmoid"] = parameter(
        "auto",
        """
        The activation of the output layer. ``"auto"`` is a sigmoid if all training values lie in [0, 1], as levels from
        0 to 255 do once they are scaled, and if `activation` is not the identity.""",
    )
    start_at_mean: bool = parameter(
        True,
        """
        Whether to initialise the biases of the output layer, whatever `init` is, so that the output starts at the mean
        training image (at its mean colour if that layer is a convolution). With False a sigmoid starts near 0.5, from
        where a decoder may fail to learn mostly black images: it outputs black for all before it tells them apart.""",
    )
    image_shape: ImageShape = parameter("auto", "As in :class:`CNNClassifier`.")

    _fitted_attributes = {
        'output_activation_ : {"identity", "sigmoid"}': "The activation of the output layer.",
        "code_mean_, code_covariance_ : ndarray of shape (latent_dim,) and (latent_dim, latent_dim)": """
            Mean and covariance of the normal distribution from which ``sample`` draws codes: that of the codes of the
            images of ``fit`` and every later ``partial_fit``, or the standard one in a variational autoencoder.""",
    }

    # Whether the loss has a divergence, weighted by a parameter `beta`.
    _is_variational = False

    # Whether the decoder is conditioned on the class of each image, which y then holds.
    _is_conditional = False

    @property
    def _takes_classes(self):
        """Whether the model as it was fitted is conditional, or else as its parameters are."""
        return self._task.classes is not None if hasattr(self, "net_") else self._is_conditional

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32", "float64"]
        return tags

    @property
    def _n_features_out(self):
        return self.module_.latent_dim

    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y=None, sample_weight=None, classes=None):
        """Train for one pass over X, at a constant learning rate; the optimizer goes on from the previous pass.

        Parameters
        ----------
        X, y, sample_weight
            As in :meth:`fit`. The first call resolves ``output_activation="auto"``.

        classes : array-like of shape (n_classes,), default=None
            All labels that any call will see, for the first call of a conditional model; None takes those in y.

        Returns
        -------
        self : object
            The fitted estimator. After Ctrl-C it is as it was before the pass.

        Raises
        ------
        ValueError
            If `early_stopping` is True, or if an input is not as described.
        """
        if classes is not None and not self._takes_classes:
            raise ValueError("classes must be None: the model is not conditional.")
        return self._fit(X, y, sample_weight, one_pass=True, classes=classes)

    def _examples(self, X, y, sample_weight, *, resume, one_pass, classes=None):
        X, rows, weight, clean, y = self._checked(X, y, sample_weight, "y", reset=not resume)
        uses = {"denoises": clean is not None, "is_conditional": y is not None}
        check_reconstruction(self.augmentation, self.image_shape_, **uses)
        bounded = check_pixels(X if clean is None else clean, rows, self.loss)
        self._set_output_activation(bounded, resume)
        task = ReconstructionTask(
            loss=self.loss,
            output_activation=self.output_activation_,
            start_at_mean=self.start_at_mean,
            beta=self.beta if self._is_variational else None,
        )
        before = self._task if resume else None
        if resume and one_pass:
            task.go_on_from(before)
        labels = None
        if y is not None:
            name = type(self).__name__
            labels = set_classes(task, y[rows], weight, name, before=before, one_pass=one_pass, classes=classes)
        self._task, self._denoises = task, clean is not None
        return X, {"rows": rows, "weight": weight, "clean": clean, "labels": labels}

    def _validation(self, X, y, sample_weight):
        if X is None:
            if y is not None or sample_weight is not None:
                raise ValueError("y_val needs X_val, the images that it belongs to, and so does sample_weight_val.")
            return None
        X, rows, weight, clean, y = self._checked(X, y, sample_weight, "y_val", reset=False)
        if (clean is not None) != self._denoises:
            raise ValueError("y and y_val must both hold images, or neither of them.")
        check_pixels(X if clean is None else clean, rows, self.loss)
        labels = None if y is None else class_indices(y[rows], self._task.classes, len(rows), "y_val")
        return self._validation_set(X, rows=rows, weight=weight, clean=clean, labels=labels)

    def _checked(self, X, y, sample_weight, name, *, reset):
        """Validate; return X as rows, those that count and their weights, and the clean images or the labels in y."""
        labels = [y] if self._is_conditional else []
        X, y_of_classes = self._validate_images(X, *labels, reset=reset)
        rows, weight = self._weighted_rows(X, sample_weight)
        X = self._on_the_scale(X, rows, reset=reset)
        if not self._is_conditional:
            return X, rows, weight, clean_images(self, X, y, name, rows), None
        check_classes(y_of_classes)
        return X, rows, weight, None, y_of_classes

    def _class_indices(self, y, method):
        """A function of the number of images that gives the indices of classes, as :func:`per_image` wants them."""
        check_is_fitted(self)
        return partial(class_indices, y, self._task.classes, caller=f"{type(self).__name__}.{method}")

    def _set_output_activation(self, bounded, resume):
        """Decide on the output activation, or check that the images and parameters suit the one that was fitted."""
        wanted = resolve_output_activation(self.output_activation, self.loss, self.activation, bounded)
        if not resume:
            self.output_activation_ = wanted
        elif wanted != self.output_activation_ and (self.loss == "bernoulli" or self.output_activation != "auto"):
            raise ValueError(
                f"{type(self).__name__} cannot go on training: its parameters now ask for the output activation "
                f"{wanted!r}, but the fitted one is {self.output_activation_!r}. Fit with warm_start=False."
            )
        elif self.output_activation_ == "sigmoid" and not bounded:
            warnings.warn(
                f"{type(self).__name__} got pixels outside [0, 1], but started with pixels in [0, 1] and so ends in "
                "a sigmoid, which cannot give them back. Fit it again, or set output_activation='identity'.",
                UserWarning,
                stacklevel=3,
            )

    def _describe(self, net, images, *, add):
        """The distribution of the codes of the images of a fit, also with those of one more pass."""
        described = self._task.distribution(net, images)
        if add:
            before = self._code_weight * self._task.former_unit
            described = pooled(described, (before, self.code_mean_, self.code_covariance_))
        weight, mean, covariance = described
        attributes = {"_code_weight": weight, "code_mean_": mean, "code_covariance_": covariance}
        if self._task.classes is not None:
            of_classes = self._task.distributions(net, images)
            if add:
                weights, *normal = self._codes_of_classes
                of_classes = pooled(of_classes, (weights * self._task.former_unit, *normal))
            attributes |= {"_codes_of_classes": of_classes}
        return attributes

    def transform(self, X):
        """Return the latent code of each image.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, latent_dim), dtype float32, or float64 if X is float64
            The latent codes; they are the same in every call.
        """
        return self._per_image(X, lambda module, images: module.encode(images))

    def inverse_transform(self, X, y=None):
        """Decode latent codes to images.

        Parameters
        ----------
        X : array-like of shape (n_samples, latent_dim)
            Latent codes.

        y : array-like of shape (n_samples,), or a single label, default=None
            The class of each image, or one class for all: required by a conditional model, refused by any other.

        Returns
        -------
        ndarray of shape (n_samples, n_features), dtype float32, or float64 if X is float64
            Or images in the shape of those passed to ``fit``. If these were levels from 0 to 255, pixels are on the
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
        labels = self._class_indices(y, "inverse_transform")(len(codes))
        return as_shown(per_code(self, codes, labels), self._layout, self._shown_shape)

    def reconstruct(self, X, y=None):
        """Return reconstructions: ``inverse_transform(transform(X))``.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        y : array-like of shape (n_samples,), or a single label, default=None
            The class of each image, or one class for all: required by a conditional model, refused by any other.

        Returns
        -------
        ndarray of shape (n_samples, n_features), dtype float32, or float64 if X is float64
            As in :meth:`inverse_transform`.
        """
        rows = self._per_image(
            X,
            lambda module, images, *labels: self._layout.rows(module.decode(module.encode(images), *labels)),
            labels=self._class_indices(y, "reconstruct"),
        )
        return as_shown(rows, self._layout, self._shown_shape)

    def score_samples(self, X, y=None):
        """Return how well each image is reconstructed; low values indicate images unlike the training images.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        y : array-like of shape (n_samples,), or a single label, default=None
            The class of each image, or one class for all: required by a conditional model, refused by any other.

        Returns
        -------
        ndarray of shape (n_samples,), dtype float32, or float64 if X is float64
            Minus the squared error, as a mean over the pixels; levels from 0 to 255 count as brightness in [0, 1].
        """
        return self._per_image(
            X,
            lambda module, images, *labels: -squared_errors(module, images, images, *labels),
            labels=self._class_indices(y, "score_samples"),
        )

    def score(self, X, y=None):
        """Return minus the mean squared error per pixel, so that a search that maximises it finds the best encoder.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        y : array-like of the shape of X, default=None
            The target images of X. Anything of another shape, such as labels, is ignored, except by a
            conditional model, which needs labels.

        Returns
        -------
        float
            At most 0; levels from 0 to 255 count as brightness in [0, 1].
        """
        check_is_fitted(self)
        if self._task.classes is not None:
            return float(self.score_samples(X, y).mean(dtype=np.float64))
        if y is None or np.ndim(as_array(y)) < 2:  # labels are no target images
            return float(self.score_samples(X).mean(dtype=np.float64))
        rows, _ = self._check_images(X, reset=False)
        clean = clean_images(self, rows, y, "y")
        if clean is None:
            return float(self.score_samples(X).mean(dtype=np.float64))
        with neutral_state():
            device = torch.device(self.net_.device)
            images = ImageSet(to_device(rows, device), self._layout, clean=to_device(clean, device))
            return -denoising_error(self.net_, images)

    def sample(self, n_samples=1, random_state=None, *, y=None):
        """Draw new images: decode codes from the normal distribution with `code_mean_` and `code_covariance_`.

        Parameters
        ----------
        n_samples : int, default=1
            Number of images to draw.

        random_state : int, RandomState instance or None, default=None
            Pass an int for the same images in every call.

        y : array-like of shape (n_samples,), or a single label, default=None
            The class of each image, or one class for all; only for a conditional model, which otherwise draws the
            classes too, with the frequencies that they had in ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_features), dtype float32
            As in :meth:`inverse_transform`.

        Raises
        ------
        ValueError
            If y holds a label that is not among the classes of the fit, or is given to a model without classes.
        """
        check_is_fitted(self)
        check_scalar(n_samples, "n_samples", Integral, min_val=1)
        codes, labels = drawn_codes(self, n_samples, y, draw_generator(random_state))
        return as_shown(per_code(self, codes, labels), self._layout, self._shown_shape)
