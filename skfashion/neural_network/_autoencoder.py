"""The fully connected autoencoder."""

from numbers import Real

from skfashion._private_sklearn import Interval
from skfashion.neural_network._transformer import BaseAutoencoder


class Autoencoder(BaseAutoencoder):
    """A fully connected autoencoder: its decoder is its encoder mirrored.

    With ``activation="identity"`` and ``hidden_layer_sizes=()`` it is linear, and spans the subspace of
    :class:`~sklearn.decomposition.PCA`.

    Parameters
    ----------
    latent_dim : int, default=32
        Length of a code.

    hidden_layer_sizes : int or sequence of int, default=(256, 128)
        Units of each hidden layer of the encoder; the decoder has the same in reverse.

    dropout : float in [0, 1), default=0.0
        The share of units that is dropped in training, after every hidden layer.

    loss : {"squared_error", "absolute_error", "bernoulli"}, default="squared_error"
        The mean over the pixels of an image; ``"bernoulli"`` is the cross-entropy of pixels in [0, 1].

    {autoencoder_parameters}

    {shared_parameters}

    Attributes
    ----------
    {autoencoder_attributes}

    See Also
    --------
    ConvAutoencoder : With convolutions, fewer parameters and lower errors.
    VariationalAutoencoder : Made to draw new images.
    sklearn.decomposition.PCA : What a linear autoencoder comes to.

    Notes
    -----
    ``sample`` draws codes from one normal distribution, which is a coarse picture of where codes lie. Any density of
    scikit-learn can take its place::

        mixture = GaussianMixture(20, random_state=0).fit(autoencoder.transform(X))
        images = autoencoder.inverse_transform(mixture.sample(16)[0])

    Weights are drawn by He's rule: under torch's own scheme a deep decoder starts out almost constant, learns more
    slowly and may end up all black for good.

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
    >>> autoencoder = Autoencoder(latent_dim=16, batch_size=32, random_state=0).fit(X[:800])
    >>> autoencoder.transform(X).shape
    (1000, 16)
    >>> autoencoder.inverse_transform(autoencoder.transform(X)).shape
    (1000, 784)
    >>> pipeline = make_pipeline(autoencoder, KNeighborsClassifier()).fit(X[:800], y[:800])
    >>> pipeline.score(X[800:], y[800:]) > 0.5
    True
    """

    _parameter_constraints = {
        **BaseAutoencoder._parameter_constraints,
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        latent_dim=32,
        hidden_layer_sizes=(256, 128),
        *,
        activation="relu",
        dropout=0.0,
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
        self.dropout = dropout

    def _layers(self):
        return {"dropout": float(self.dropout)}
