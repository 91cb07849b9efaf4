"""The base of supervised networks."""

from abc import abstractmethod

import torch
from sklearn.utils.validation import check_is_fitted

from skfashion.neural_network._base import BaseNet


class ImageEmbedding:
    """Adds ``embed`` to an estimator whose method ``_per_image`` collects the outputs of its network."""

    def embed(self, X):
        """Return the embedding of each image: the input of the last layer of the network.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_units), dtype float32, or float64 if X is float64
            The embeddings; they are the same in every call.

        Raises
        ------
        AttributeError
            If the network is a user-defined module without a method ``embed(images)``.
        """
        check_is_fitted(self)
        return self._per_image(X, embedded)


class SupervisedNet(ImageEmbedding, BaseNet):
    """A network with targets: those of validation images are checked and encoded as those of training images are."""

    @abstractmethod
    def _checked(self, X, y, *, reset):
        """Validate images and targets, by those of the fit unless `reset`; return X as rows of its dtype, and y."""

    def _validation(self, X, y, sample_weight):
        if X is None and y is None and sample_weight is None:
            return None
        if X is None or y is None:
            raise ValueError("X_val and y_val must be given together, sample_weight_val only with both.")
        X, y = self._checked(X, y, reset=False)
        rows, weight = self._weighted_rows(X, sample_weight)
        X = self._on_the_scale(X, rows, reset=False)
        return self._validation_set(X, **self._task.encode_validation(y, rows, weight))

    def _describe(self, net, images, *, add):
        return {}


def embedded(module, images):
    """The embeddings of a batch of images, which a module of one's own may give in any way."""
    name = type(module).__name__
    if not hasattr(module, "embed"):
        raise AttributeError(f"{name} has no method embed(images): give it one that returns a row for each image.")
    rows = module.embed(images)
    if not isinstance(rows, torch.Tensor) or rows.ndim != 2 or len(rows) != len(images):
        got = tuple(rows.shape) if isinstance(rows, torch.Tensor) else type(rows).__name__
        raise ValueError(f"embed of {name} must return a tensor of shape ({len(images)}, n_units). Got {got} instead.")
    return rows.float()
