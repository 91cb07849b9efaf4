"""What a trained classifier says of images: probabilities, and labels."""

from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted


class ClassPredictions(ClassifierMixin):
    """Predictions of a network whose outputs are scores of classes.

    A subclass has a `_task`, which interprets the scores, and a method ``_per_image``, which collects them.
    """

    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), dtype float32, or float64 if X is float64
            In the order of `classes_`.
        """
        check_is_fitted(self)
        return self._task.normalized(self._predicted(X, self._task.probabilities))

    def predict_log_proba(self, X):
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), dtype float32, or float64 if X is float64
            In the order of `classes_`; finite where the probability underflows or is 0.
        """
        check_is_fitted(self)
        return self._predicted(X, self._task.log_probabilities)

    def predict(self, X):
        """Return the most probable class or, after a fit on an indicator matrix, all classes more probable than not.

        Parameters
        ----------
        X : array-like, as in :meth:`fit`
            The images.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Labels, in the dtype of the y that was fitted; an indicator matrix is int64.
        """
        check_is_fitted(self)
        return self._task.labels(self._predicted(X, self._task.best))

    def _predicted(self, X, interpret):
        return self._per_image(X, lambda module, images: interpret(module(images)))
