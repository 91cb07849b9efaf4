import contextlib
import dataclasses
import gzip
import hashlib
import os
import socket
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from idx import idx_bytes
from memory import peak_of
from processes import run_python

from skfashion.datasets import (
    _fashion_mnist,
    _fetch,
    _idx_family,
    _kmnist,
    _official,
    fetch_fashion_mnist,
    fetch_kmnist,
    fetch_mnist,
)

FILES = {}
for part, n in (("train", 7), ("t10k", 4)):
    labels = (np.arange(n) * 3 % 10).astype(np.uint8)
    images = (np.arange(n * 784) % 251).astype(np.uint8).reshape(n, 28, 28)
    FILES[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(idx_bytes(images), mtime=0)
    FILES[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(idx_bytes(labels), mtime=0)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def source(monkeypatch):
    """A Fashion-MNIST of eleven images whose mirrors cannot be reached."""
    small = dataclasses.replace(
        _fashion_mnist.SOURCE,
        mirrors=("http://127.0.0.1:9/first/", "http://127.0.0.1:9/second/"),
        checksums={name: sha256(content) for name, content in FILES.items()},
        contents={name.removesuffix(".gz"): sha256(gzip.decompress(content)) for name, content in FILES.items()},
    )
    monkeypatch.setattr(_fashion_mnist, "SOURCE", small)
    return small


@pytest.fixture
def home(tmp_path):
    """A data home that holds all files."""
    folder = tmp_path / "fashion-mnist"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return tmp_path


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def mirror(tmp_path_factory):
    """A web server on this machine that holds all files; yields its address."""
    folder = tmp_path_factory.mktemp("mirror")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


fetch_offline = partial(fetch_fashion_mnist, n_retries=0, delay=0)


@pytest.mark.parametrize(("subset", "n"), [("train", 7), ("test", 4), ("all", 11)])
def test_bunch(source, home, subset, n):
    bunch = fetch_offline(subset=subset, data_home=home)
    assert bunch.data.shape == (n, 784)
    assert bunch.data.dtype == np.uint8
    assert bunch.images.shape == (n, 28, 28)
    assert np.shares_memory(bunch.images, bunch.data)
    assert bunch.target.dtype == np.int64
    assert bunch.target_names[9] == "Ankle boot"
    assert bunch.feature_names[29] == "pixel_1_1"
    assert "Zalando" in bunch.DESCR
    np.testing.assert_array_equal(bunch.data[0], np.arange(784) % 251)


def test_return_X_y_and_frame(source, home):
    X, y = fetch_offline(data_home=home, return_X_y=True)
    frame, target = fetch_offline(data_home=home, return_X_y=True, as_frame=True)
    np.testing.assert_array_equal(frame.to_numpy(), X)
    np.testing.assert_array_equal(target.to_numpy(), y)
    bunch = fetch_offline(data_home=home, as_frame=True)
    assert list(bunch.frame.columns) == [*bunch.feature_names, "target"]


def test_environment_variable(source, home, monkeypatch):
    monkeypatch.setenv("SKFASHION_DATA", str(home))
    assert len(fetch_offline().data) == 7


def test_default_folder_is_in_the_data_home_of_scikit_learn(source, home, monkeypatch, tmp_path):
    monkeypatch.delenv("SKFASHION_DATA", raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    (tmp_path / "skfashion").mkdir()
    (home / "fashion-mnist").rename(tmp_path / "skfashion" / "fashion-mnist")
    assert len(fetch_offline().data) == 7


def test_read_only_cache(source, home):
    os.chmod(home / "fashion-mnist", 0o500)
    try:
        assert len(fetch_offline(data_home=home).data) == 7
    finally:
        os.chmod(home / "fashion-mnist", 0o700)


IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
FOREIGN = {
    "empty": b"",
    "truncated": FILES[f"{LABELS}.gz"][:-3],
    "another data set's": FILES["t10k-labels-idx1-ubyte.gz"],
    "truncated and unpacked": gzip.decompress(FILES[f"{LABELS}.gz"])[:-1],
    "a page of the web": b"<!DOCTYPE html>",
    "packed twice": gzip.compress(FILES[f"{LABELS}.gz"]),
    "with junk after it": FILES[f"{LABELS}.gz"] + b"junk",
}


@pytest.mark.parametrize("download", [True, False])
@pytest.mark.parametrize("name", [f"{LABELS}.gz", LABELS, "train-labels.idx1-ubyte"])
@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_foreign_file_is_named_and_neither_parsed_nor_replaced(source, home, monkeypatch, name, content, download):
    monkeypatch.setattr(_idx_family, "read_idx", lambda path: pytest.fail("parsed before all checksums held"))
    monkeypatch.setattr(_fetch, "fetch_file", lambda *args, **kwargs: pytest.fail("a download was begun"))
    folder = home / "fashion-mnist"
    (folder / f"{LABELS}.gz").unlink()
    (folder / name).write_bytes(content)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OSError, match="damaged or another data set's file") as info:
        fetch_offline(data_home=home, download_if_missing=download)
    expected = source.checksums[name] if name.endswith(".gz") else source.contents[LABELS]
    for text in (str(folder / name), sha256(content), expected, "move it away", "another data_home"):
        assert text in str(info.value)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("kind", ["folder", "broken link"])
def test_a_name_that_is_taken_is_not_given_to_a_download(source, home, monkeypatch, kind):
    monkeypatch.setattr(_fetch, "fetch_file", lambda *args, **kwargs: pytest.fail("a download was begun"))
    path = home / "fashion-mnist" / f"{LABELS}.gz"
    path.unlink()
    if kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(home / "an unmounted disk")
    with pytest.raises(OSError, match=f"{LABELS}.gz is a folder or a broken link"):
        fetch_offline(data_home=home)
    assert os.path.lexists(path)


def unpacked(content):
    return gzip.decompress(content)


def packed_anew(content):
    return gzip.compress(unpacked(content), 1, mtime=1)


@pytest.mark.parametrize(
    ("name_of", "as_found"),
    [
        (lambda name: name, unpacked),
        (lambda name: name.replace("-idx", ".idx"), unpacked),
        (lambda name: f"{name}/{name}", unpacked),
        (lambda name: f"{name}.gz", unpacked),  # a browser that unpacks and keeps the name
        (lambda name: f"{name}.gz", packed_anew),
        (lambda name: name, packed_anew),
        (lambda name: name.replace("-idx", ".idx") + ".gz", bytes),
    ],
)
def test_official_files_are_known_however_they_are_named_and_packed(source, tmp_path, name_of, as_found):
    for file, content in FILES.items():
        path = tmp_path / "fashion-mnist" / name_of(file.removesuffix(".gz"))
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(as_found(content))
    bunch = fetch_offline(subset="all", data_home=tmp_path)
    np.testing.assert_array_equal(bunch.data[7:].ravel(), np.arange(4 * 784) % 251)
    np.testing.assert_array_equal(bunch.target, [*(np.arange(7) * 3 % 10), *(np.arange(4) * 3 % 10)])


def test_an_official_file_beside_a_foreign_one_is_taken(source, home):
    (home / "fashion-mnist" / LABELS).write_bytes(unpacked(FILES[f"{LABELS}.gz"]))
    (home / "fashion-mnist" / f"{LABELS}.gz").write_bytes(b"cut off")
    assert len(fetch_offline(data_home=home).data) == 7


def test_a_file_that_unpacks_without_end_is_refused_early(source, home, monkeypatch):
    monkeypatch.setattr(_official, "_MOST_BYTES", 1 << 21)
    (home / "fashion-mnist" / f"{LABELS}.gz").write_bytes(gzip.compress(bytes(1 << 26)))

    def fetch():
        with pytest.raises(OSError, match="damaged or another"):
            fetch_offline(data_home=home)

    assert peak_of(fetch) < 1 << 23


def test_missing_file_without_download(source, tmp_path):
    with pytest.raises(
        OSError,
        match=r"train-images-idx3-ubyte.gz is not there, and download_if_missing=False\. To work without a network",
    ):
        fetch_offline(data_home=tmp_path, download_if_missing=False)
    assert list(tmp_path.iterdir()) == []


def test_offline_without_files_says_what_to_place_where(source, tmp_path):
    with pytest.raises(OSError, match="no mirror gave it") as info:
        fetch_offline(data_home=tmp_path)
    for text in (*source.mirrors, *source.checksums, str(tmp_path / "fashion-mnist")):
        assert text in str(info.value)


def use_mirrors(monkeypatch, source, *mirrors):
    monkeypatch.setattr(_fashion_mnist, "SOURCE", dataclasses.replace(source, mirrors=mirrors))


def test_download_takes_the_next_mirror(source, mirror, monkeypatch, tmp_path):
    use_mirrors(monkeypatch, source, "http://127.0.0.1:9/dead/", mirror + "missing/", mirror)
    assert len(fetch_offline(data_home=tmp_path).data) == 7
    names = sorted(path.name for path in (tmp_path / "fashion-mnist").iterdir())
    assert names == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]  # nothing temporary is left
    use_mirrors(monkeypatch, source, "http://127.0.0.1:9/dead/")
    assert len(fetch_offline(data_home=tmp_path).data) == 7  # from the cache


def test_a_mirror_with_other_content_is_refused(source, mirror, monkeypatch, tmp_path):
    wrong = dict.fromkeys(source.checksums, "0" * 64)
    changed = dataclasses.replace(source, mirrors=(mirror,), checksums=wrong)
    monkeypatch.setattr(_fashion_mnist, "SOURCE", changed)
    with pytest.raises(OSError, match="differs from expected"):
        fetch_offline(data_home=tmp_path)
    assert list((tmp_path / "fashion-mnist").iterdir()) == []


def test_concurrent_downloads(source, mirror, monkeypatch, tmp_path):
    use_mirrors(monkeypatch, source, mirror)
    sizes = []
    threads = [
        threading.Thread(target=lambda: sizes.append(len(fetch_offline(data_home=tmp_path).data))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sizes == [7] * 6


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((3, 28, 27), np.uint8), np.zeros(3, np.uint8), "uint8"),
        (np.zeros((3, 28, 28), np.uint8), np.zeros(2, np.uint8), "for 3 images"),
        (np.zeros((3, 28, 28), np.uint8), np.array([0, 10, 1], np.uint8), "the label 10; labels are 0 to 9"),
    ],
)
def test_files_that_do_not_belong_together(source, monkeypatch, tmp_path, images, labels, message):
    contents = {IMAGES: idx_bytes(images), LABELS: idx_bytes(labels)}
    (tmp_path / "fashion-mnist").mkdir()
    for name, content in contents.items():
        (tmp_path / "fashion-mnist" / name).write_bytes(content)
    expected = {name: sha256(content) for name, content in contents.items()}
    monkeypatch.setattr(_fashion_mnist, "SOURCE", dataclasses.replace(source, contents=expected))
    with pytest.raises(ValueError, match=message):
        fetch_offline(data_home=tmp_path)


