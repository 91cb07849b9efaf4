"""Copies of what users hand to the skorch net, and names of parameters that they know from skorch."""

from skfashion.neural_network._clones import CloneMark
from skfashion.training._build import with_copied_callbacks

# Where parameters of a part are, for those who know them by the names of skorch.
_NESTED = {
    "optimizer": "optimizer_params, a dict of the arguments of the optimizer",
    "net_params": "net_params, a dict such as {'callbacks': [...]}, as a whole",
    "lr_schedule": "lr_schedule, which has no arguments",
}


class NetParams(CloneMark):
    """Clones with callbacks of their own, and hints at where parameters of a part are."""

    def __sklearn_clone__(self):
        """Let clones have shallow copies of skorch's callbacks, which may hold locks and files."""
        bare = object.__new__(type(self))
        vars(bare).update(vars(self), net_params=None)
        cloned = super(NetParams, bare).__sklearn_clone__()
        given = self.net_params
        cloned.set_params(net_params=with_copied_callbacks(given) if isinstance(given, dict) else given)
        return cloned

    def set_params(self, **params):
        """Set parameters of the estimator; those of the optimizer and of the schedule have parameters of their own.

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
