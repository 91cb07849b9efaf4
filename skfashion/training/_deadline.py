"""A training that ends when its time is over."""

import time


class Deadline:
    """Ask a training to stop after the epoch in which its time is over.

    Parameters
    ----------
    max_seconds : float
        The time of all its epochs; what passes between them, while it waits for others, does not count.
    """

    def __init__(self, max_seconds):
        self.max_seconds = max_seconds
        self.seconds = 0.0
        self.start = None

    def begin_epoch(self):
        self.start = time.perf_counter()

    def end_epoch(self, net):
        """Return whether to stop."""
        self.seconds += time.perf_counter() - self.start
        return self.seconds >= self.max_seconds
