"""The convolutional autoencoder."""

from skfashion.modules import AutoencoderModule
from skfashion.neural_network._autoencoder_layers import module_arguments
from skfashion.neural_network._base_autoencoder import BaseAutoencoder
from skfashion.neural_network._declaring import estimator, number, parameter
from skfashion.training._build import Network

# Filters with which the products of bfloat16 gain more than its conversions cost.
_MANY = 64


@estimator
class ConvAutoencoder(BaseAutoencoder):
    """A convolutional autoencoder for images of any size, grey or colour.

    The encoder has three convolutions of stride 2 with `n_channels`, twice and four times as many filters of 3 x 3
    pixels, then dense layers; the decoder leads back. At 28 x 28 pixels and with the default layers it is a published
    network: 25,294 parameters in the encoder and 25,537 in the decoder.

    See Also
    --------
    Autoencoder : A fully connected one.
    VariationalAutoencoder : Made to generate new images.
    EncoderClassifier : A classifier on top of an encoder.

    Notes
    -----
    ``sample`` draws latent codes from one normal distribution; see the notes of :class:`Autoencoder` for better
    densities.

    Images with a side under 9 pixels are padded with zeros inside the network.

    References
    ----------
    J. Masci et al., `Stacked Convolutional Auto-Encoders for Hierarchical Feature Extraction
    <https://doi.org/10.1007/978-3-642-21735-7_7>`_, 2011.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import ConvAutoencoder
    >>> X, _ = make_garments(1000, random_state=0, return_X_y=True)
    >>> autoencoder = ConvAutoencoder(8, batch_size=32, max_epochs=10, random_state=0).fit(X[:800])
    >>> autoencoder.score(X[800:]) > -0.05
    True
    >>> autoencoder.reconstruct(X[:2]).shape
    (2, 784)
    """

    n_channels: int = parameter(8, "Filters of the first convolution.", number(int, 1), positional=True)

    learning_rate: float = 0.01

    def _network(self):
        n = int(self.n_channels)
        convolutions = {"n_channels": (n, 2 * n, 4 * n), "padding": (2, 1, 0), "decoder_padding": (1, 1, 0)}
        return Network(
            module=AutoencoderModule,
            arguments=module_arguments(self, **convolutions),
            gains_from_bfloat16=n >= _MANY,
        )
