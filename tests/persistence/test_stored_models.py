"""Files of earlier releases load in this one, and answer as they did."""

import json

import numpy as np
import pytest
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
    if hasattr(model, "partial_fit"):
        model.partial_fit(X, Y)
