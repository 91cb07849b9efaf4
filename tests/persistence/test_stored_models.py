"""Files of earlier releases load in this one, and answer as they did."""

import json

import numpy as np
import pytest
from sklearn.base import clone
from stored_models import FOLDER, MODELS, X, Y, answers, folder_of

from skfashion.persistence import load
from skfashion.persistence._archive import VERSION

FILES = sorted(FOLDER.glob("*/*.skf"))


def test_there_are_files_of_every_version():
    assert {path.parent for path in FILES} == {folder_of(version) for version in range(1, VERSION + 1)}
    assert {path.stem for path in FILES} >= set(MODELS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_stored_models(path):
    model = load(path)
    expected = json.loads(path.with_suffix(".json").read_text())
    found = answers(model)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.stem in ("mlp", "regressor")], ids=lambda path: path.stem
)
def test_stored_models_go_on_training(path):
    """On the way on which they were trained, as a model does that was never stored."""
    model, again = load(path), clone(MODELS[path.stem]).fit(X, Y)
    for each in (model, again):
        each.partial_fit(X, Y)
    assert [row["epoch"] for row in model.history_] == [1, 2, 3]
    np.testing.assert_allclose(model.history_[-1]["train_loss"], again.history_[-1]["train_loss"], rtol=1e-3)
