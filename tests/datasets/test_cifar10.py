"""CIFAR-10 from files that are made to its format."""

import dataclasses
import hashlib
import io
import tarfile
from functools import partial

import numpy as np
import pytest

from skfashion.datasets import _cifar10, fetch_cifar10


def photos(path, n_images, members=_cifar10._MEMBERS):
    """Write an archive in the format of CIFAR-10; return images and labels of each part as they are in it."""
    rng = np.random.default_rng(0)
    parts = {"train": [], "test": []}
    with tarfile.open(path, "w:gz") as archive:
        for part, names in members.items():
            for name in names:
                images = rng.integers(0, 256, (n_images, 3, 32, 32), np.uint8)
                labels = rng.integers(0, 10, n_images, np.uint8)
                content = np.hstack([labels[:, None], images.reshape(n_images, -1)]).tobytes()
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
                parts[part].append((images, labels))
    return {part: [np.concatenate(arrays) for arrays in zip(*blocks, strict=True)] for part, blocks in parts.items()}


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Where a small CIFAR-10 lies; returns a function that writes it, and what is in it."""
    monkeypatch.setattr(_cifar10, "_N_IMAGES", 4)

    def write(**options):
        path = tmp_path / "cifar-10" / "cifar-10-binary.tar.gz"
        path.parent.mkdir(exist_ok=True)
        parts = photos(path, **{"n_images": 4, **options})
        checksums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
        monkeypatch.setattr(_cifar10, "SOURCE", dataclasses.replace(_cifar10.SOURCE, checksums=checksums, mirrors=()))
        return parts

    return write


def test_colour_photos(archive, tmp_path):
    parts = archive()
    fetch = partial(fetch_cifar10, data_home=tmp_path)
    for part, (images, labels) in parts.items():
        bunch = fetch(subset=part)
        np.testing.assert_array_equal(bunch.data, images.reshape(len(images), -1))
        np.testing.assert_array_equal(bunch.images, np.moveaxis(images, 1, -1))
        np.testing.assert_array_equal(bunch.target, labels)
        assert np.shares_memory(bunch.images, bunch.data)
        assert bunch.data.flags.c_contiguous
    assert bunch.target.dtype == np.int64
    assert bunch.feature_names[1024 + 33] == "pixel_1_1_green"
    assert len(bunch.feature_names) == 3072
    assert "pickles" in bunch.DESCR
    assert fetch(subset="all").data.shape == (24, 3072)
    assert list(fetch(as_frame=True).data.columns[:2]) == ["pixel_0_0_red", "pixel_0_1_red"]


def test_broken_archives(archive, tmp_path):
    archive(n_images=3)
    with pytest.raises(ValueError, match=r"data_batch_1.bin in .* has 9219 bytes; 4 images of 3073 bytes"):
        fetch_cifar10(data_home=tmp_path)
    archive(members={"train": _cifar10._MEMBERS["train"][:4], "test": ()})
    with pytest.raises(ValueError, match=r"holds no cifar-10-batches-bin/data_batch_5.bin\."):
        fetch_cifar10(data_home=tmp_path)
    (tmp_path / "cifar-10" / "cifar-10-binary.tar.gz").write_bytes(b"cut off")
    with pytest.raises(OSError, match="damaged or another data set's"):
        fetch_cifar10(data_home=tmp_path)
