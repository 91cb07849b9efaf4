"""Early stopping with the best weights in memory."""

import math


class EarlyStopping:
    """Stop when the validation score has not improved by `tol` for `patience` epochs; keep the best weights in memory.

    It counts improvements as scikit-learn's perceptron does, unlike skorch's class of this name: an epoch has improved
    if it is better than the best one by more than `tol`, and it is the best one also if it is better by less.

    Parameters
    ----------
    monitor : str
        The entry of the history that is watched.
    sign : {1, -1}
        1 if greater is better.
    tol : float
        What counts as an improvement.
    patience : int
        Epochs in a row without improvement after which to stop.
    n_warm_up_epochs : float, default=0
        Epochs at the beginning in which nothing is waited for, as the learning rate still rises.

    Attributes
    ----------
    best_epoch : int or None
        The epoch with the best score.
    """

    def __init__(self, monitor, sign, tol, patience, n_warm_up_epochs=0):
        self.monitor = monitor
        self.sign = sign
        self.tol = tol
        self.patience = patience
        self.n_warm_up_epochs = n_warm_up_epochs
        self.n_epochs = 0
        self.n_waiting = 0
        self.n_reductions = 0
        self.best_score = -math.inf
        self.best_epoch = None
        self.best_state = None

    def begin_epoch(self):
        """Do nothing: only the end of an epoch matters."""

    def end_epoch(self, net):
        """Take in the last epoch of a net's history; return whether to stop."""
        row = net.history[-1]
        score = self.sign * row[self.monitor]
        self.n_epochs += 1
        waiting = self.n_epochs > self.n_warm_up_epochs and score <= self.best_score + self.tol
        self.n_waiting = self.n_waiting + 1 if waiting else 0
        if waiting and self.n_waiting % self._epochs_before_a_reduction == 0:
            self.n_reductions += 1
        if score > self.best_score:
            self.best_score = score
            self.best_epoch = row["epoch"]
            self.best_state = {name: value.detach().clone() for name, value in net.module_.state_dict().items()}
        return self.n_waiting >= self.patience

    def restore(self, module):
        """Give `module` the best weights that were seen."""
        if self.best_state is not None:
            module.load_state_dict(self.best_state)

    @property
    def _epochs_before_a_reduction(self):
        """Two thirds of the patience, so that the lower rate has the rest to show what it is worth."""
        return math.ceil(2 * self.patience / 3)

    @property
    def adaptive_factor(self):
        """The factor on the learning rate under the schedule ``"adaptive"``: a fifth for each reduction."""
        return 0.2**self.n_reductions
