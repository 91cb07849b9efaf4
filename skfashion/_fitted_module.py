"""Fitted estimators as torch modules: rows of pixels in, predictions out."""

import copy

import torch
from torch import nn

from skfashion._pixels import BRIGHT, FAR, FEW, ROUNDING, WHITE
from skfashion.modules._random import set_generator


class FittedModule(nn.Module):
    """Everything that an estimator does with rows: scale pixels, arrange them as images, and compute outputs.

    It is a copy on the CPU and in evaluation mode.

    Parameters
    ----------
    predictor : torch.nn.Module
        Maps images (n, channels, height, width) to predictions.
    outputs : {"classes", "labels", "numbers"}
        Kind of output: probabilities of mutually exclusive classes, of labels that may co-occur, or numbers.
    layout : Layout
        How a row is an image.
    pixel_scale : {"levels", "brightness", "numbers"}
        What the values of the fit were.
    """

    def __init__(self, predictor, outputs, layout, pixel_scale):
        super().__init__()
        self.outputs = outputs
        self.image_shape = tuple(layout.shape)
        self.channels_last = layout.channels_last
        self.pixel_scale = pixel_scale
        self.predictor = copy.deepcopy(predictor).cpu()
        self.predictor.to(memory_format=torch.contiguous_format)
        set_generator(self.predictor, None)
        self.eval()

    def forward(self, rows):
        rows = read_pixels(rows, self.pixel_scale)
        channels, height, width = self.image_shape
        if self.channels_last:
            images = rows.reshape(-1, height, width, channels).permute(0, 3, 1, 2)
        else:
            images = rows.reshape(-1, channels, height, width)
        return self.predictor(images)


def read_pixels(rows, pixel_scale):
    """Rows as float32 in the way in which a :class:`~skfashion._pixels.PixelScale` reads them, by operations of torch.

    Levels become brightness, also where they come as floats; what else may stand beside them stays as it is.
    """
    pixels = rows.float()
    if pixel_scale == "numbers":
        return pixels
    if pixel_scale == "levels" and rows.dtype == torch.uint8:
        return pixels / WHITE
    low, high = pixels.min(), pixels.max()
    within_unit_interval = (low >= -ROUNDING) & (high <= 1 + ROUNDING)
    may_be_levels = (low >= -ROUNDING) & (high <= WHITE + ROUNDING)
    is_whole = (pixels - pixels.round()).abs().max() <= ROUNDING
    are_levels = may_be_levels & is_whole
    if pixel_scale == "levels":  # with noise, blurred or resized
        n_far = ((pixels < FAR[0]) | (pixels > FAR[1])).float().mean()
        are_levels = are_levels | ((torch.maximum(-low, high) > BRIGHT) & (n_far > FEW))
    divided = are_levels & ~within_unit_interval
    return pixels / torch.where(divided, float(WHITE), 1.0)
