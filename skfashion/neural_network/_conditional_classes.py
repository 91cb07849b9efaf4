"""Labels of the images that a conditional autoencoder is trained on."""

import numpy as np

from skfashion._labels import places_of


def set_classes(task, y, weight, caller, *, before=None, add=False):
    """Set the classes of a task to those in y; return the index of the class of each image.

    Parameters
    ----------
    task : ReconstructionTask
        The task of the fit.
    y : ndarray of shape (n,)
        The labels.
    weight : ndarray of shape (n,) or None
        The weights of the images; None if all are 1.
    caller : str
        The estimator that error messages name.
    before : ReconstructionTask, default=None
        The task of the fit before, if training continues: the classes stay the same, since the decoder has one input
        for each.
    add : bool, default=False
        Whether the images count in addition to those before.
    """
    goes_on = before is not None and before.classes is not None
    task.classes = before.classes if goes_on else np.unique(y)
    places = places_of(y, task.classes, len(y), caller)
    task.class_count = np.bincount(places, weight, len(task.classes)).astype(np.float64)
    if goes_on and add:
        task.class_count += before.class_count
    missing = task.classes[task.class_count == 0].tolist()
    if missing:
        raise ValueError(
            f"{caller} would go on from a fit on {task.classes.tolist()}, but y holds none of {missing}: fit with "
            "warm_start=False, or go on by partial_fit."
        )
    return places
