import numpy as np
import pytest
import torch
from skfashion.neural_network._precision import resolve_precision

from skfashion._device import resolve_device
from skfashion.neural_network import CNNClassifier, MLPClassifier

CPU = torch.device("cpu")


def test_devices():
    assert resolve_device("cpu") == CPU
    assert resolve_device(CPU) == CPU
    assert resolve_device("auto").type in ("cpu", "cuda", "mps")


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("gains", [True, False])
def test_auto_precision(monkeypatch, native, gains):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": native, "amx_bf16": False})
    expected = "bfloat16" if native and gains else "float32"
    assert resolve_precision("auto", CPU, gains) == expected
    for precision in ("float32", "bfloat16"):
        assert resolve_precision(precision, CPU, gains) == precision


def test_the_device_of_a_new_fit_is_that_of_the_parameter(tiny):
    model = MLPClassifier((8,), max_epochs=1, device=CPU).fit(*tiny)
    assert model.net_.device == "cpu"
    assert model.set_params(device="cpu").fit(*tiny).predict(tiny[0]).shape == (60,)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees_with_the_cpu(garments):
    X, y = garments
    parameters = {"max_epochs": 4, "precision": "float32", "augmentation": None, "random_state": 0}
    accuracies = []
    for device in ("cpu", "cuda"):
        model = CNNClassifier("single", device=device, **parameters).fit(X, y)
        accuracies.append(model.score(X, y))
        assert model.predict_proba(X).dtype == np.float32
    assert accuracies[0] == pytest.approx(accuracies[1], abs=0.1)
