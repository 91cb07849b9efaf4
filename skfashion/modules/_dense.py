"""Dense layers forward and backward by hand: for small products autograd takes as long as the products themselves."""

from functools import partial

import torch
from torch import nn
from torch.nn.functional import linear

from skfashion.modules._random import Dropout

_aten = torch.ops.aten

# The gradient at the input of each activation, given that at its output y.
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


def dense_stack(layers):
    """The layers of a network as a :class:`DenseStack`, or None if one is of another kind: autograd has to do."""
    return DenseStack([layers], together=False) if all(type(layer) in _KINDS for layer in layers) else None


def shapes(layers):
    """What networks have in common that can be computed together, in all layers but dropout.

    Their kinds and sizes, and which of them are trained.
    """
    return tuple(
        (
            type(layer),
            layer.extra_repr(),
            layer.training,
            tuple((tuple(weight.shape), weight.requires_grad) for weight in layer.parameters()),
        )
        for layer in layers
        if not isinstance(layer, Dropout)
    )


class DenseStack:
    """Networks of dense layers of the same :func:`shapes`, computed forward and backward without autograd.

    It computes what autograd would, by the same operations of torch, and leaves gradients where autograd does: in the
    attribute ``grad`` of each weight. One call of :meth:`backward` belongs to the last call of :meth:`forward`, both
    under :class:`torch.no_grad`.

    Several networks are computed together: their weights become parts of one tensor for each layer, until
    :meth:`release`. Values then have the networks as their first dimension, except images, which all of them may share.

    Parameters
    ----------
    networks : list of list of torch.nn.Module
        The layers of each network: :class:`torch.nn.Linear`, :class:`torch.nn.BatchNorm1d`, activations,
        :class:`~skfashion.modules._random.Dropout`, :class:`torch.nn.Flatten` and :class:`torch.nn.Unflatten`.
    together : bool, default=True
        False for a single network that is computed as it is.
    """

    def __init__(self, networks, together=True):
        columns = _side_by_side(networks)
        self.layers = [_KINDS[_kind(column)][together](column) for column in columns]
        self.weights = [
            (index, weight)
            for index, column in enumerate(columns)
            for layer in column
            if layer is not None
            for weight in layer.parameters()
        ]

    def forward(self, x):
        """The output for a batch; what its gradient needs is kept."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, gradient):
        """Set the gradients of all weights, given that of the last output."""
        # Nothing below the first weights that are trained needs a gradient.
        first = next((index for index, weight in self.weights if weight.requires_grad), len(self.layers))
        for index in reversed(range(first, len(self.layers))):
            gradient = self.layers[index].backward(gradient, goes_on=index > first)

    def hand_out_gradients(self):
        """Let all weights that are trained hold the gradients of :meth:`backward`; several networks need it once."""
        for part in self._parts():
            part.hand_out_gradients()

    def is_whole(self):
        """Whether all networks still hold their parts: somebody may have given one another memory."""
        return all(part.is_whole() for part in self._parts())

    def release(self):
        """Give every weight and statistic a memory of its own again."""
        for part in self._parts():
            part.release()

    def _parts(self):
        return [part for layer in self.layers for part in getattr(layer, "parts", [])]


def _side_by_side(networks):
    """The layers at each depth of all networks; None stands for a dropout that a network does not have."""
    rows = [list(layers) for layers in networks]
    columns = []
    while any(rows):
        if any(row and isinstance(row[0], Dropout) for row in rows):
            columns.append([row.pop(0) if row and isinstance(row[0], Dropout) else None for row in rows])
        else:
            columns.append([row.pop(0) for row in rows])
    return columns


def _kind(column):
    return type(next(layer for layer in column if layer is not None))


class _Stacked:
    """One weight, or one statistic, of several networks as a tensor, of which they hold parts."""

    def __init__(self, owners, name):
        self.owners = owners
        self.name = name
        self.values = torch.stack([getattr(owner, name).detach() for owner in owners])
        self.gradients = torch.zeros_like(self.values)
        for owner, value in zip(owners, self.values, strict=True):
            getattr(owner, name).data = value

    def is_trained(self):
        return any(getattr(owner, self.name).requires_grad for owner in self.owners)

    def hand_out_gradients(self):
        for owner, gradient in zip(self.owners, self.gradients, strict=True):
            value = getattr(owner, self.name)
            value.grad = gradient if value.requires_grad else None

    def is_whole(self):
        parts = zip(self.owners, self.values, strict=True)
        return all(getattr(owner, self.name).data_ptr() == value.data_ptr() for owner, value in parts)

    def release(self):
        for owner in self.owners:
            value = getattr(owner, self.name)
            value.data, value.grad = value.data.clone(), None


class _Linear:
    def __init__(self, column):
        (self.layer,) = column

    def forward(self, x):
        self.x = x
        return linear(x, self.layer.weight, self.layer.bias)

    def backward(self, gradient, goes_on):
        weight, bias = self.layer.weight, self.layer.bias
        if weight.requires_grad:
            weight.grad = gradient.t().mm(self.x)
        if bias is not None and bias.requires_grad:
            bias.grad = gradient.sum(0)
        return gradient.mm(weight) if goes_on else None


class _Linears:
    def __init__(self, column):
        self.weight, self.bias = (_Stacked(column, name) for name in ("weight", "bias"))
        self.parts = [self.weight, self.bias]

    def forward(self, x):
        # All networks may see the same images.
        self.x = x if x.ndim == 3 else x.expand(len(self.weight.values), *x.shape)
        return torch.baddbmm(self.bias.values[:, None], self.x, self.weight.values.transpose(1, 2))

    def backward(self, gradient, goes_on):
        if self.weight.is_trained():
            torch.bmm(gradient.transpose(1, 2), self.x, out=self.weight.gradients)
        if self.bias.is_trained():
            torch.sum(gradient, 1, out=self.bias.gradients)
        return gradient.bmm(self.weight.values) if goes_on else None


class _BatchNorm:
    """Of one network or several: the features of all of them are normalised by themselves."""

    def __init__(self, column, together):
        self.layers = column
        self.layer = column[0]
        self.parts = []
        if together:
            names = ("weight", "bias", "running_mean", "running_var")
            self.parts = [_Stacked(column, name) for name in names if getattr(self.layer, name) is not None]

    def forward(self, x):
        self.shape, self.x = x.shape, self._wide(x)
        self.training = self.layer.training
        if self.training:
            for layer in self.layers:
                layer.num_batches_tracked += 1
        self.values = [self._value(name) for name in ("weight", "bias", "running_mean", "running_var")]
        y, *self.saved = _aten.native_batch_norm.default(
            self.x, *self.values, self.training, self.layer.momentum, self.layer.eps
        )
        return self._like_x(y)

    def backward(self, gradient, goes_on):
        wanted = [goes_on, self._is_trained("weight"), self._is_trained("bias")]
        weight, _, *running = self.values
        gradient, *gradients = _aten.native_batch_norm_backward.default(
            self._wide(gradient), self.x, weight, *running, *self.saved, self.training, self.layer.eps, wanted
        )
        for name, value, is_wanted in zip(("weight", "bias"), gradients, wanted[1:], strict=True):
            if is_wanted and self.parts:
                self._part(name).gradients.copy_(value.view(len(self.layers), -1))
            elif is_wanted:
                getattr(self.layer, name).grad = value
        return self._like_x(gradient) if goes_on else None

    def _wide(self, x):
        """(batch, features of all networks)."""
        return x if x.ndim == 2 else x.transpose(0, 1).reshape(x.shape[1], -1)

    def _like_x(self, y):
        return y if len(self.shape) == 2 else y.view(len(y), len(self.layers), -1).transpose(0, 1)

    def _part(self, name):
        return next((part for part in self.parts if part.name == name), None)

    def _value(self, name):
        part = self._part(name)
        return getattr(self.layer, name) if part is None else part.values.view(-1)

    def _is_trained(self, name):
        value = getattr(self.layer, name)
        return value is not None and value.requires_grad


class _Activation:
    def __init__(self, column):
        self.layer = column[0]

    def forward(self, x):
        self.x = x
        self.y = self.layer.forward(x)
        return self.y

    def backward(self, gradient, goes_on):
        return _DERIVATIVES[type(self.layer)](self.layer, gradient, self.x, self.y)


class _Dropout:
    def __init__(self, column):
        (self.layer,) = column

    def forward(self, x):
        self.factors = self.layer.factors(x)
        return x if self.factors is None else x * self.factors

    def backward(self, gradient, goes_on):
        return gradient if self.factors is None else gradient * self.factors


class _Dropouts:
    """Each network draws from its own generator, what it would draw alone; some may have none."""

    def __init__(self, column):
        self.column = column

    def forward(self, x):
        drawn = [None if layer is None else layer.factors(part) for layer, part in zip(self.column, x, strict=True)]
        self.factors = None
        if any(factors is not None for factors in drawn):
            ones = torch.ones_like(x[0])
            self.factors = torch.stack([ones if factors is None else factors for factors in drawn])
        return x if self.factors is None else x * self.factors

    def backward(self, gradient, goes_on):
        return gradient if self.factors is None else gradient * self.factors


class _Reshape:
    def __init__(self, column):
        self.layer = column[0]

    def forward(self, x):
        self.shape = x.shape
        if x.ndim % 2 == 0:  # rows or images
            return self.layer.forward(x)
        return self.layer.forward(x.flatten(0, 1)).unflatten(0, x.shape[:2])

    def backward(self, gradient, goes_on):
        return gradient.reshape(self.shape)


# How each kind of layer is computed: for one network, and for several.
_KINDS = {
    nn.Linear: (_Linear, _Linears),
    nn.BatchNorm1d: (partial(_BatchNorm, together=False), partial(_BatchNorm, together=True)),
    Dropout: (_Dropout, _Dropouts),
    nn.Flatten: (_Reshape, _Reshape),
    nn.Unflatten: (_Reshape, _Reshape),
    **dict.fromkeys(_DERIVATIVES, (_Activation, _Activation)),
}
