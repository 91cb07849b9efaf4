import numpy as np
import pytest
import torch

from skfashion._device import TESTED_DEVICES, cpu_capabilities, resolve_device
from skfashion.baselines import KNNClassifier
from skfashion.neural_network import CNNClassifier, MLPClassifier
from skfashion.training._precision import resolve_precision

CPU = torch.device("cpu")


def on_each_device(*, but=()):
    """Run a test on every kind of device that is supported, where this machine has one."""
    here = {"cpu": True, "cuda": torch.cuda.is_available()}
    marks = {"cuda": [pytest.mark.gpu]}
    return pytest.mark.parametrize(
        "device",
        [
            pytest.param(
                device,
                marks=[*marks.get(device, []), pytest.mark.skipif(not here[device], reason=f"no {device} device here")],
            )
            for device in TESTED_DEVICES
            if device not in but
        ],
    )


def test_devices():
    assert resolve_device("cpu") == CPU
    assert resolve_device(CPU) == CPU
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("device", ["mps", "xpu", "meta", torch.device("mps", 0)])
@pytest.mark.parametrize("model", [MLPClassifier(), KNNClassifier()], ids=repr)
def test_devices_that_were_never_tested_are_refused_by_name(model, device, tiny):
    kind = torch.device(device).type
    with pytest.raises(ValueError, match=f"'device' parameter .* untested on '{kind}'"):
        model.set_params(device=device).fit(*tiny)


def test_auto_does_not_take_an_untested_device(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto") == CPU


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_device_that_is_not_there():
    with pytest.raises(ValueError, match=r"of this machine.*'cuda'"):
        resolve_device("cuda")


PROCESSORS = {
    "AMD with AVX512-BF16": ({"avx512_bf16": True, "amx_bf16": False, "cpu_name": "AMD EPYC 9R14"}, True),
    "AMD without": ({"avx512_bf16": False, "cpu_name": "AMD EPYC 7763"}, False),
    "Intel with AMX": ({"avx512_bf16": True, "amx_tile": True, "amx_bf16": True, "cpu_name": "Intel(R) Xeon(R)"}, True),
    "Intel without AMX": ({"avx512_bf16": True, "amx_tile": False, "cpu_name": "Intel(R) Xeon(R)"}, False),
    "AMX for integers only": ({"amx_tile": True, "amx_bf16": False, "cpu_name": "Intel(R) Xeon(R)"}, False),
    "Arm with BF16": ({"bf16": True, "architecture": "aarch64", "cpu_name": "Neoverse-V1"}, True),
    "Arm without": ({"bf16": False, "architecture": "aarch64", "cpu_name": "Neoverse-N1"}, False),
    "unknown": ({}, False),
}


@pytest.mark.parametrize("name", PROCESSORS)
@pytest.mark.parametrize("gains", [True, False])
def test_auto_precision(monkeypatch, name, gains):
    capabilities, fast = PROCESSORS[name]
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert resolve_precision("auto", CPU, gains) == ("bfloat16" if fast and gains else "float32")
    for precision in ("float32", "bfloat16"):
        assert resolve_precision(precision, CPU, gains) == precision


def test_a_torch_that_cannot_tell_capabilities(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not cpu_capabilities()
    assert resolve_precision("auto", CPU, True) == "float32"


def test_the_device_of_a_new_fit_is_that_of_the_parameter(tiny):
    model = MLPClassifier((8,), max_epochs=1, device=CPU).fit(*tiny)
    assert model.net_.device == "cpu"
    assert model.set_params(device="cpu").fit(*tiny).predict(tiny[0]).shape == (60,)


@on_each_device()
def test_the_same_seed_gives_the_same_model(garments, device):
    X, y = (each[:100] for each in garments)
    parameters = {"max_epochs": 1, "augmentation": "flip+shift+erase", "random_state": 0, "device": device}
    one, two = (CNNClassifier("single", **parameters).fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@on_each_device(but=["cpu"])
def test_a_device_agrees_with_the_cpu(garments, device):
    X, y = garments
    parameters = {"max_epochs": 4, "precision": "float32", "augmentation": None, "random_state": 0}
    accuracies = []
    for each in ("cpu", device):
        model = CNNClassifier("single", device=each, **parameters).fit(X, y)
        accuracies.append(model.score(X, y))
        assert model.predict_proba(X).dtype == np.float32
    assert accuracies[0] == pytest.approx(accuracies[1], abs=0.1)
