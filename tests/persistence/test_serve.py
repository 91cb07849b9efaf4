"""The web service of the examples answers as the estimator does, without torch."""

import http.client
import io
import json
import os
import socket
import struct
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx_files  # noqa: F401 skips where the extra "onnx" is missing
import pytest
from PIL import Image

from skfashion.neural_network import CNNClassifier, MLPClassifier
from skfashion.persistence import to_onnx
from skfashion.preprocessing import ImageReader

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/serve"

ROTATED = 6  # of EXIF: the camera was held upright


class Service:
    """A running service, and the estimator behind it."""

    def __init__(self, estimator, images, port):
        self.estimator = estimator
        self.images = images
        self.port = port

    def ask(self, path, body=None, *, method="POST", content_type="image/png"):
        """The status and the JSON of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {} if content_type is None else {"Content-Type": content_type}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def classify(self, body, query="", content_type="image/png"):
        """The label and the probabilities, in the order of the classes."""
        status, answer = self.ask(f"/predict{query}", body, content_type=content_type)
        assert status == 200, answer
        assert [pair["class"] for pair in answer["probabilities"]] == self.estimator.classes_.tolist()
        return answer["label"], [pair["probability"] for pair in answer["probabilities"]]


def environment():
    """Without what would let Python find packages of this process."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The interpreter of an environment that holds what the example needs, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    program = folder / "bin/python"
    install = ["-m", "pip", "install", "-q", "-r", EXAMPLE / "requirements.txt", "-c", ROOT / "constraints.txt"]
    for command in ([sys.executable, "-m", "venv", folder], [program, *install]):
        done = subprocess.run(command, capture_output=True, text=True, env=environment())
        if done.returncode:
            pytest.skip(f"no environment can be made here: {done.stderr[-300:]}")
    return program


def grey(garments):
    X, y = garments
    return MLPClassifier((32,), batch_size=32, max_epochs=3, random_state=0), X.reshape(-1, 28, 28), y


def colour(garments):
    """Rows through height, width, channels; brightness; labels that are strings."""
    X, y = garments
    images = np.stack([X, X // 2, 255 - X], axis=-1).reshape(-1, 28, 28, 3)
    return CNNClassifier(batch_size=32, max_epochs=2, random_state=0), images, np.array(list("abcdefghij"))[y]


@pytest.fixture(scope="module", params=[grey, colour], ids=lambda make: make.__name__)
def service(request, python, garments, tmp_path_factory):
    estimator, images, y = request.param(garments)
    estimator.fit(images if images.ndim == 3 else as_brightness(images), y)
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    to_onnx(estimator, path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, EXAMPLE / "serve.py", path, "--port", str(port)]
    errors = path.with_suffix(".log")
    with errors.open("w") as log:
        process = subprocess.Popen(command, cwd=path.parent, env=environment(), stderr=log)
    try:
        running = Service(estimator, images, port)
        wait_until_healthy(running, process, errors)
        yield running
    finally:
        process.terminate()
        process.wait(30)
    assert errors.read_text() == ""


def wait_until_healthy(service, process, errors):
    for _ in range(300):
        assert process.poll() is None, errors.read_text()
        try:
            assert service.ask("/health", method="GET") == (200, {"status": "ok"})
            return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise TimeoutError("the service has not started")


def as_brightness(images):
    return images.astype(np.float32) / np.float32(255)


def proba(service, images):
    return service.estimator.predict_proba(images if images.ndim == 3 else as_brightness(images))


def file_of(image, kind="PNG", **settings):
    content = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(content, kind, **settings)
    return content.getvalue()


def bomb():
    """A PNG of some bytes that says it has billions of pixels."""
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"")))
    parts = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("package", ["torch", "sklearn", "skfashion"])
def test_the_environment_is_small(python, package, tmp_path):
    done = subprocess.run(
        [python, "-c", f"import {package}"], capture_output=True, text=True, env=environment(), cwd=tmp_path
    )
    assert f"No module named '{package}'" in done.stderr


def test_it_answers_as_the_estimator(service):
    expected = proba(service, service.images[:20])
    for image, shares in zip(service.images[:20], expected, strict=True):
        label, found = service.classify(file_of(image))
        assert found == pytest.approx(shares, abs=1e-4)
        assert label == service.estimator.classes_[np.argmax(found)]


def test_inversion(service):
    expected = proba(service, 255 - service.images[:1])[0]
    assert service.classify(file_of(service.images[0]), "?invert=true")[1] == pytest.approx(expected, abs=1e-4)
    plain = proba(service, service.images[:1])[0]
    assert service.classify(file_of(service.images[0]), "?invert=false")[1] == pytest.approx(plain, abs=1e-4)


