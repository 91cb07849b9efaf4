"""Estimators that know whether they are clones, for Ctrl-C."""


class CloneMark:
    """Whether Ctrl-C ends only the training of this estimator, or everything that is running."""

    # Whether this is a clone that was not fitted yet. Those who clone (searches, cross-validation, ensembles) fit many
    # estimators, nearly always each of them once, and Ctrl-C has to stop them all.
    _is_clone = False

    def __sklearn_clone__(self):
        """Mark the clone."""
        cloned = super().__sklearn_clone__()
        cloned._is_clone = True
        return cloned

    def _mark_as_own(self, inner):
        """Let Ctrl-C end the training of an inner network only, unless this estimator is a clone itself."""
        inner._is_clone = self._is_clone

    def _unmark(self):
        """Treat later fits as those of a user, who fits an estimator directly."""
        vars(self).pop("_is_clone", None)
