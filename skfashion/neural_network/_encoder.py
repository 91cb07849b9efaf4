"""A classifier on top of an autoencoder's encoder."""

from collections.abc import Iterable
from contextlib import nullcontext
from functools import partial

import numpy as np
from sklearn.frozen import FrozenEstimator

from skfashion._private_sklearn_search import BaseSearchCV
from skfashion.modules._transfer import TransferModule
from skfashion.neural_network._base_autoencoder import BaseAutoencoder
from skfashion.neural_network._classifier import BaseNetClassifier
from skfashion.neural_network._conv_autoencoder import ConvAutoencoder
from skfashion.neural_network._declaring import checked_sizes, estimator, number, parameter
from skfashion.neural_network._given_autoencoder import fitted_autoencoder, given_autoencoder, known_images, shared
from skfashion.neural_network._types import Activation, Init
from skfashion.training._build import Network


@estimator
class EncoderClassifier(BaseNetClassifier):
    """A classifier on top of the encoder of an autoencoder: pre-trained without labels, for few labels.

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
    >>> autoencoder = ConvAutoencoder(16, batch_size=32, max_epochs=8, random_state=0).fit(X[:1000])
    >>> model = EncoderClassifier(FrozenEstimator(autoencoder), batch_size=16, random_state=0)
    >>> search = GridSearchCV(model, {"freeze": [True, False]}, cv=2).fit(X[:200], y[:200])
    >>> search.score(X[1000:], y[1000:]) > 0.5
    True
    """

    encoder: BaseAutoencoder | FrozenEstimator | BaseSearchCV | None = parameter(
        None,
        """
        An :class:`Autoencoder`, :class:`ConvAutoencoder`, :class:`VariationalAutoencoder`, or a fitted search over one,
        which stands for its best estimator. An unfitted one is cloned and fitted first on the images of ``fit`` (those
        of positive weight, all weighted equally, including those held out for early stopping), or on those of the first
        ``partial_fit``; a fitted one is used as it is, and never changed. None stands for
        ``ConvAutoencoder(latent_dim=16)``.

        :func:`~sklearn.base.clone`, and so every search and cross-validation, turns a fitted estimator into an unfitted
        one. To keep what it has learnt, wrap it: ``EncoderClassifier(FrozenEstimator(autoencoder))``.""",
        positional=True,
    )
    hidden_layer_sizes: int | Iterable = parameter(
        (64,),
        "Units of each hidden layer between the code and the classes; ``()`` for a linear model of the code.",
        number(int, 1),
        positional=True,
    )
    freeze: bool = parameter(True, "Whether the encoder is frozen. If not, a copy of it is fine-tuned, too.")
    encoder_learning_rate: float | None = parameter(
        None,
        """
        The learning rate of the encoder; it follows the same `lr_schedule`. None stands for `learning_rate`. It has no
        effect on a frozen encoder.""",
        number(float, 0, closed="neither"),
    )
    activation: Activation = parameter("relu", "Activation of each hidden layer; named as in :class:`MLPClassifier`.")
    dropout: float = parameter(
        0.0, "Dropout rate, the share of units zeroed in training, after every hidden layer.", number(float, 0, 1)
    )
    batch_norm: bool = parameter(
        False, "Whether to use batch normalisation in hidden layers, before activations. Codes are always normalised."
    )
    init: Init = parameter("pytorch", "How the weights of the hidden layers are drawn, as in :class:`MLPClassifier`.")

    _fitted_attributes = {
        "encoder_ : autoencoder": "The fitted autoencoder whose encoder was taken, as it was before any fine-tuning."
    }

    @property
    def _images_of_inner(self):
        return known_images(self._given_encoder())

    def _given_encoder(self):
        """The autoencoder in the parameter `encoder`."""
        return ConvAutoencoder(latent_dim=16) if self.encoder is None else given_autoencoder(self, "encoder")

    _n_inner_fits = 1

    def _prepare(self, given, X, rows, *, resume, tasks):
        """Fit the encoder, or take the fitted one."""
        parameters = {name: value for name, value in self.get_params().items() if name.split("__")[0] == "encoder"}
        if not resume:
            self._encoder_as_given, self.encoder_ = parameters, self._fitted_encoder(given, X, rows, tasks)
        elif parameters != self._encoder_as_given:
            raise ValueError(
                "EncoderClassifier cannot go on training: its parameter 'encoder' is another one than it was fitted "
                "with. Fit with warm_start=False."
            )

    def _fitted_encoder(self, given, X, rows, tasks):
        weight = None if len(rows) == len(X) else np.isin(np.arange(len(X)), rows).astype(float)
        fitting = nullcontext if tasks is None else partial(tasks.fit_before, task_name="fit-encoder")
        return fitted_autoencoder(self, self._given_encoder(), given, X, weight, fitting)

    def _network(self):
        sizes = checked_sizes(self, "hidden_layer_sizes")
        rate = self.encoder_learning_rate
        return Network(
            module=TransferModule,
            arguments={
                "encoder": self.encoder_.module_.without_decoder(),
                "code_mean": self.encoder_.code_mean_,
                "code_variance": np.diag(self.encoder_.code_covariance_).copy(),
                "freeze": bool(self.freeze),
                "n_outputs": len(self.classes_),
                "hidden_layer_sizes": sizes,
                "activation": (self.activation,) * len(sizes),
                "dropout": (float(self.dropout),) * len(sizes),
                "batch_norm": self.batch_norm,
                "init": self.init,
            },
            gains_from_bfloat16=self.encoder_._network().gains_from_bfloat16,
            groups=() if rate is None else (("encoder.*", {"lr": rate}),),
        )

    def __getstate__(self):
        """Hold a frozen encoder once: as the parameter, if it is still what was fitted."""
        state = super().__getstate__()
        if "encoder_" in state and self._is_encoder_as_given():
            state = {**state, "encoder_": None}
        return state

    def __setstate__(self, state):
        if "encoder_" in state and state["encoder_"] is None:
            state = {**state, "encoder_": shared(state["_fitted_params"]["encoder"].estimator)}
        super().__setstate__(state)

    def _is_encoder_as_given(self):
        given = getattr(self._fitted_params["encoder"], "estimator", None)
        if not isinstance(given, BaseAutoencoder):
            return False
        return all(vars(given).get(name) is value for name, value in vars(self.encoder_).items())
