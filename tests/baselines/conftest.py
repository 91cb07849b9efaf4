import pytest
import torch


@pytest.fixture(params=[True, False], ids=["int8", "float32"])
def int8(request, monkeypatch):
    """A test of uint8 images twice: with products of int8, whether or not they are fast here, and without."""
    capabilities = {"avx512_vnni": request.param, "avx_vnni": False, "amx_int8": False}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)  # new in torch 2.11
    return request.param
