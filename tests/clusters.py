"""What runs on the workers of a cluster, which import it from here, and where tests look at what happens there."""

import os
import signal
from pathlib import Path

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone

from skfashion.neural_network import MLPClassifier

MLP = MLPClassifier((16,), max_epochs=3, batch_size=64, lr_schedule=None, random_state=0)
GRID = {"learning_rate": [0.001, 0.003, 0.01]}


class Counted(np.ndarray):
    """An array that counts in `n_sent` how often it has been made ready to be sent to another process."""

    n_sent = 0

    def __reduce_ex__(self, protocol):
        type(self).n_sent += 1
        return np.asarray(self).__reduce_ex__(protocol)


class OutOfOrder(LookupError):
    """An error of a project's own."""


class Unportable(Exception):
    """An error that cannot be made from its arguments, which the process that gets it would try."""

    def __init__(self, what, where):
        super().__init__(f"{what} {where}")


class Broken(ClassifierMixin, BaseEstimator):
    """Fails in fit."""

    def __init__(self, error=OutOfOrder, arguments=("no lamp",)):
        self.error = error
        self.arguments = arguments

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        raise self.error(*self.arguments)

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


class Mortal(ClassifierMixin, BaseEstimator):
    """The model with a learning rate, which kills its process the first time that it is fitted with a `deadly` one.

    In the folder `graves` there is a file for each time that this has happened.
    """

    def __init__(self, learning_rate=0.001, graves=None, deadly=(0.003,)):
        self.learning_rate = learning_rate
        self.graves = graves
        self.deadly = deadly

    def fit(self, X, y):
        grave = Path(self.graves, str(self.learning_rate))
        if self.learning_rate in self.deadly and not grave.exists():
            grave.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        self.model_ = clone(MLP).set_params(learning_rate=self.learning_rate).fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X)


def about_the_process(estimator, X, y):
    """A scorer that tells where it runs."""
    return {"accuracy": estimator.score(X, y), "pid": os.getpid(), "threads": torch.get_num_threads()}


def scores_of(search, name="score"):
    """The scores of all folds, a row for each candidate."""
    return np.stack([search.cv_results_[f"split{fold}_test_{name}"] for fold in range(search.n_splits_)], axis=1)
