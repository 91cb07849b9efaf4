"""The layers of a fitted network in its HTML repr: what they are, the shapes of their outputs, their parameters."""

import copy
from html import escape

import torch

from skfashion._state import neutral_state


class LayersInHTML:
    """Base class of estimators that show the layers of ``module_`` in a notebook, alone or within a Pipeline."""

    def _get_fitted_attr_html(self, doc_link=""):
        """Read by scikit-learn: the fitted attributes, and below them the layers."""
        attributes = super()._get_fitted_attr_html(doc_link)
        if not hasattr(self, "net_"):  # a part, not fitted itself, of something that is
            return attributes
        return AttributesAndLayers(attributes, layer_table(self.module_, self.image_shape_))


class AttributesAndLayers:
    """Scikit-learn's table of fitted attributes, with another one below it."""

    def __init__(self, attributes, layers):
        self.attributes = attributes
        self.layers = layers

    def __len__(self):
        return len(self.attributes)

    def _repr_html_inner(self):
        return self.attributes._repr_html_inner() + self.layers


def layer_table(module, image_shape):
    """The layers of a module as HTML, in the style of scikit-learn's tables.

    Parameters
    ----------
    module : torch.nn.Module
        It turns images (n, channels, height, width) into something; it stays as it is.
    image_shape : tuple of int
        (channels, height, width) of an image.

    Returns
    -------
    str
        A collapsible table. The shapes are those of one image.
    """
    shapes = _output_shapes(module, image_shape)
    layers = [(name, layer) for name, layer in module.named_modules() if _is_a_layer(layer)]
    n_parameters = sum(parameter.numel() for parameter in module.parameters())
    rows = "\n".join(
        f'<tr class="default"><td class="param">{escape(name)}</td><td>{escape(_described(layer))}</td>'
        f"<td>{escape(shapes.get(name, ''))}</td><td>{_n_own_parameters(layer):,}</td></tr>"
        for name, layer in layers
    )
    head = "".join(f"<th>{title}</th>" for title in ("Name", "Layer", "Output shape", "Parameters"))
    return (
        '<div class="estimator-table"><details>'
        f"<summary>{len(layers):,} layers with {n_parameters:,} parameters</summary>"
        f'<table class="parameters-table"><tbody><tr>{head}</tr>\n{rows}\n</tbody></table>'
        "</details></div>"
    )


def _is_a_layer(module):
    return next(module.children(), None) is None or _n_own_parameters(module) > 0


def _n_own_parameters(module):
    return sum(parameter.numel() for parameter in module.parameters(recurse=False))


def _described(layer):
    return f"{type(layer).__name__}({layer.extra_repr()})"


def _output_shapes(module, image_shape):
    """The shape that each layer makes of one image, by its name; none for what cannot be tried.

    A copy is tried: others may use the module at this moment.
    """
    shapes = {}

    def remember(name):
        def hook(layer, given, output):
            if isinstance(output, torch.Tensor):
                shapes[name] = " x ".join(map(str, output.shape[1:]))

        return hook

    try:
        module = copy.deepcopy(module).cpu().float().eval()
        for name, layer in module.named_modules():
            layer.register_forward_hook(remember(name))
        with neutral_state(), torch.random.fork_rng(devices=[]), torch.inference_mode():
            module(torch.zeros(1, *image_shape))
    except Exception:  # a module of one's own may want something else: no repr is worth an error
        return {}
    return shapes
