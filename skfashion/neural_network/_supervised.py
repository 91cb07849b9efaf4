"""The base of networks that learn what images stand for."""

from abc import abstractmethod

from skfashion.neural_network._base import BaseNet


class SupervisedNet(BaseNet):
    """A network with targets: those of validation images are checked and encoded as those of training images are."""

    @abstractmethod
    def _checked(self, X, y, *, reset):
        """Validate images and targets, by those of the fit unless `reset`; return X as rows, and y."""

    def _validation(self, X, y, sample_weight):
        if X is None and y is None and sample_weight is None:
            return None
        if X is None or y is None:
            raise ValueError("X_val and y_val must be given together, sample_weight_val only with both.")
        X, y = self._checked(X, y, reset=False)
        rows, weight = self._weighed_rows(X, sample_weight)
        return self._image_set(X, **self._task.encode_validation(y, rows, weight))

    def _describe(self, net, images, *, add):
        return {}
