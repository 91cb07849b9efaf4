"""Published convolutional networks for Fashion-MNIST, as data.

A name of this module's :data:`ARCHITECTURES` can be given as ``architecture`` of
:class:`~skfashion.neural_network.CNNClassifier`; the output layer is added there. At 28 x 28 pixels the parameters of
every layer are those of the studies (``optimizers``: single, stacked, double; ``mlp-cnn``: plain, deep, slim, compact).
They suit images of 16 x 16 to 64 x 64 pixels; larger ones make most of the parameters those of one dense layer.
"""

from skfashion.modules._layers import batch_norm, conv, dense, dropout, flatten, pool

__all__ = ["ARCHITECTURES"]

ARCHITECTURES = {
    # SCNN: one convolution.
    "single": (conv(40, 5), pool(2), flatten(), dense(100)),
    # BCNN: two convolutions.
    "stacked": (conv(48, 3), pool(2), conv(96, 3), pool(2), flatten(), dense(100)),
    # MCNN: two pairs of convolutions.
    "double": (
        *(conv(32, 5, padding="same"), conv(32, 5, padding="same"), pool(2), dropout(0.25)),
        *(conv(64, 3, padding="same"), conv(64, 3, padding="same"), pool(2), dropout(0.25)),
        *(flatten(), dense(512), batch_norm(), dropout(0.5)),
    ),
    # CNN attempt 1.
    "plain": (
        *(conv(64, 3, padding="same"), pool(2)),
        *(conv(32, 3, padding="same"), pool(2)),
        *(flatten(), dense(64)),
    ),
    # CNN attempt 2. The study does not give the dropout rates of attempts 2 to 4: these are mild, and not searched.
    "deep": (
        *(conv(32, 3, padding="same"), pool(2)),
        *(conv(64, 3, padding="same"), pool(2), dropout(0.25), batch_norm()),
        *(conv(128, 3, padding="same"), conv(128, 3, padding="same"), pool(2), dropout(0.25)),
        *(flatten(), batch_norm(), dense(512), dropout(0.25)),
    ),
    # CNN attempt 3.
    "slim": (
        *(conv(32, 3, padding="same"), pool(2), dropout(0.1)),
        *(conv(64, 3, padding="same"), pool(2), dropout(0.1)),
        *(conv(128, 3, padding="same"), pool(2), dropout(0.1)),
        *(flatten(), batch_norm(), dense(128), dropout(0.25)),
    ),
    # CNN attempt 4.
    "compact": (
        *(conv(32, 3, padding="same"), pool(2), dropout(0.1)),
        *(conv(32, 3, padding="same"), pool(2), dropout(0.1)),
        *(conv(64, 3, padding="same"), pool(2), dropout(0.1)),
        *(conv(128, 3, padding="same"), pool(2), dropout(0.1)),
        *(flatten(), batch_norm(), dense(128), dropout(0.1)),
    ),
}
