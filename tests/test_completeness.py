"""Nothing public is forgotten where it has to be listed."""

import importlib.util
import re
from pathlib import Path

import pytest
from estimators import DEFAULTS, ESTIMATORS, READERS, SEARCHES, public_estimators, public_objects

from skfashion.model_selection import SEARCH_SPACES

ROOT = Path(__file__).parents[1]

WITHOUT_SPACE = {
    "Autoencoder": "ConvAutoencoder is the one to tune; dense layers are there to compare with.",
    "AutoencoderOutlierDetector": "What is worth searching is its autoencoder, which has a space of its own.",
    "CentroidSampler": "Samples have no score that a search could maximize.",
    "ClusterClassifier": "What is worth searching are the parameters of the clusterer, which is given.",
    "EncoderClassifier": "What is worth searching is its encoder, which has a space of its own.",
    "HOGTransformer": "What suits it is searched together with the classifier after it, as in make_hog_svc.",
    "ImageReader": "How large images have to be depends on what they show.",
    "NeighborSampler": "Samples have no score that a search could maximize.",
    "OptunaSearchCV": "It is the search.",
    "PixelScaler": "It has no parameters.",
    "SelfSupervisedOutlierDetector": "Images without labels have no score that a search could maximize.",
    "SemiSupervisedClassifier": "What is worth searching is its network, which has a space of its own.",
    "SpectralClusterer": "Clusters without labels have no score that a search could maximize.",
    "VectorizedGridSearchCV": "It is the search.",
    "VectorizedHalvingGridSearchCV": "It is the search.",
}


def listed_on_the_api_page():
    """Pairs of a package and a name."""
    package, listed = None, set()
    for line in (ROOT / "docs/api/index.rst").read_text().splitlines():
        if line.startswith(".. currentmodule::"):
            package = line.split()[-1]
        elif re.fullmatch(r"   \w+", line):
            listed.add((package, line.strip()))
    return listed


def listed_in_the_readme():
    table = re.search(r"^## Estimators$(.*?)^## ", (ROOT / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    assert table, "README.md has no section 'Estimators'"
    return set(re.findall(r"^\| `(\w+)` \|", table[1], flags=re.MULTILINE))


def names(estimators):
    return {type(estimator).__name__ for estimator in estimators}


@pytest.mark.parametrize("name", sorted(public_estimators()))
def test_an_estimator_is_listed_everywhere(name):
    assert name in names(ESTIMATORS) | names(SEARCHES) | names(READERS), (
        f"add {name}, small and quick, to ESTIMATORS in tests/estimators.py, and so to scikit-learn's checks"
    )
    assert name in names(DEFAULTS) | names(SEARCHES) | names(READERS), (
        f"add {name} without arguments to DEFAULTS in tests/estimators.py, and so to the checks of defaults"
    )
    assert (name in SEARCH_SPACES) != (name in WITHOUT_SPACE), (
        f"add {name} either to SEARCH_SPACES in skfashion/model_selection/_spaces.py, or with the reason why it has no "
        f"space to WITHOUT_SPACE in {Path(__file__).name}"
    )
    assert name in listed_in_the_readme(), f"add a line of {name} to the table of 'Estimators' in README.md"


@pytest.mark.parametrize(("package", "name"), sorted(public_objects()), ids="-".join)
def test_a_public_name_is_on_the_api_page(package, name):
    value = public_objects()[package, name]
    if (ROOT / f"docs/api/{package}.{name}.rst").exists() and not callable(value):  # data has a page by hand
        listed = f"{package}.{name}" in (ROOT / "docs/api/index.rst").read_text()
    else:
        listed = (package, name) in listed_on_the_api_page()
    assert listed, f"add {name} to the autosummary of {package} in docs/api/index.rst"


def test_the_guide_says_how_each_estimator_can_be_kept():
    page = (ROOT / "docs/guide/deploying.rst").read_text()
    rows = dict(re.findall(r"^   (\w+), yes, (.+)$", page, flags=re.MULTILINE))
    assert rows.keys() == public_estimators()
    classes = {name: value for (_, name), value in public_objects().items() if name in rows}
    exported = {name for name, value in classes.items() if hasattr(value, "as_module")}
    assert {name for name, said in rows.items() if said == "yes"} == exported


def test_lists_name_nothing_else():
    """What was renamed or removed is removed there too."""
    assert names([*DEFAULTS, *ESTIMATORS, *SEARCHES]) <= public_estimators()
    assert set(SEARCH_SPACES) | set(WITHOUT_SPACE) <= public_estimators()
    assert listed_in_the_readme() <= public_estimators()
    assert listed_on_the_api_page() <= set(public_objects())


def test_every_example_has_a_thumbnail():
    spec = importlib.util.spec_from_file_location("thumbnails", ROOT / "docs/thumbnails.py")
    thumbnails = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(thumbnails)
    assert sorted(thumbnails.SQUARES) == sorted(path.stem for path in (ROOT / "examples").glob("plot_*.py"))
