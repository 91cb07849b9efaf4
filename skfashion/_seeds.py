"""Seeds and generators from a `random_state`."""

import numpy as np
from sklearn.utils import check_random_state


def draw_seed(random_state):
    """An int from a `random_state`; None gives a new one without touching numpy's global generator."""
    if random_state is None:
        return int(np.random.default_rng().integers(2**31))
    return int(check_random_state(random_state).randint(2**31 - 1))


def draw_generator(random_state):
    """A numpy generator from a `random_state`."""
    return np.random.default_rng(draw_seed(random_state))