@pytest.mark.parametrize("background", [("white", 255), ("black", 0)], ids=lambda pair: pair[0])
def test_photos_are_read_as_by_the_image_reader(service, background):
    name, level = background
    rng = np.random.default_rng(0)
    photo = Image.fromarray(rng.integers(0, 256, (90, 60, 4), dtype=np.uint8)).resize((300, 200))
    exif = Image.Exif()
    exif[0x0112] = ROTATED
    files = {
        "transparent": file_of(photo),
        "palette": file_of(photo.convert("RGB").quantize(16)),
        "16 bits": file_of(rng.integers(0, 2**16, (40, 50)).astype(np.uint16)),
        "turned": file_of(photo.convert("RGB"), "JPEG", exif=exif),
        "CMYK": file_of(photo.convert("CMYK"), "JPEG"),
        "large": file_of(photo.convert("RGB").resize((2000, 900)), "JPEG"),
        "narrow": file_of(photo.convert("L").resize((3, 500))),
        "one pixel": file_of(photo.convert("L").resize((1, 1))),
    }
    color = "grey" if service.images.ndim == 3 else "rgb"
    pixels = np.asarray(ImageReader((28, 28), color=color, background=level).fit_transform(list(files.values())))
    if color == "rgb":
        pixels = np.moveaxis(pixels.reshape(-1, 3, 28, 28), 1, -1)
    expected = proba(service, np.ascontiguousarray(pixels).reshape(-1, *service.images.shape[1:]))
    for (kind, content), shares in zip(files.items(), expected, strict=True):
        content_type = "image/png" if content.startswith(b"\x89PNG") else "image/jpeg; quality=any"
        found = service.classify(content, f"?background={name}", content_type)[1]
        assert found == pytest.approx(shares, abs=1e-4), kind


@pytest.mark.parametrize(
    ("status", "body", "changed"),
    [
        (400, b"", {}),
        (404, b"", {"path": "/elsewhere"}),
        (405, None, {"method": "GET"}),
        (413, bomb(), {}),
        (413, b"0" * (8 * 2**20 + 1), {}),
        (415, b"0", {"content_type": None}),
        (415, b"0", {"content_type": "image/gif"}),
        (422, b"no image", {}),
        (422, file_of(np.zeros((9, 9), np.uint8), "GIF"), {}),
        (422, file_of(np.eye(99, dtype=np.uint8))[:-60], {}),
        (422, b"\x89PNG\r\n\x1a\n", {}),
        (422, b"0", {"path": "/predict?invert=yes"}),
        (422, b"0", {"path": "/predict?inverted=true"}),
    ],
    ids=lambda value: "" if isinstance(value, (bytes, dict)) else str(value),
)
def test_what_is_wrong_is_refused(service, status, body, changed):
    found, answer = service.ask(**{"path": "/predict", "body": body, **changed})
    assert found == status
    assert answer["error"]
    assert answer["accepts"]["content_types"] == ["image/png", "image/jpeg"]
    assert service.ask("/health", method="GET")[0] == 200


def test_a_body_without_an_announced_length_is_counted(service):
    pieces = (b"0" * 2**20 for _ in range(9))
    assert service.ask("/predict", pieces)[0] == 413


def test_clients_that_leave_disturb_nobody(service):
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 99\r\n\r\n")
        client.sendall(b"half")
    assert service.ask("/health", method="GET")[0] == 200


def test_many_requests_at_once(service):
    expected = proba(service, service.images[:20])
    files = [file_of(image) for image in service.images[:20]]
    with ThreadPoolExecutor(20) as clients:
        found = list(clients.map(service.classify, files))
    assert [shares for _, shares in found] == [pytest.approx(shares, abs=1e-4) for shares in expected]


def test_it_says_what_it_is(service):
    status, answer = service.ask("/", method="GET")
    assert status == 200
    assert answer["model"] == "model.onnx"
    assert answer["classes"] == service.estimator.classes_.tolist()
    assert (answer["images"]["height"], answer["images"]["width"]) == (28, 28)
    assert answer["images"]["channels"] == (1 if service.images.ndim == 3 else 3)


def test_other_files_are_refused(python, tmp_path, garments):
    from sklearn.linear_model import Ridge

    X, y = garments
    to_onnx(Ridge().fit(X, y), tmp_path / "ridge.onnx")
    done = subprocess.run(
        [python, EXAMPLE / "serve.py", "ridge.onnx"], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "not an image classifier" in done.stderr
