"""The multi-layer perceptron as a classifier."""

from numbers import Integral, Real

from skfashion._private_sklearn import Interval, StrOptions
from skfashion.modules import MLP
from skfashion.modules._layers import ACTIVATIONS, INITS
from skfashion.neural_network._classifier import BaseNetClassifier
from skfashion.neural_network._parameters import checked_sizes


class MLPClassifier(BaseNetClassifier):
    """A multi-layer perceptron.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(128, 64)
        Units of each hidden layer; ``()`` makes a linear model.

    activation : str or sequence of str, default="relu"
        The activation of every hidden layer, or one for each: ``"elu"``, ``"gelu"``, ``"identity"``, ``"leaky_relu"``,
        ``"logistic"`` or ``"sigmoid"`` (the same), ``"relu"``, ``"silu"``, ``"softplus"``, ``"tanh"``.

    dropout : float in [0, 1) or sequence of float, default=0.0
        The share of units that is dropped in training, after every hidden layer or one for each.

    batch_norm : bool, default=False
        Whether to normalise each hidden layer before its activation.

    init : {"pytorch", "normal", "xavier_normal", "xavier_uniform", "he_normal", "he_uniform"}, default="pytorch"
        How weights are drawn: as torch does, from a normal distribution of standard deviation 0.1, or by Glorot's or
        He's rule. The first draws biases between -0.05 and 0.05, the others set them to zero. Under one `random_state`
        what is drawn depends on nothing but the shape of a layer, so that networks of other sizes start alike where
        their shapes agree.

    {shared_parameters}

    {classifier_parameters}

    Attributes
    ----------
    {classifier_attributes}

    See Also
    --------
    CNNClassifier : A convolutional network.
    ResNetClassifier : A residual network, for the best accuracy without choosing.
    sklearn.neural_network.MLPClassifier : Scikit-learn's own.

    References
    ----------
    D. Kingma and J. Ba, `Adam: A Method for Stochastic Optimization <https://arxiv.org/abs/1412.6980>`_, 2014.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import MLPClassifier
    >>> X, y = make_garments(1000, random_state=0, return_X_y=True)
    >>> mlp = MLPClassifier(hidden_layer_sizes=(64,), batch_size=32, random_state=0).fit(X[:800], y[:800])
    >>> mlp.score(X[800:], y[800:]) > 0.6
    True
    """

    _parameter_constraints = {
        **BaseNetClassifier._parameter_constraints,
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS)), tuple, list],
        "dropout": [Interval(Real, 0, 1, closed="left"), tuple, list],
        "batch_norm": ["boolean"],
        "init": [StrOptions(set(INITS))],
    }

    def __init__(
        self,
        hidden_layer_sizes=(128, 64),
        *,
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
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.batch_norm = batch_norm
        self.init = init

    def _module(self, n_outputs):
        sizes = checked_sizes(self, "hidden_layer_sizes")
        return MLP, {
            "n_features": self.n_features_in_,
            "n_outputs": n_outputs,
            "hidden_layer_sizes": sizes,
            "activation": self._for_each_layer("activation", StrOptions(set(ACTIVATIONS)), len(sizes)),
            "dropout": self._for_each_layer("dropout", Interval(Real, 0, 1, closed="left"), len(sizes)),
            "batch_norm": self.batch_norm,
            "init": self.init,
        }

    def _for_each_layer(self, name, constraint, n_layers):
        """Spread one value over all hidden layers, or check that there is one for each."""
        value = getattr(self, name)
        values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * n_layers
        if len(values) != n_layers or not all(constraint.is_satisfied_by(value) for value in values):
            raise ValueError(
                f"The {name!r} parameter of {type(self).__name__} must be {constraint}, or hold one such value for "
                f"each of the {n_layers} hidden layers. Got {value!r} instead."
            )
        return values
