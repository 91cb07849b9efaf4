"""The convolutional autoencoder."""

from numbers import Integral

from skfashion._private_sklearn import Interval
from skfashion.neural_network._transformer import BaseAutoencoder


class ConvAutoencoder(BaseAutoencoder):
    """A convolutional autoencoder for images of any size, grey or colour.

    The encoder has three convolutions of stride 2 with `n_channels`, twice and four times as many filters of 3 x 3
    pixels, then dense layers; the decoder leads back. At 28 x 28 pixels and with the default layers it is a published
    network: 25,294 parameters in the encoder and 25,537 in the decoder.

    Parameters
    ----------
    latent_dim : int, default=14
        Length of a code.

    n_channels : int, default=8
        Filters of the first convolution.

    hidden_layer_sizes : int or sequence of int, default=(64,)
        Units of the dense layers between convolutions and code; the decoder has the same in reverse.

    loss : {"squared_error", "absolute_error", "bernoulli"}, default="squared_error"
        The mean over the pixels of an image; ``"bernoulli"`` is the cross-entropy of pixels in [0, 1].

    {autoencoder_parameters}

    {shared_parameters}

    Attributes
    ----------
    {autoencoder_attributes}

    See Also
    --------
    Autoencoder : A fully connected one.
    VariationalAutoencoder : Made to draw new images.
    EncoderClassifier : A classifier on top of an encoder.

    Notes
    -----
    ``sample`` draws codes from one normal distribution; see the notes of :class:`Autoencoder` for better densities.

    Images of a side under 9 pixels are framed by zeros inside the network.

    Weights are drawn by He's rule: under torch's own scheme a deep decoder starts out almost constant, learns more
    slowly and may end up all black for good.

    References
    ----------
    J. Masci et al., `Stacked Convolutional Auto-Encoders for Hierarchical Feature Extraction
    <https://doi.org/10.1007/978-3-642-21735-7_7>`_, 2011.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import ConvAutoencoder
    >>> X, _ = make_garments(1000, random_state=0, return_X_y=True)
    >>> autoencoder = ConvAutoencoder(latent_dim=8, batch_size=32, random_state=0).fit(X[:800])
    >>> autoencoder.score(X[800:]) > -0.05
    True
    >>> autoencoder.reconstruct(X[:2]).shape
    (2, 784)
    """

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        "n_channels": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        latent_dim=14,
        n_channels=8,
        *,
        hidden_layer_sizes=(64,),
        activation="relu",
        batch_norm=False,
        init="he_normal",
        loss="squared_error",
        output_activation="auto",
        image_shape="auto",
        optimizer="adam",
        learning_rate=0.01,
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

    @property
    def _gains_from_bfloat16(self):
        return self.n_channels >= 64  # with fewer, the conversions cost more than the products gain

    def _layers(self):
        n = int(self.n_channels)
        return {"n_channels": (n, 2 * n, 4 * n), "padding": (2, 1, 0), "decoder_padding": (1, 1, 0)}
