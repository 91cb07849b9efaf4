"""Dense layers forward and backward by hand: for small products autograd takes as long as the products themselves."""

import torch
from torch import nn

from skfashion.modules._random import Dropout

_aten = torch.ops.aten

# The derivative of each activation: what its output's gradient is worth at its input, given both.
_DERIVATIVES = {
    nn.ELU: lambda layer, gradient, x, y: _aten.elu_backward.default(gradient, layer.alpha, 1.0, 1.0, False, x),
    nn.GELU: lambda layer, gradient, x, y: _aten.gelu_backward.default(gradient, x, approximate=layer.approximate),
    nn.Identity: lambda layer, gradient, x, y: gradient,
    nn.LeakyReLU: lambda layer, gradient, x, y: _aten.leaky_relu_backward.default(
        gradient, x, layer.negative_slope, False
    ),
    nn.ReLU: lambda layer, gradient, x, y: _aten.threshold_backward.default(gradient, y, 0.0),
    nn.Sigmoid: lambda layer, gradient, x, y: _aten.sigmoid_backward.default(gradient, y),
    nn.SiLU: lambda layer, gradient, x, y: _aten.silu_backward.default(gradient, x),
    nn.Softplus: lambda layer, gradient, x, y: _aten.softplus_backward.default(
        gradient, x, layer.beta, layer.threshold
    ),
    nn.Tanh: lambda layer, gradient, x, y: _aten.tanh_backward.default(gradient, y),
}


class DenseStack:
    """A sequence of dense layers, computed forward and backward without autograd.

    It computes what autograd would, by the same operations of torch, and leaves gradients where autograd does: in the
    attribute ``grad`` of each weight. One call of :meth:`backward` belongs to the last call of :meth:`forward`, both
    under :class:`torch.no_grad`.

    Parameters
    ----------
    layers : list of torch.nn.Module
        Among :class:`torch.nn.Linear`, :class:`torch.nn.BatchNorm1d`, activations,
        :class:`~skfashion.modules._random.Dropout`, :class:`torch.nn.Flatten` and :class:`torch.nn.Unflatten`.
    """

    def __init__(self, layers):
        self.layers = [_KINDS[type(layer)](layer) for layer in layers]
        self.weights = [(place, weight) for place, layer in enumerate(layers) for weight in layer.parameters()]

    def forward(self, x):
        """The output for a batch; what its gradient needs is kept."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, gradient):
        """Set the gradients of all weights, given that of the last output."""
        # Nothing below the first weights that are trained needs a gradient.
        first = next((place for place, weight in self.weights if weight.requires_grad), len(self.layers))
        for place in reversed(range(first, len(self.layers))):
            gradient = self.layers[place].backward(gradient, goes_on=place > first)


def dense_stack(layers):
    """Layers as a :class:`DenseStack`, or None if one of them is of another kind; then autograd has to do."""
    return DenseStack(layers) if all(type(layer) in _KINDS for layer in layers) else None


class _Linear:
    def __init__(self, layer):
        self.layer = layer
        self.gradient = torch.empty_like(layer.weight)

    def forward(self, x):
        self.x = x
        return nn.functional.linear(x, self.layer.weight, self.layer.bias)

    def backward(self, gradient, goes_on):
        weight, bias = self.layer.weight, self.layer.bias
        if weight.requires_grad:
            weight.grad = torch.mm(gradient.t(), self.x, out=self.gradient)
        if bias is not None and bias.requires_grad:
            bias.grad = gradient.sum(0)
        return gradient.mm(weight) if goes_on else None


class _BatchNorm:
    def __init__(self, layer):
        self.layer = layer

    def forward(self, x):
        layer, self.x = self.layer, x
        self.training = layer.training
        if self.training:
            layer.num_batches_tracked += 1
        self.running = layer.running_mean, layer.running_var
        y, *self.saved = _aten.native_batch_norm.default(
            x, layer.weight, layer.bias, *self.running, self.training, layer.momentum, layer.eps
        )
        return y

    def backward(self, gradient, goes_on):
        layer = self.layer
        wanted = [goes_on, *(weight is not None and weight.requires_grad for weight in (layer.weight, layer.bias))]
        gradient, weight, bias = _aten.native_batch_norm_backward.default(
            gradient, self.x, layer.weight, *self.running, *self.saved, self.training, layer.eps, wanted
        )
        if wanted[1]:
            layer.weight.grad = weight
        if wanted[2]:
            layer.bias.grad = bias
        return gradient


class _Activation:
    def __init__(self, layer):
        self.layer = layer
        self.derivative = _DERIVATIVES[type(layer)]

    def forward(self, x):
        self.x = x
        self.y = self.layer.forward(x)
        return self.y

    def backward(self, gradient, goes_on):
        return self.derivative(self.layer, gradient, self.x, self.y)


class _Dropout:
    def __init__(self, layer):
        self.layer = layer

    def forward(self, x):
        self.factors = self.layer.factors(x)
        return x if self.factors is None else x * self.factors

    def backward(self, gradient, goes_on):
        return gradient if self.factors is None else gradient * self.factors


class _Reshape:
    def __init__(self, layer):
        self.layer = layer

    def forward(self, x):
        self.shape = x.shape
        return self.layer.forward(x)

    def backward(self, gradient, goes_on):
        return gradient.reshape(self.shape)


_KINDS = {
    nn.Linear: _Linear,
    nn.BatchNorm1d: _BatchNorm,
    Dropout: _Dropout,
    nn.Flatten: _Reshape,
    nn.Unflatten: _Reshape,
    **dict.fromkeys(_DERIVATIVES, _Activation),
}