def test_files_without_a_checksum_of_their_contents(home, monkeypatch):
    (home / "fashion-mnist").rename(home / "kmnist")
    checksums = {name: sha256(content) for name, content in FILES.items()}
    monkeypatch.setattr(_kmnist, "SOURCE", dataclasses.replace(_kmnist.SOURCE, checksums=checksums, mirrors=()))
    bunch = fetch_kmnist(data_home=home, subset="all")
    assert len(bunch.data) == 11
    assert bunch.target_names[2] == "su"
    path = home / "kmnist" / f"{LABELS}.gz"
    for content in (packed_anew(FILES[path.name]), FILES[path.name][:-3]):  # nothing tells one from the other
        path.write_bytes(content)
        with pytest.raises(OSError, match="damaged or another data set's"):
            fetch_kmnist(data_home=home)
    path.unlink()
    with pytest.raises(OSError, match="place these files, as they are published, in"):
        fetch_kmnist(data_home=home)


@pytest.mark.parametrize(
    ("parameter", "value"), [("subset", "valid"), ("n_retries", -1), ("as_frame", "yes"), ("data_home", 3)]
)
def test_bad_parameter(parameter, value):
    with pytest.raises(ValueError, match=f"The '{parameter}' parameter of fetch_mnist must be"):
        fetch_mnist(**{parameter: value})


