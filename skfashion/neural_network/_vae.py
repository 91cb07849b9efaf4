"""The variational autoencoder."""

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.utils import check_scalar
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from skfashion._images import draw_seed
from skfashion._pixels import within_unit_interval
from skfashion.modules import VariationalModule
from skfashion.modules._autoencoder import draw_normal
from skfashion.modules._losses import ELBOLoss
from skfashion.neural_network._parameters import checked_sizes
from skfashion.neural_network._transformer import BaseAutoencoder


class VariationalAutoencoder(BaseAutoencoder):
    """A variational autoencoder: its codes are normal distributions, and follow the standard normal one as a whole.

    It is trained on ``reconstruction + beta * KL``, both summed over an image; ``transform`` gives the means of the
    codes, and ``sample`` decodes what is drawn from the standard normal distribution.

    Parameters
    ----------
    latent_dim : int, default=10
        Length of a code.

    n_channels : int or sequence of int, default=(32, 64)
        Filters of each convolution of stride 2; ``()`` for a fully connected network.

    kernel_size : int, default=3
        Height and width of all kernels.

    hidden_layer_sizes : int or sequence of int, default=(256,)
        Units of the dense layers between convolutions and code; the decoder has the same in reverse.

    beta : float, default=1.0
        The weight of the Kullback-Leibler divergence. Above 1 codes are closer to the standard normal distribution,
        below 1 images are sharper; 0 makes an autoencoder whose ``sample`` means little.

    loss : {"squared_error", "absolute_error", "bernoulli"}, default="squared_error"
        The reconstruction error, summed over the pixels of an image. ``"squared_error"`` is, up to a constant, the
        negative log-likelihood of pixels with a variance of 1/2; ``"bernoulli"`` the one of pixels in [0, 1].

    {autoencoder_parameters}

    {shared_parameters}

    Attributes
    ----------
    {autoencoder_attributes}

    See Also
    --------
    ConvAutoencoder : Without the divergence: lower errors, worse samples.

    Notes
    -----
    `history_` holds both terms of the loss of each epoch: ``train_reconstruction`` and ``train_kl``, likewise
    ``valid_…``. They are measured on codes that are drawn, as in training.

    Images of a side too small for the convolutions are framed by zeros inside the network.

    Networks of the studies that this library reproduces: ``VariationalAutoencoder(5, n_channels=(16, 32))``,
    ``VariationalAutoencoder(10, n_channels=(32, 64), kernel_size=5)``, and with batch normalisation
    ``VariationalAutoencoder(n_channels=(8, 16, 32), batch_norm=True)``.

    References
    ----------
    D. Kingma and M. Welling, `Auto-Encoding Variational Bayes <https://arxiv.org/abs/1312.6114>`_, 2013.
    I. Higgins et al., `beta-VAE <https://openreview.net/forum?id=Sy2fzU9gl>`_, 2017.

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
    """

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        "n_channels": ["array-like", Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 2, None, closed="left")],
        "beta": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        latent_dim=10,
        *,
        n_channels=(32, 64),
        kernel_size=3,
        hidden_layer_sizes=(256,),
        beta=1.0,
        activation="silu",
        batch_norm=False,
        init="pytorch",
        loss="squared_error",
        output_activation="auto",
        image_shape="auto",
        optimizer="adam",
        learning_rate=0.006,
        optimizer_params=None,
        weight_decay=0.0,
        lr_schedule="auto",
        batch_size=128,
        max_epochs=20,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=0.0,
        augmentation=None,
        warm_start=False,
        precision="auto",
        device="auto",
        random_state=None,
        verbose=0,
        net_params=None,
    ):
        super().__init__(
            latent_dim=latent_dim,
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            batch_norm=batch_norm,
            init=init,
            loss=loss,
            output_activation=output_activation,
            image_shape=image_shape,
            optimizer=optimizer,
            learning_rate=learning_rate,
            optimizer_params=optimizer_params,
            weight_decay=weight_decay,
            lr_schedule=lr_schedule,
            batch_size=batch_size,
            max_epochs=max_epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            augmentation=augmentation,
            warm_start=warm_start,
            precision=precision,
            device=device,
            random_state=random_state,
            verbose=verbose,
            net_params=net_params,
        )
        self.n_channels = n_channels
        self.kernel_size = kernel_size
        self.beta = beta

    @property
    def _gains_from_bfloat16(self):
        return len(checked_sizes(self, "n_channels")) > 0

    def _module(self, n_outputs):
        return VariationalModule, self._module_params()

    def _layers(self):
        n_channels, kernel_size = checked_sizes(self, "n_channels"), int(self.kernel_size)
        padding = (kernel_size // 2,) * len(n_channels)
        return {
            "n_channels": n_channels,
            "kernel_size": kernel_size,
            "padding": padding,
            "decoder_padding": padding,
        }

    def _criterion(self):
        return ELBOLoss, {"loss": self.loss, "output_activation": self.output_activation_, "beta": float(self.beta)}

    def _metrics(self):
        return ELBOLoss(self.loss, self.output_activation_).terms

    def _described_codes(self, net, images, *, add=False):
        """All codes together are trained to follow the standard normal distribution."""
        latent_dim = net.module_.latent_dim
        return {"code_mean_": np.zeros(latent_dim), "code_covariance_": np.eye(latent_dim)}

    def elbo(self, X, *, n_draws=1, random_state=None):
        """Estimate the evidence lower bound of each image, on codes that are drawn.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

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

        def bound(module, images):
            bounded = within_unit_interval(float(images.min()), float(images.max()))
            if criterion.reconstruction.loss == "bernoulli" and not bounded:
                raise ValueError(
                    "A VAE that was fitted with loss='bernoulli' needs pixels in [0, 1], or levels from 0 to 255."
                )
            mean, log_variance = module.posterior(images)
            total = 0
            for _ in range(n_draws):
                codes = draw_normal(mean, log_variance, generator)
                terms = criterion.terms((module.scores(codes), mean, log_variance), images)
                total -= terms["reconstruction"] + terms["kl"]
            return total / n_draws

        return self._per_image(X, bound, draws=True)
