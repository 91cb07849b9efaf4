"""Labels of the images that a conditional autoencoder is trained on."""

import numpy as np

from skfashion._labels import class_indices, distinct_classes


def set_classes(task, y, weight, caller, *, before, one_pass, classes):
    """Set the classes of a task, and how many images each has; return the index of the class of each image.

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
    before : ReconstructionTask or None
        The task of the fit before, if training continues: the classes stay the same, since the decoder has one input
        for each.
    one_pass : bool
        Whether the images count in addition to those before; then a class may be without images.
    classes : array-like of shape (n_classes,) or None
        All classes, if they are known; None takes those in y.
    """
    known = None if before is None else before.classes
    given = None if classes is None else distinct_classes(classes)
    if known is not None and given is not None and not np.array_equal(known, given):
        raise ValueError(f"classes of {caller} were {known.tolist()}, and cannot become {given.tolist()}.")
    task.classes = next(each for each in (known, given, np.unique(y)) if each is not None)
    indices = class_indices(y, task.classes, len(y), caller)
    task.class_count = np.bincount(indices, weight, len(task.classes)).astype(np.float64)
    if known is not None and one_pass:
        task.class_count += before.class_count
    missing = task.classes[task.class_count == 0].tolist()
    if missing and not one_pass:
        raise ValueError(
            f"{caller} would go on from a fit on {task.classes.tolist()}, but y holds none of {missing}: fit with "
            "warm_start=False, or go on by partial_fit."
        )
    return indices