def test_import_loads_no_torch():
    code = "import sys, skfashion, skfashion.datasets; print('torch' in sys.modules, 'skorch' in sys.modules)"
    assert run_python(code).split() == ["False", "False"]


def test_missing_pandas_names_the_extra(source, home, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"skfashion\[pandas\]"):
        fetch_offline(data_home=home, as_frame=True)


@pytest.mark.real_data
def test_real_files(fashion_mnist):
    (X, y), (X_test, y_test) = fashion_mnist
    assert X.shape == (60000, 784)
    assert X_test.shape == (10000, 784)
    np.testing.assert_array_equal(np.bincount(y), np.full(10, 6000))
    np.testing.assert_array_equal(np.bincount(y_test), np.full(10, 1000))
    assert X.mean() / 255 == pytest.approx(0.2860, abs=5e-5)
    assert X.std() / 255 == pytest.approx(0.3530, abs=5e-5)


@pytest.mark.real_data
def test_loading_stays_within_memory(fashion_mnist):
    code = """
        import sklearn.datasets
        import skfashion.datasets
        before = peak_mb()
        skfashion.datasets.fetch_fashion_mnist(download_if_missing=False)
        print(peak_mb() - before)
    """
    assert 45 < float(run_python(code)) < 120


def test_the_largest_official_file_is_known_when_it_is_packed_anew(tmp_path):
    """The training images of the MNIST family, which are far larger than those that tests make."""
    content = bytes(16 + 60_000 * 28 * 28)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(content, 1))
    found = _official.find_official(
        tmp_path, path.name.removesuffix(".gz"), "0" * 64, hashlib.sha256(content).hexdigest()
    )
    assert found == path


def test_a_mirror_that_does_not_speak_http_is_passed_over(source, monkeypatch, tmp_path):
    """http.client's errors are no OSErrors."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_all():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1 << 16)
                    connection.sendall(b"SSH-2.0-OpenSSH\r\n")

        threading.Thread(target=answer_all, daemon=True).start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        use_mirrors(monkeypatch, source, address, "http://127.0.0.1:9/second/")
        with pytest.raises(OSError, match="no mirror gave it") as info:
            fetch_offline(data_home=tmp_path)
        with contextlib.suppress(OSError):  # not every system has a listening socket to shut down
            server.shutdown(socket.SHUT_RDWR)
    assert address in str(info.value)
    assert "second" in str(info.value)
