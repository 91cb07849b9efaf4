"""Integrated gradients: the difference of two scores, shared among the pixels that differ."""

import numpy as np

from skfashion.inspection._network import captum_attr, n_images_at_once, recording_gradients, scores_of_targets

# Steps between the baseline and the image, doubled as long as the error is greater than this share of the map.
_FIRST, _LAST = 64, 4096
TOLERANCE = 0.01

# What scores in float32 leave of small differences.
_ROUNDING = 1e-6


class IntegratedGradients:
    """Maps of what each pixel adds to the difference between the score of an image and that of a baseline.

    Parameters
    ----------
    network : ExplainedNetwork
        What gives the scores.
    pixels : PixelRows
        The images.
    baseline : ndarray of shape (n_values,)
        Where the path to each image starts.
    response : {"logit", "probability"}
        What is explained.
    n_steps : int or None
        Gradients that are summed for each image; None takes as many as the error asks for.

    Attributes
    ----------
    n_missed : int
        Number of images so far whose error exceeds the tolerance.
    """

    def __init__(self, network, pixels, baseline, response, n_steps=None):
        self._network, self._pixels, self._n_steps = network, pixels, n_steps
        self._scores, self.n_missed = network.scores(response), 0
        with recording_gradients():
            self._start = network.images(baseline[None])
        self.n_images_at_once = n_images_at_once(self._start.shape)
        self._engine = captum_attr("integrated_gradients").IntegratedGradients(self._scores)

    def maps(self, index, targets):
        """Explain some of the images, as :meth:`Occlusion.maps` does.

        Parameters
        ----------
        index : slice
            Which images.
        targets : ndarray of int of shape (n,)
            For each of them the column of its class.

        Returns
        -------
        maps : ndarray of shape (n, h, w)
            What each pixel adds, summed over channels.
        scores : ndarray of shape (n,)
            The score of the images.
        errors : ndarray of shape (n,)
            By how much the sum of a map misses the difference of the scores.
        """
        import torch

        with recording_gradients():
            images, columns = self._network.images(self._pixels.rows[index]), torch.from_numpy(targets)
            scores = scores_of_targets(self._scores, images, columns)
            differences = scores - self.baseline_scores(targets)
            values = np.empty(images.shape)
            todo, n_steps = np.arange(len(images)), self._n_steps or _FIRST
            while len(todo):
                values[todo] = self._attributed(images[todo], columns[todo], n_steps)
                errors = np.abs(_sums(values) - differences)
                n_steps *= 2
                missed = errors > TOLERANCE * _sums(np.abs(values)) + _ROUNDING * np.abs(scores)
                todo = np.flatnonzero(missed) if self._n_steps is None and n_steps <= _LAST else ()
            self.n_missed += int(missed.sum())
        return self._network.as_maps(values), scores, errors

    def baseline_scores(self, targets):
        """The score of the baseline for each of these classes."""
        import torch

        with recording_gradients(), torch.no_grad():
            return self._scores(self._start).double().numpy()[0][targets]

    def _attributed(self, images, columns, n_steps):
        arguments = {"target": columns, "n_steps": n_steps, "internal_batch_size": self.n_images_at_once}
        return self._engine.attribute(images, self._start, **arguments).detach().double().numpy()


def _sums(values):
    return values.reshape(len(values), -1).sum(axis=1)
