"""A training that ends when its time is over."""

import time


class Deadline:
    """Ask a training to stop after the epoch in which its time is over.

    Parameters
    ----------
    max_seconds : float
        The time, from the beginning of the first epoch.
    """

    def __init__(self, max_seconds):
        self.max_seconds = max_seconds
        self.start = None

    def begin_epoch(self):
        if self.start is None:
            self.start = time.perf_counter()

    def end_epoch(self, net):
        """Return whether to stop."""
        return time.perf_counter() - self.start >= self.max_seconds
