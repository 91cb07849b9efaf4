"""What users hand to the skorch net, and names of parameters that they know from skorch."""

import copy

from skorch.callbacks import LRScheduler

from skfashion.neural_network._parameters import OWNED_BY_ESTIMATOR
from skfashion.neural_network._recipe import resolve_schedule

# Where parameters of a part are, for those who know them by the names of skorch.
_NESTED = {
    "optimizer": "optimizer_params, a dict of the arguments of the optimizer",
    "net_params": "net_params, a dict such as {'callbacks': [...]}, as a whole",
    "lr_schedule": "lr_schedule, which has no arguments",
}


class NetParams:
    """Checks `net_params`, copies callbacks, and tells where parameters of a part are."""

    def __sklearn_clone__(self):
        """Let clones have shallow copies of skorch's callbacks, which may hold locks and files."""
        if not self.net_params:
            return super().__sklearn_clone__()
        bare = object.__new__(type(self))
        vars(bare).update(vars(self), net_params=None)
        cloned = super(NetParams, bare).__sklearn_clone__()
        return cloned.set_params(net_params=_with_copied_callbacks(self.net_params))

    def set_params(self, **params):
        """Set parameters; those of an optimizer or a schedule go by parameters of their own.

        Parameters
        ----------
        **params : dict
            Parameters, by their names.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        known = self.get_params(deep=False)
        for name in params:
            owner = name.split("__")[0]
            if "__" in name and owner in known and not hasattr(known[owner], "set_params"):
                hint = _NESTED.get(owner, f"{owner} as a whole")
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}: set {hint}.")
        return super().set_params(**params)

    def _checked_net_params(self):
        params = self.net_params or {}
        for name in params:
            owner = OWNED_BY_ESTIMATOR.get(str(name).split("__")[0])
            if owner is not None:
                raise ValueError(f"net_params holds {name!r}, which is set by {owner} of {type(self).__name__}.")
        callbacks = params.get("callbacks") or []
        if not isinstance(callbacks, (list, tuple)):
            raise ValueError(
                f"The callbacks in net_params must be a list of skorch callbacks. Got {callbacks!r} instead."
            )
        schedule = resolve_schedule(self.lr_schedule, self.early_stopping)
        named = [callback[1] if isinstance(callback, tuple) else callback for callback in callbacks]
        if schedule is not None and any(isinstance(callback, LRScheduler) for callback in named):
            raise ValueError(
                f"net_params holds skorch's LRScheduler, which sets the learning rate, and so does lr_schedule="
                f"{self.lr_schedule!r}: set lr_schedule=None."
            )
        # skorch initialises callbacks in place; the parameter must stay as it was given.
        return _with_copied_callbacks({**params, "callbacks": callbacks})


def _with_copied_callbacks(params):
    callbacks = params.get("callbacks")
    if not isinstance(callbacks, (list, tuple)):
        return dict(params)
    copies = [(c[0], copy.copy(c[1])) if isinstance(c, tuple) else copy.copy(c) for c in callbacks]
    return {**params, "callbacks": copies}
