"""The net of classifiers."""

import numpy as np
from sklearn.base import ClassifierMixin

from skfashion.neural_network._net import Net


class ClassifierNet(ClassifierMixin, Net):
    """A net whose outputs are scores of classes; it predicts their places in `classes_`."""

    @property
    def classes_(self):
        return np.arange(self.module__n_outputs)

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)
