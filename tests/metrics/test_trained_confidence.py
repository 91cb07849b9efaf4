"""On the real Fashion-MNIST and MNIST: what a temperature and the embeddings of a network are known to reach."""

import pytest

from benchmarks.bench_confidence import areas, calibration
from skfashion.datasets import fetch_mnist
from skfashion.neural_network import MLPClassifier

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module", params=[0, 1, 2], ids="seed {}".format)
def network(request, fashion_mnist):
    """Trained for as long as by default, on few images: too sure of itself."""
    (X, y), _ = fashion_mnist
    return MLPClassifier(random_state=request.param).fit(X[:10_000], y[:10_000])


def test_a_temperature_halves_the_calibration_error(network, fashion_mnist):
    (X, y), test = fashion_mnist
    measured = calibration(network, (X[10_000:20_000], y[10_000:20_000]), test)
    assert measured["temperature"] > 1.1
    assert measured["error_with_temperature"] <= measured["error"] / 2


def test_embeddings_know_that_a_digit_is_no_garment(network, fashion_mnist):
    try:
        digits = fetch_mnist(subset="test", download_if_missing=False).data
    except OSError as error:
        pytest.skip(f"no MNIST here: {error}")
    (X, y), (X_test, _) = fashion_mnist
    area = areas(network, (X[:10_000], y[:10_000]), X_test, digits)
    assert area["Gaussian per class, embedding at length 1"] >= 0.955
    assert area["Gaussian per class, embedding at length 1"] > area["energy"] > area["maximum softmax"]
