"""The records of published data sets."""

import pytest

from skfashion.datasets import _cifar10, _fashion_mnist, _fetch, _kmnist, _mnist, _official

SOURCES = [module.SOURCE for module in (_cifar10, _fashion_mnist, _kmnist, _mnist)]


def test_mirrors_are_https_and_differ_in_host():
    for source in SOURCES:
        mirrors = source.mirrors
        assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in mirrors)
        assert len({mirror.split("/")[2] for mirror in mirrors}) == len(mirrors)
        assert len(mirrors) >= 2 or source is _kmnist.SOURCE  # which is published in one place


def test_records_are_complete():
    for source in SOURCES:
        names = {name for files in source.parts.values() for name in files}
        assert {f"{name}.gz" for name in names} == set(source.checksums)
        assert set(source.contents) in (names, set())
        assert len(source.target_names) == 10
        for checksum in [*source.checksums.values(), *source.contents.values()]:
            assert len(bytes.fromhex(checksum)) == 32


@pytest.mark.real_data
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.folder)
def test_record_of_the_official_contents(source):
    """The checksum of what is in each official file is that of the record."""
    for file, checksum in source.checksums.items():
        path = _fetch.data_home_of(None) / source.folder / file
        if not path.exists():
            pytest.skip(f"{path} is not there")
        assert _official._sha256(path) == checksum
        if source.contents:
            assert _official._content_sha256(path) == source.contents[path.stem]
