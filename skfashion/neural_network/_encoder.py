"""A classifier on top of an autoencoder's encoder."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from skfashion._images import declared_layout, draw_seed
from skfashion._private_sklearn import Interval, StrOptions
from skfashion._private_sklearn_search import BaseSearchCV
from skfashion.modules._layers import ACTIVATIONS, INITS
from skfashion.modules._transfer import TransferModule
from skfashion.neural_network._classifier import BaseNetClassifier
from skfashion.neural_network._conv_autoencoder import ConvAutoencoder
from skfashion.neural_network._parameters import checked_sizes
from skfashion.neural_network._transformer import BaseAutoencoder


class EncoderClassifier(BaseNetClassifier):
    """A classifier on top of the encoder of an autoencoder: what many images teach, few labels can use.

    Parameters
    ----------
    encoder : autoencoder, search, FrozenEstimator or None, default=None
        An :class:`Autoencoder`, :class:`ConvAutoencoder` or :class:`VariationalAutoencoder`, or a fitted search of one,
        which stands for its best estimator. An unfitted one is cloned
        and fitted first on the images of ``fit`` (those that weigh something, all alike, also those that early stopping
        holds out) or of the first ``partial_fit``; a fitted one is used as it is, and never changed. None stands for
        ``ConvAutoencoder(latent_dim=16)``.

        :func:`~sklearn.base.clone`, and so every search and cross-validation, makes an unfitted estimator of a fitted
        one. To keep what it has learnt, wrap it: ``EncoderClassifier(FrozenEstimator(autoencoder))``.

    hidden_layer_sizes : int or sequence of int, default=(64,)
        Units of each hidden layer between the code and the classes; ``()`` for a linear model of the code.

    freeze : bool, default=True
        Whether the encoder stays as it is. If not, it is trained along, in a copy.

    encoder_learning_rate : float or None, default=None
        The learning rate of the encoder if it is not frozen; it follows the same `lr_schedule`. None is the
        `learning_rate` of all.

    activation : str, default="relu"
        After every hidden layer; one of the names of :class:`MLPClassifier`.

    dropout : float in [0, 1), default=0.0
        The share of units that is dropped in training, after every hidden layer.

    batch_norm : bool, default=False
        Whether to normalise each hidden layer before its activation. Codes are normalised in any case.

    init : {"pytorch", "normal", "xavier_normal", "xavier_uniform", "he_normal", "he_uniform"}, default="pytorch"
        How the weights of the hidden layers are drawn, as in :class:`MLPClassifier`.

    {shared_parameters}

    {classifier_parameters}

    Attributes
    ----------
    encoder_ : autoencoder
        The fitted autoencoder whose encoder was taken, as it was before any fine-tuning.
    {classifier_attributes}

    See Also
    --------
    ConvAutoencoder : An encoder to start from.
    CNNClassifier : A convolutional network that learns from labels alone.
    sklearn.frozen.FrozenEstimator : Keeps a fitted estimator fitted.

    References
    ----------
    D. Erhan et al., `Why Does Unsupervised Pre-training Help Deep Learning?
    <https://jmlr.org/papers/v11/erhan10a.html>`_, 2010.

    Examples
    --------
    Many images, few labels:

    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import ConvAutoencoder, EncoderClassifier
    >>> X, y = make_garments(1200, random_state=0, return_X_y=True)
    >>> autoencoder = ConvAutoencoder(latent_dim=16, batch_size=32, random_state=0).fit(X[:1000])
    >>> model = EncoderClassifier(FrozenEstimator(autoencoder), batch_size=16, random_state=0)
    >>> search = GridSearchCV(model, {"freeze": [True, False]}, cv=2).fit(X[:200], y[:200])
    >>> search.score(X[1000:], y[1000:]) > 0.5
    True
    """

    _parameter_constraints = {
        **BaseNetClassifier._parameter_constraints,
        "encoder": [BaseAutoencoder, FrozenEstimator, BaseSearchCV, None],
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "freeze": ["boolean"],
        "encoder_learning_rate": [Interval(Real, 0, None, closed="neither"), None],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "batch_norm": ["boolean"],
        "init": [StrOptions(set(INITS))],
    }

    def __init__(
        self,
        encoder=None,
        hidden_layer_sizes=(64,),
        *,
        freeze=True,
        encoder_learning_rate=None,
        activation="relu",
        dropout=0.0,
        batch_norm=False,
        init="pytorch",
        optimizer="adam",
        learning_rate=0.003,
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
        label_smoothing=0.0,
        class_weight=None,
    ):
        super().__init__(
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
            label_smoothing=label_smoothing,
            class_weight=class_weight,
        )
        self.encoder = encoder
        self.hidden_layer_sizes = hidden_layer_sizes
        self.freeze = freeze
        self.encoder_learning_rate = encoder_learning_rate
        self.activation = activation
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.init = init

    @property
    def _gains_from_bfloat16(self):
        return self.encoder_._gains_from_bfloat16

    def _given_encoder(self):
        """The autoencoder in the parameter `encoder`."""
        if self.encoder is None:
            return ConvAutoencoder(latent_dim=16)
        encoder = self.encoder
        frozen = isinstance(encoder, FrozenEstimator)
        while isinstance(encoder, (FrozenEstimator, BaseSearchCV)):
            inner = "estimator" if isinstance(encoder, FrozenEstimator) else "best_estimator_"
            if not hasattr(encoder, inner):
                raise ValueError(
                    f"The 'encoder' parameter of EncoderClassifier holds a {type(encoder).__name__} that is not "
                    "fitted. Clones forget what a search has found: wrap the fitted search in a FrozenEstimator."
                )
            encoder = getattr(encoder, inner)
        if not isinstance(encoder, BaseAutoencoder):
            raise ValueError(
                "The 'encoder' parameter of EncoderClassifier must be an autoencoder of skfashion.neural_network, a "
                f"fitted search of one, or hold either in a FrozenEstimator. Got {self.encoder!r} instead."
            )
        if frozen:
            check_is_fitted(encoder)
        return encoder

    def _declared_layout(self):
        encoder = self._given_encoder()
        return encoder._layout if hasattr(encoder, "net_") else declared_layout(encoder.image_shape)

    def _check_images(self, X, y="no_validation", *, reset, **checks):
        if reset and hasattr(self._given_encoder(), "net_"):
            self._given_encoder()._check_images(X, reset=False)
        return super()._check_images(X, y, reset=reset, **checks)

    def _learn(self, X, rows, y, weight, n_outputs, *, resume, **how):
        given = {name: value for name, value in self.get_params().items() if name.split("__")[0] == "encoder"}
        if not resume:
            self._encoder_as_given, self.encoder_ = given, self._fitted_encoder(X, rows)
        elif given != self._encoder_as_given:
            raise ValueError(
                "EncoderClassifier cannot go on training: its parameter 'encoder' is another one than it was fitted "
                "with. Fit with warm_start=False."
            )
        super()._learn(X, rows, y, weight, n_outputs, resume=resume, **how)

    def _fitted_encoder(self, X, rows):
        encoder = self._given_encoder()
        if hasattr(encoder, "net_"):
            return _shared(encoder)
        encoder = clone(encoder).set_params(image_shape=self._layout.row_shape)
        if encoder.random_state is None and self.random_state is not None:
            encoder.set_params(random_state=draw_seed(self.random_state))
        encoder.fit(X, sample_weight=None if len(rows) == len(X) else np.isin(np.arange(len(X)), rows).astype(float))
        if encoder.interrupted_:
            raise KeyboardInterrupt  # there is no classifier yet that could be used
        if hasattr(self, "feature_names_in_"):
            encoder.feature_names_in_ = self.feature_names_in_
        return encoder

    def _module(self, n_outputs):
        sizes = checked_sizes(self, "hidden_layer_sizes")
        return TransferModule, {
            "encoder": self.encoder_.module_.without_decoder(),
            "code_mean": self.encoder_.code_mean_,
            "code_variance": np.diag(self.encoder_.code_covariance_).copy(),
            "freeze": bool(self.freeze),
            "n_outputs": n_outputs,
            "hidden_layer_sizes": sizes,
            "activation": (self.activation,) * len(sizes),
            "dropout": (float(self.dropout),) * len(sizes),
            "batch_norm": self.batch_norm,
            "init": self.init,
        }

    def __getstate__(self):
        """Hold a frozen encoder once: as the parameter, if it is still what was fitted."""
        state = super().__getstate__()
        if "encoder_" in state and self._is_encoder_as_given():
            state = {**state, "encoder_": None}
        return state

    def __setstate__(self, state):
        if "encoder_" in state and state["encoder_"] is None:
            state = {**state, "encoder_": _shared(state["_fitted_params"]["encoder"].estimator)}
        super().__setstate__(state)

    def _is_encoder_as_given(self):
        given = getattr(self._fitted_params["encoder"], "estimator", None)
        if not isinstance(given, BaseAutoencoder):
            return False
        return all(vars(given).get(name) is value for name, value in vars(self.encoder_).items())

    def _parameter_groups(self):
        if self.encoder_learning_rate is None:
            return []
        return [("encoder.*", {"lr": self.encoder_learning_rate})]


def _shared(encoder):
    """A fitted encoder of the same attributes: what the user does with the given one later is of no concern here."""
    shared = object.__new__(type(encoder))
    vars(shared).update(vars(encoder))
    return shared
