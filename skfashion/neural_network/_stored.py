"""Fitted estimators as arrays and plain values, for pickles, copies and hashes."""

import numpy as np

from skfashion._device import resolve_device
from skfashion._state import neutral_state
from skfashion.training._snapshot import check_snapshot, restore, restore_optimizer, snapshot_of


def with_own_containers(value):
    """A copy of a value that nobody changes by changing a list, tuple, dict, set or array in it."""
    if isinstance(value, dict):
        return {name: with_own_containers(each) for name, each in value.items()}
    if type(value) in (list, tuple, set):
        return type(value)(map(with_own_containers, value))
    return value.copy() if isinstance(value, np.ndarray) else value


class StoredAsArrays:
    """Lets an estimator be pickled, copied and hashed without its net, which is built again from its parameters.

    So a pickle holds no code of torch or skorch, and is about as large as the weights. Networks that are defined in a
    notebook travel to workers as any function does; equal models have equal hashes; and what tools such as skops have
    to trust are classes of this library.
    """

    def __dask_tokenize__(self):
        """What distinguishes models for Dask, which otherwise hashes only the parameters of a dataclass."""
        return type(self).__qualname__, self.__getstate__()

    def __getstate__(self):
        """Hold the net as its weights and plain values: it is built again from the parameters that it was fitted by."""
        state = super().__getstate__()
        if "net_" in state:
            user_callbacks = self.net_.callbacks_ if self._fitted_params["net_params"] is not None else None
            packed = {"snapshot": snapshot_of(self.net_), "device": str(self.net_.device), "callbacks": user_callbacks}
            state = {**state, "net_": packed}
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if isinstance(vars(self).get("net_"), dict):
            packed = self.net_
            self.net_ = self._rebuilt_net(packed["snapshot"], packed["device"])
            if packed["callbacks"] is not None:
                self.net_.callbacks_ = packed["callbacks"]

    def _rebuilt_net(self, snapshot, device):
        """A net of the parameters of the last fit, whatever they are now, on its device or the processor."""
        as_fitted = object.__new__(type(self))
        vars(as_fitted).update(vars(self))
        try:
            device = str(resolve_device(device))
        except ValueError:
            device = "cpu"
        vars(as_fitted).update(self._fitted_params, device=device, verbose=0)
        with neutral_state():
            return self._restored_net(as_fitted, snapshot)

    def _restored_net(self, as_fitted, snapshot):
        check_snapshot(as_fitted._network(), as_fitted._task.outputs, snapshot)
        net = as_fitted._new_net(snapshot["seed"])
        restore(net, snapshot)
        net.verbose = self._fitted_params["verbose"]
        if snapshot["optimizer"] is not None:
            restore_optimizer(net.optimizer_, snapshot["optimizer"])
        net._set_training(False)
        return net
