"""The HTML repr of a fitted network: its layers, shapes and parameters, also within a Pipeline."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest
import torch
from networks import mlp
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skfashion.modules import conv, pool
from skfashion.neural_network import (
    Autoencoder,
    CNNClassifier,
    EncoderClassifier,
    ResNetClassifier,
    VariationalAutoencoder,
)
from skfashion.neural_network._layer_table import layer_table

SMALL = {"max_epochs": 1, "random_state": 0}
MODELS = [
    CNNClassifier((conv(4, 5), pool(4)), **SMALL),
    ResNetClassifier(4, **SMALL),
    VariationalAutoencoder(2, n_channels=(2,), **SMALL),
    EncoderClassifier(Autoencoder(4, (8,), max_epochs=1), **SMALL),
]


class Balanced(HTMLParser):
    """Whether each tag is closed where it has to be."""

    def __init__(self, html):
        super().__init__()
        self.open = []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        if tag not in ("input", "br", "path", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("input", "br", "path", "img"):
            assert self.open.pop() == tag


def table_of(html):
    """The rows of the layers: name, layer, shape and number of parameters."""
    tables = re.findall(r"<summary>([\d,]+) layers with ([\d,]+) parameters</summary>(.*?)</table>", html, re.DOTALL)
    (n_layers, n_parameters, table), *others = tables
    assert not others
    rows = [re.findall("<td[^>]*>(.*?)</td>", row) for row in re.findall('<tr class="default">(.*?)</tr>', table)]
    assert len(rows) == int(n_layers.replace(",", ""))
    return [[unescape(cell) for cell in row] for row in rows], int(n_parameters.replace(",", ""))


def test_layers_of_a_perceptron(tiny):
    model = mlp(hidden_layer_sizes=(5,)).fit(*tiny)
    rows, n_parameters = table_of(model._repr_html_())
    n_features, n_classes = tiny[0].shape[1], 3
    linear = [row for row in rows if row[1].startswith("Linear")]
    assert [row[2:] for row in linear] == [
        ["5", f"{n_features * 5 + 5}"],
        [f"{n_classes}", f"{5 * n_classes + n_classes}"],
    ]
    assert n_parameters == sum(parameter.numel() for parameter in model.module_.parameters())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_layers_of_every_network(garments, model):
    X, y = garments[0][:60], garments[1][:60]
    assert "layers with" not in model._repr_html_()
    fitted = clone(model).fit(X, y)
    before = torch.get_rng_state()
    html = fitted._repr_html_()
    assert torch.equal(torch.get_rng_state(), before)
    Balanced(html)
    rows, n_parameters = table_of(html)
    assert sum(int(row[3].replace(",", "")) for row in rows) == n_parameters
    assert all(row[0] in dict(fitted.module_.named_modules()) for row in rows)
    assert any(row[2] for row in rows)


def test_shapes_are_those_of_an_image(garments):
    model = CNNClassifier((conv(4, 5), pool(4)), **SMALL).fit(garments[0][:60], garments[1][:60])
    rows, _ = table_of(model._repr_html_())
    convolution = next(row for row in rows if row[1].startswith("Conv2d"))
    assert convolution[2:] == ["4 x 24 x 24", f"{4 * 25 + 4}"]
    assert rows[-1][2] == "10"


def test_within_a_pipeline(tiny):
    pipeline = make_pipeline(StandardScaler(), mlp())
    assert "layers with" not in pipeline._repr_html_()
    html = pipeline.fit(*tiny)._repr_html_()
    Balanced(html)
    assert table_of(html) == table_of(pipeline[-1]._repr_html_())


def test_a_hostile_or_unusual_module_is_shown():
    class Odd(torch.nn.Module):
        def extra_repr(self):
            return "<script>alert(1)</script>"

        def forward(self, images, other):
            return images

    html = layer_table(torch.nn.Sequential(Odd()), (1, 2, 2))
    assert "<script>" not in html
    rows, n_parameters = table_of(html)
    assert rows == [["0", "Odd(<script>alert(1)</script>)", "", "0"]]
    assert n_parameters == 0


def test_what_others_see_of_the_module_stays(tiny):
    model = mlp(dropout=0.5).fit(*tiny)
    model.module_.train()
    model._repr_html_()
    assert model.module_.training
    assert not any(layer._forward_hooks for layer in model.module_.modules())
