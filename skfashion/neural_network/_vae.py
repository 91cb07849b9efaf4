"""The variational autoencoder."""

from collections.abc import Iterable
from numbers import Integral

import torch
from sklearn.utils import check_scalar
from sklearn.utils.validation import check_is_fitted

from skfashion._pixels import within_unit_interval
from skfashion._seeds import draw_seed
from skfashion.modules import VariationalModule
from skfashion.modules._autoencoder import draw_normal
from skfashion.neural_network._autoencoder_layers import module_arguments
from skfashion.neural_network._base_autoencoder import BaseAutoencoder
from skfashion.neural_network._declaring import checked_sizes, estimator, number, parameter
from skfashion.neural_network._types import Activation, Init
from skfashion.training._build import Network


@estimator
class VariationalAutoencoder(BaseAutoencoder):
    """A variational autoencoder: a normal posterior of the code of each image, and a standard normal prior.

    It is trained on ``reconstruction + beta * KL``, both summed over an image; ``transform`` gives the posterior
    means, and ``sample`` decodes codes drawn from the standard normal distribution.

    See Also
    --------
    ConvAutoencoder : Without the KL divergence: lower reconstruction errors, worse samples.

    Notes
    -----
    `history_` holds both terms of the loss of each epoch: ``train_reconstruction`` and ``train_kl``, likewise
    ``valid_…``. They are measured on sampled codes, as in training.

    With ``conditional=True`` it is a conditional variational autoencoder, p(image | code, class), whose encoder does
    not see the class, so that ``transform`` needs no label. Its codes follow the standard normal distribution as a
    whole, but not class by class: ``sample`` draws the codes of a class from the normal distribution of those of its
    training images.

    Images with a side too small for the convolutions are padded with zeros inside the network.

    Networks of the studies that this library reproduces: ``VariationalAutoencoder(5, n_channels=(16, 32))``,
    ``VariationalAutoencoder(10, n_channels=(32, 64), kernel_size=5)``, and with batch normalisation
    ``VariationalAutoencoder(n_channels=(8, 16, 32), batch_norm=True)``.

    References
    ----------
    D. Kingma and M. Welling, `Auto-Encoding Variational Bayes <https://arxiv.org/abs/1312.6114>`_, 2013.
    I. Higgins et al., `beta-VAE <https://openreview.net/forum?id=Sy2fzU9gl>`_, 2017.
    K. Sohn et al., `Learning Structured Output Representation using Deep Conditional Generative Models
    <https://papers.nips.cc/paper/2015/hash/8d55a249e6baa5c06772297520da2051-Abstract.html>`_, 2015.
    P. Ghosh et al., `From Variational to Deterministic Autoencoders <https://arxiv.org/abs/1903.12436>`_, 2020, on
    distributions of codes that are fitted after training.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import VariationalAutoencoder
    >>> X, _ = make_garments(400, random_state=0, return_X_y=True)
    >>> vae = VariationalAutoencoder(latent_dim=4, n_channels=(8, 16), batch_size=32, random_state=0).fit(X[:200])
    >>> vae.sample(3, random_state=0).shape
    (3, 784)
    >>> vae.elbo(X[200:]).shape
    (200,)

    Images of a class:

    >>> X, y = make_garments(400, random_state=0, return_X_y=True)
    >>> vae = vae.set_params(conditional=True).fit(X, y)
    >>> vae.sample(3, y=9, random_state=0).shape
    (3, 784)
    """

    latent_dim: int = parameter(10, "Number of latent dimensions.", number(int, 1), positional=True)
    n_channels: int | Iterable = parameter(
        (32, 64),
        "Filters of each convolution of stride 2; ``()`` for a fully connected network.",
        number(int, 1),
    )
    kernel_size: int = parameter(3, "Height and width of all kernels.", number(int, 2))
    beta: float = parameter(
        1.0,
        """
        The weight of the Kullback-Leibler divergence. Above 1 codes are closer to the standard normal distribution,
        below 1 images are sharper; with 0, samples are hardly meaningful. With
        ``loss="squared_error"`` the reconstruction is, up to a constant, the negative log-likelihood of pixels with a
        variance of 1/2.""",
        number(float, 0),
    )
    conditional: bool = parameter(
        False,
        """
        Whether the decoder is conditioned on the class, so that ``sample`` draws images of chosen classes. Then
        ``fit`` needs y, one label per image, as do ``reconstruct``, ``inverse_transform`` and the scores; ``transform``
        does not. `augmentation` must not mix images then. With False labels are ignored, as by any transformer.""",
    )

    _fitted_attributes = {
        "classes_ : ndarray of shape (n_classes,)": "The class labels; only if the model is conditional.",
        "class_count_ : ndarray of shape (n_classes,)": """
            The weighted number of training images of each class, if the model is conditional.""",
    }

    _is_variational = True

    hidden_layer_sizes: int | Iterable = (256,)
    activation: Activation = "silu"
    init: Init = "pytorch"
    learning_rate: float = 0.006

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self._takes_classes
        return tags

    @property
    def _is_conditional(self):
        return self.conditional

    @property
    def classes_(self):
        """The class labels that the decoder is conditioned on."""
        return self._known("classes")

    @property
    def class_count_(self):
        """The weighted number of training images of each class."""
        return self._known("class_count")

    def _known(self, name):
        known = getattr(self._task, name)
        if known is None:
            raise AttributeError(
                f"{type(self).__name__} has no attribute {name}_: it was fitted with conditional=False."
            )
        return known

    def _network(self):
        n_channels, kernel_size = checked_sizes(self, "n_channels"), int(self.kernel_size)
        padding = (kernel_size // 2,) * len(n_channels)
        convolutions = {"n_channels": n_channels, "kernel_size": kernel_size}
        classes = {} if self._task.classes is None else {"n_classes": len(self._task.classes)}
        return Network(
            module=VariationalModule,
            arguments=module_arguments(self, **convolutions, padding=padding, decoder_padding=padding, **classes),
            gains_from_bfloat16=bool(n_channels),
        )

    def elbo(self, X, y=None, *, n_draws=1, random_state=None):
        """Estimate the evidence lower bound of each image, from sampled codes.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        y : array-like of shape (n_samples,), or a single label, default=None
            The class of each image, or one class for all: required by a conditional model, refused by any other.

        n_draws : int, default=1
            Codes to draw for each image; the estimates are averaged.

        random_state : int, RandomState instance or None, default=None
            Pass an int for the same estimate in every call.

        Returns
        -------
        ndarray of shape (n_samples,), dtype float32, or float64 if X is float64
            ``-(reconstruction + KL)`` in the units of the loss (nats for ``"bernoulli"``), whatever `beta` is.
        """
        check_is_fitted(self)
        check_scalar(n_draws, "n_draws", Integral, min_val=1)
        generator = torch.Generator(self.net_.device).manual_seed(draw_seed(random_state))
        criterion = self.net_.criterion_

        def bound(module, images, *labels):
            bounded = within_unit_interval(float(images.min()), float(images.max()))
            if criterion.reconstruction.loss == "bernoulli" and not bounded:
                raise ValueError(
                    "A VAE that was fitted with loss='bernoulli' needs pixels in [0, 1], or levels from 0 to 255."
                )
            mean, log_variance = module.posterior(images)
            total = 0
            for _ in range(n_draws):
                codes = draw_normal(mean, log_variance, generator)
                terms = criterion.terms((module.scores(codes, *labels), mean, log_variance), images)
                total -= terms["reconstruction"] + terms["kl"]
            return total / n_draws

        return self._per_image(X, bound, draws=True, labels=self._class_indices(y, "elbo"))
