"""A classifier on top of an encoder."""

import copy

import torch
from torch import nn

from skfashion.modules._mlp import MLP


class TransferModule(nn.Module):
    """The codes of an encoder, normalised by running statistics, then a multi-layer perceptron.

    Parameters
    ----------
    encoder : AutoencoderModule
        Copied; it needs no decoder.
    code_mean, code_variance : array of shape (latent_dim,)
        Where the running statistics start.
    freeze : bool
        Whether the encoder stays as it is, in training too.
    n_outputs, hidden_layer_sizes, activation, dropout, batch_norm, init
        Of the perceptron, as in :class:`MLP`.

    Attributes
    ----------
    has_given_weights : bool
        Whether the weights of the encoder are still those that it was built with.
    """

    def __init__(
        self,
        encoder,
        code_mean,
        code_variance,
        freeze,
        n_outputs,
        hidden_layer_sizes,
        activation,
        dropout,
        batch_norm,
        init,
    ):
        super().__init__()
        self.freeze = self.has_given_weights = freeze
        self.encoder = copy.deepcopy(encoder)
        self.encoder.requires_grad_(not freeze)
        self.norm = nn.BatchNorm1d(encoder.latent_dim, affine=False)
        self.norm.running_mean.copy_(torch.as_tensor(code_mean))
        self.norm.running_var.copy_(torch.as_tensor(code_variance))
        self.head = MLP(encoder.latent_dim, n_outputs, hidden_layer_sizes, activation, dropout, batch_norm, init)

    def reset_weights(self, seed=None):
        """Draw the weights of the perceptron anew, see :func:`~skfashion.modules._init.initialize`."""
        self.head.reset_weights(seed)

    def given_weights(self):
        """Names of the weights that it is built with: those of the encoder."""
        return {name for name in self.state_dict() if name.startswith("encoder.")}

    def dense_layers(self):
        """The layers that are applied one after the other, or None if the codes are more than the output of layers."""
        layers = self.encoder.layers_of_codes() if hasattr(self.encoder, "layers_of_codes") else None
        return None if layers is None else [*layers, self.norm, *self.head]

    def train(self, mode=True):
        super().train(mode)
        if self.freeze:
            self.encoder.eval()
        return self

    def embed(self, images):
        """The input of the last layer."""
        return self.head.embed(self.norm(self.encoder.encode(images)))

    def forward(self, images):
        # Without torch.no_grad, so that the scores have a gradient in the image: a frozen encoder needs none in its
        # weights, which do not require one.
        return self.head(self.norm(self.encoder.encode(images)))
