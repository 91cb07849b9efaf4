"""The network behind a classifier, as a function of pixels that has gradients."""

from contextlib import contextmanager

import numpy as np

from skfashion._extras import imported
from skfashion._nested import steps_of
from skfashion._pixels import scaled
from skfashion.inspection._protocols import DifferentiableEstimator

# Images by which steps before a network are tried, and by how much rounding may change what they give.
_N_TRIED, _ROUNDING = 8, 1e-3


def captum_attr(method):
    return imported("captum.attr", extra="explain", needed_by=f"method={method!r}")


@contextmanager
def recording_gradients():
    """Compute as if the caller had changed no setting of torch, and record gradients."""
    import torch

    from skfashion._state import neutral_state

    with neutral_state(), torch.enable_grad():
        yield


class ExplainedNetwork:
    """A copy of the network of a classifier on the CPU and in evaluation mode, and the way from rows to its input.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier, or a Pipeline that ends in one.
    pixels : PixelRows
        The images.
    asked_by : str
        The argument that an error names.
    """

    def __init__(self, estimator, pixels, asked_by):
        *self._before, self._model = steps_of(estimator)
        name = type(self._model).__name__
        if not isinstance(self._model, DifferentiableEstimator):
            raise TypeError(
                f"{asked_by} needs a neural classifier or a SubspaceClassifier of this library, which have gradients. "
                f"{name} has none: use method='occlusion' with response='auto'."
            )
        with recording_gradients():
            module = self._model.as_module()
        if module.outputs != "classes":
            raise ValueError(f"{name} was fitted on several labels per image: only single classes can be explained.")
        self.predictor = module.predictor
        self._pixels, self._asked_by = pixels, asked_by

    def images(self, rows):
        """The input of the network (n, channels, height, width) for rows of pixels, as a tensor."""
        import torch

        return torch.from_numpy(scaled(self._model.as_images(self._transformed(rows)), np.float32))

    def scores(self, response):
        """The function from images to what is explained, and its outputs: logits or probabilities."""
        return self.predictor.scores if response == "logit" else self.predictor

    def logits(self, X):
        """The logits of images as they were given to the estimator: float64 (n, n_classes)."""
        import torch

        rows = np.asarray(X).reshape(len(X), -1)
        step = n_images_at_once(self._model.image_shape_)
        with recording_gradients(), torch.no_grad():
            blocks = [self.predictor.scores(self.images(rows[i : i + step])) for i in range(0, len(rows), step)]
            return torch.cat(blocks).double().numpy()

    def follow_pixels(self, baseline, *, straight):
        """Find out which pixel each value of the network's input is, as :meth:`as_maps` needs.

        Parameters
        ----------
        baseline : ndarray of shape (n_values,)
            An image with which others are mixed to try the steps before the network.
        straight : bool
            Whether these steps have to map straight lines between images to straight lines.

        Raises
        ------
        TypeError
            If a step mixes pixels: then the gradients of the network are not those of pixels.
        """
        if self._before and not self._keeps_pixels(baseline.astype(np.float64), 0.5 if straight else 1.0):
            names = ", ".join(type(step).__name__ for step in self._before)
            raise TypeError(
                f"{self._asked_by} needs steps before the network that {'scale' if straight else 'change'} each pixel "
                f"on its own, such as StandardScaler. Got {names}: use method='occlusion'."
            )
        columns = np.arange(len(baseline)).reshape(1, *np.shape(self._transformed(baseline[None]))[1:])
        self._columns = self._model.as_images(columns, rescale=False)[0]

    def as_maps(self, values):
        """Values of the network's input (n, channels, height, width), summed over channels as maps (n, h, w) of X."""
        rows = np.empty((len(values), self._columns.size))
        rows[:, self._columns] = values
        return rows[:, self._pixels.columns].sum(axis=1)

    def _keeps_pixels(self, ground, share):
        """Whether images that are mixed with a ground, pixel by pixel, come out of the steps as they would be mixed."""
        rows = self._pixels.rows[:_N_TRIED].astype(np.float64)
        mask = np.random.default_rng(0).random(rows.shape) < 0.5
        mixed = np.where(mask, ground + share * (rows - ground), ground)
        ends, start, seen = (self._numbers(each) for each in (rows, ground[None], mixed))
        if seen.shape != rows.shape:
            return False
        expected = np.where(mask, start + share * (ends - start), start)
        return np.allclose(seen, expected, rtol=_ROUNDING, atol=_ROUNDING * np.abs(expected).max())

    def _transformed(self, rows):
        X = self._pixels.as_given(rows)
        for step in self._before:
            X = step.transform(X)
        return np.asarray(X) if self._before else X

    def _numbers(self, rows):
        transformed = np.asarray(self._transformed(rows), dtype=np.float64)
        return transformed.reshape(len(transformed), -1)


def scores_of_targets(scores, images, columns):
    """What `scores` makes of each image in the column of its class: float64 (n,)."""
    import torch

    with torch.no_grad():
        return scores(images).double().gather(1, columns[:, None])[:, 0].numpy()


def n_images_at_once(shape):
    """How many images (channels, height, width) a network is given at once: its layers hold far more values."""
    return max(1, 2**16 // (shape[-2] * shape[-1]))
