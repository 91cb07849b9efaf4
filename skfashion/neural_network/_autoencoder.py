"""The fully connected autoencoder."""

from collections.abc import Iterable
from dataclasses import field

from skfashion.modules import AutoencoderModule
from skfashion.neural_network._autoencoder_layers import module_arguments
from skfashion.neural_network._base_autoencoder import BaseAutoencoder
from skfashion.neural_network._declaring import estimator, number, parameter
from skfashion.training._build import Network


@estimator
class Autoencoder(BaseAutoencoder):
    """A fully connected autoencoder, whose decoder mirrors its encoder.

    With ``activation="identity"`` and ``hidden_layer_sizes=()`` it is linear, and spans the subspace of
    :class:`~sklearn.decomposition.PCA`.

    See Also
    --------
    ConvAutoencoder : With convolutions: a tenth of the parameters, and lower errors if it has enough channels.
    VariationalAutoencoder : Made to generate new images.
    sklearn.decomposition.PCA : What a linear autoencoder converges to.

    Notes
    -----
    ``sample`` draws latent codes from one normal distribution, which only roughly describes where codes lie. Any
    density model of scikit-learn can take its place::

        mixture = GaussianMixture(20, random_state=0).fit(autoencoder.transform(X))
        images = autoencoder.inverse_transform(mixture.sample(16)[0])

    References
    ----------
    G. Hinton and R. Salakhutdinov, `Reducing the Dimensionality of Data with Neural Networks
    <https://doi.org/10.1126/science.1127647>`_, 2006.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import Autoencoder
    >>> X, y = make_garments(1000, random_state=0, return_X_y=True)
    >>> autoencoder = Autoencoder(latent_dim=16, batch_size=32, max_epochs=8, random_state=0).fit(X[:800])
    >>> autoencoder.transform(X).shape
    (1000, 16)
    >>> autoencoder.inverse_transform(autoencoder.transform(X)).shape
    (1000, 784)
    >>> pipeline = make_pipeline(autoencoder, KNeighborsClassifier()).fit(X[:800], y[:800])
    >>> pipeline.score(X[800:], y[800:]) > 0.5
    True
    """

    latent_dim: int = parameter(32, "Number of latent dimensions.", number(int, 1), positional=True)
    dropout: float = parameter(
        0.0, "Dropout rate, the share of units zeroed in training, after every hidden layer.", number(float, 0, 1)
    )

    hidden_layer_sizes: int | Iterable = field(default=(256, 128), kw_only=False)  # the second one by position
    learning_rate: float = 0.01

    def _network(self):
        return Network(module=AutoencoderModule, arguments=module_arguments(self, dropout=float(self.dropout)))
