"""Codes to draw images from: of one normal distribution, or of one for each class."""

import numpy as np

from skfashion._labels import class_indices


def drawn_codes(autoencoder, n_samples, y, generator):
    """Draw codes, float32, and give the indices of their classes, or None in a model without classes.

    Parameters
    ----------
    autoencoder : BaseAutoencoder
        The fitted autoencoder.
    n_samples : int
        How many.
    y : array-like, a single label, or None
        The requested classes; None draws them too.
    generator : numpy.random.Generator
        What is drawn from; the noise in the codes does not depend on y.
    """
    task, caller = autoencoder._task, f"{type(autoencoder).__name__}.sample"
    if task.classes is None:
        class_indices(y, None, n_samples, caller)
        normal = autoencoder.code_mean_, autoencoder.code_covariance_
        codes = generator.multivariate_normal(*normal, n_samples, check_valid="ignore", method="eigh")
        return codes.astype(np.float32), None
    _, mean, covariance = autoencoder._codes_of_classes
    codes = generator.standard_normal((n_samples, mean.shape[1]))
    if y is None:
        indices = generator.choice(len(task.classes), n_samples, p=task.class_count / task.class_count.sum())
    else:
        indices = class_indices(y, task.classes, n_samples, caller)
    for index in np.unique(indices):
        if not task.class_count[index]:
            raise ValueError(f"{caller} has no image of class {task.classes.tolist()[index]!r} to draw from so far.")
        values, vectors = np.linalg.eigh(covariance[index])
        root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
        codes[indices == index] = mean[index] + codes[indices == index] @ root
    return codes.astype(np.float32), indices
