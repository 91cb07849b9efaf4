"""Grad-CAM: the feature maps of the last convolution, weighted by the gradients of a score."""

from contextlib import contextmanager

import numpy as np

from skfashion.inspection._network import captum_attr, n_images_at_once, recording_gradients, scores_of_targets


class GradCam:
    """Maps of where the last feature maps of a network speak for a class, enlarged to the size of the image.

    Parameters
    ----------
    network : ExplainedNetwork
        A network with convolutions. Where it averages over an image and its mirror image, the map is of the image
        alone; the scores are those of both.
    pixels : PixelRows
        The images.
    response : {"logit", "probability"}
        What is explained.
    """

    def __init__(self, network, pixels, response):
        from skfashion.modules._flip_averaging import FlipAveraging

        parts = network.predictor.modules()
        self._averaging = [part for part in parts if isinstance(part, FlipAveraging) and part.flip_averaging]
        self._network, self._pixels = network, pixels
        self._scores = network.scores(response)
        with recording_gradients(), self._of_the_image_alone():
            first = network.images(pixels.rows[:1])
            layer, self._size = last_feature_maps(network.predictor, first)
        self._shape = first.shape[1:]
        self.n_images_at_once = n_images_at_once(self._shape)
        self._engine = captum_attr("grad_cam").LayerGradCam(self._scores, layer)

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
            At least 0.
        scores : ndarray of shape (n,)
            The score of the images.
        errors : None
            There is nothing to compare with.
        """
        import torch

        with recording_gradients():
            images, columns = self._network.images(self._pixels.rows[index]), torch.from_numpy(targets)
            scores = scores_of_targets(self._scores, images, columns)
            images.requires_grad_(True)  # else a frozen encoder records nothing
            with self._of_the_image_alone():
                coarse = self._engine.attribute(images, target=columns, relu_attributions=True).detach()
            fine = torch.nn.functional.interpolate(coarse, self._size, mode="bilinear")
        channels, height, width = self._shape
        top, left = (self._size[0] - height) // 2, (self._size[1] - width) // 2
        fine = fine[:, :, top : top + height, left : left + width].double().numpy() / channels
        return self._network.as_maps(np.repeat(fine, channels, axis=1)), scores, None

    def baseline_scores(self, targets):
        """None, as nothing is compared."""

    @contextmanager
    def _of_the_image_alone(self):
        """Leave mirror images out: the last convolution would be applied to them as well."""
        for part in self._averaging:
            part.flip_averaging = False
        try:
            yield
        finally:
            for part in self._averaging:
                part.flip_averaging = True


def last_feature_maps(network, images):
    """Return the part of a network that outputs the feature maps of its last convolution, and the size of the images.

    Normalisation, activation and a residual sum belong to the convolution: all that follows without changing the shape.

    Parameters
    ----------
    network : torch.nn.Module
        It is run once.
    images : torch.Tensor of shape (n, channels, height, width)
        What it is run on.

    Returns
    -------
    layer : torch.nn.Module
        The part.
    size : tuple of int
        (height, width) of the images, with the zeros around them that the network adds.

    Raises
    ------
    TypeError
        If there is no convolution.
    ValueError
        If the part is applied to an image more than once.
    """
    from torch import nn

    from skfashion.modules._layers import Pad

    passed = []

    def note(part, given, output):
        passed.append((part, getattr(output, "shape", None)))  # parts of one's own may give anything

    parts = [part for part in network.modules() if part is not network]
    handles = [part.register_forward_hook(note) for part in parts]
    network(images)
    for handle in handles:
        handle.remove()
    indices = [index for index, (part, _) in enumerate(passed) if isinstance(part, nn.Conv2d)]
    if not indices:
        raise TypeError(
            "method='grad_cam' needs a network with convolutions: CNNClassifier, ResNetClassifier, or "
            "EncoderClassifier with the encoder of a ConvAutoencoder. Use method='occlusion' for others."
        )
    layer, shape = passed[indices[-1]]
    for part, shape_after in passed[indices[-1] :]:
        if shape_after != shape:
            break
        layer = part
    if sum(part is layer for part, _ in passed) > 1:
        raise ValueError("method='grad_cam' needs a network that applies its last convolution to an image once.")
    sizes = [out[2:] for part, out in passed if isinstance(part, Pad)]
    return layer, tuple(sizes[0] if sizes else images.shape[2:])
