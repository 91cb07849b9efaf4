"""The estimator at the end of a Pipeline."""

import copy

# The parameters of a network that decide on the course of its training: after equally many epochs, trainings that
# differ in one of them are not comparable.
COURSE = ("max_epochs", "lr_schedule", "early_stopping")


def last_step(estimator):
    """The estimator itself, or the one in which a Pipeline ends."""
    return last_step(estimator.steps[-1][1]) if hasattr(estimator, "steps") else estimator


def with_last_step(estimator, last):
    """The Pipeline with another last step; its other steps are the same objects, as fitted as they are."""
    if not hasattr(estimator, "steps"):
        return last
    whole = copy.copy(estimator)
    name, step = whole.steps[-1]
    whole.steps = [*whole.steps[:-1], (name, with_last_step(step, last))]
    return whole


def path_to_last_step(estimator):
    """The names of the steps that lead to it, from the outermost Pipeline on."""
    if not hasattr(estimator, "steps"):
        return []
    name, step = estimator.steps[-1]
    return [name, *path_to_last_step(step)]
