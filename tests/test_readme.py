"""The code of the README runs from top to bottom: here on a few drawn garments, and two folders of small photos."""

import re
from pathlib import Path

import pytest

import skfashion.datasets
from skfashion.datasets import make_garments

README = (Path(__file__).parents[1] / "README.md").read_text()


def few_garments(subset="train", return_X_y=False):
    """In place of Fashion-MNIST."""
    n_images = {"train": 264, "test": 60}[subset]
    return make_garments(n_images, random_state=n_images, return_X_y=return_X_y)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """What the README finds in the current folder."""
    image = pytest.importorskip("PIL.Image")
    monkeypatch.chdir(tmp_path)
    for number, pixels in enumerate(make_garments(8, random_state=0).images):
        path = tmp_path / "photos" / ("cat", "dog")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.fromarray(pixels).save(path)
    image.fromarray(pixels).save("new.jpg")


@pytest.mark.slow
@pytest.mark.usefixtures("photos")
def test_the_code_of_the_readme_runs(monkeypatch):
    for package in ("matplotlib", "captum", "onnx", "onnxscript", "skl2onnx", "safetensors"):
        pytest.importorskip(package)
    monkeypatch.setattr(skfashion.datasets, "fetch_fashion_mnist", few_garments)
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    own = [block for block in blocks if "scheduler" not in block]  # a cluster has to be there
    assert len(own) == len(blocks) - 1 >= 6
    names = {}
    for block in own:
        exec(compile(block, "README.md", "exec"), names)
    assert names["cnn"].score(names["X"], names["y"]) > 0.1
    assert Path("card", "README.md").exists()
