"""A small web service around a classifier of images that ``skfashion.persistence.to_onnx`` has written.

It needs neither torch nor scikit-learn nor skfashion: see ``requirements.txt``, and ``README.md`` for how to call it.
"""

import argparse
import contextlib
import io
import json
import os
from pathlib import Path

import anyio
import numpy as np
import onnxruntime
import uvicorn
from PIL import Image, ImageOps
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CONTENT_TYPES = ("image/png", "image/jpeg")
MAX_BYTES = 8 * 2**20
# A file of some kilobytes may stand for gigabytes of pixels.
MAX_PIXELS = 20_000_000
Image.MAX_IMAGE_PIXELS = None  # this limit is in its place
LIMITS = {"limit_concurrency": 100, "timeout_graceful_shutdown": 10}

BACKGROUNDS = {"white": 255, "black": 0}
OPTIONS = {"invert": ("false", "true"), "background": tuple(BACKGROUNDS)}

ACCEPTED = {"method": "POST /predict", "body": "one image", "content_types": CONTENT_TYPES, "query": OPTIONS}
ACCEPTED |= {"max_bytes": MAX_BYTES, "max_pixels": MAX_PIXELS}


class Model:
    """A classifier in an ONNX file, and the images that it takes. Threads may share it."""

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # requests run side by side, an image is too small to be shared among threads
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        known = {name: json.loads(text) for name, text in self.session.get_modelmeta().custom_metadata_map.items()}
        missing = sorted({"classes", "image_shape", "channels_last", "pixel_scale"} - set(known))
        if missing:
            raise SystemExit(f"{path} does not say what its {', '.join(missing)} are: it is not an image classifier.")
        if known["pixel_scale"] == "numbers" or known["image_shape"][0] not in (1, 3):
            raise SystemExit(f"{path} takes no grey or colour images of levels from 0 to 255, or brightness.")
        self.name = Path(path).name
        self.classes, self.channels_last = known["classes"], known["channels_last"]
        self.channels, self.height, self.width = known["image_shape"]
        self.takes_levels = self.session.get_inputs()[0].type == "tensor(uint8)"

    def predict(self, content, invert, background):
        """The answer for the content of a file."""
        pixels = self.pixels(content, background)
        if invert:
            pixels = 255 - pixels
        if self.channels == 3 and not self.channels_last:
            pixels = np.moveaxis(pixels, 2, 0)
        return self.answer(np.ascontiguousarray(pixels).reshape(1, -1))

    def answer(self, levels):
        """The answer for one row of levels."""
        X = levels if self.takes_levels else levels.astype(np.float32) / np.float32(255)
        names = [output.name for output in self.session.get_outputs()]
        outputs = dict(zip(names, self.session.run(None, {"X": X}), strict=True))
        result = {"label": np.asarray(outputs["label"]).tolist()[0]}
        if "probabilities" in outputs:
            pairs = zip(self.classes, outputs["probabilities"][0].tolist(), strict=True)
            result["probabilities"] = [{"class": label, "probability": share} for label, share in pairs]
        return result

    def pixels(self, content, background):
        """An image as levels (height, width), or (height, width, 3), in the steps of skfashion's ImageReader."""
        mode = "RGB" if self.channels == 3 else "L"
        try:
            with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise HTTPException(413, f"the image has {image.width} x {image.height} pixels")
                image.draft(mode, (2 * max(self.width, self.height),) * 2)  # a JPEG is decoded no larger than needed
                image = flat(ImageOps.exif_transpose(image), background)
                return np.asarray(fitted(image.convert(mode), (self.width, self.height), background))
        except HTTPException:
            raise
        except Exception as error:  # decoders raise errors of many kinds
            raise HTTPException(
                422, f"the body is no image that can be read: {error or type(error).__name__}"
            ) from error


def flat(image, background):
    """An image of levels of 8 bits, with the background where it is transparent."""
    if image.mode.startswith("I"):  # 16 bits
        return Image.fromarray((np.asarray(image) // 257).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        behind = Image.new("RGBA", image.size, (background,) * 3 + (255,))
        return Image.alpha_composite(behind, image).convert("RGB")
    return image


def fitted(image, size, background):
    """All of an image in another size (width, height): proportions stay, and beside it is the background."""
    if image.size == size:
        return image
    share = min(size[0] / image.width, size[1] / image.height)
    inner = tuple(max(1, round(share * n)) for n in image.size)
    whole = Image.new(image.mode, size, background if image.mode == "L" else (background,) * 3)
    whole.paste(image.resize(inner), tuple((outer - n) // 2 for outer, n in zip(size, inner, strict=True)))
    return whole


def options_of(request):
    """The query, in which nothing is ignored."""
    for name, value in request.query_params.multi_items():
        if value not in OPTIONS.get(name, ()):
            raise HTTPException(422, f"the query has {name}={value}")
    query = request.query_params
    return {"invert": query.get("invert") == "true", "background": BACKGROUNDS[query.get("background", "white")]}


async def body_of(request):
    """The body, which is given up as soon as it is too large."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in CONTENT_TYPES:
        raise HTTPException(415, f"the content type is {content_type or 'missing'}")
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BYTES:
            raise HTTPException(413, f"the body has more than {MAX_BYTES} bytes")
    if not content:
        raise HTTPException(400, "the body is empty")
    return bytes(content)


async def predict(request):
    options, content = options_of(request), await body_of(request)
    model, limiter = request.app.state.model, request.app.state.limiter
    return JSONResponse(await anyio.to_thread.run_sync(lambda: model.predict(content, **options), limiter=limiter))


async def describe(request):
    model = request.app.state.model
    resize = "turned as EXIF says, made grey or RGB, resized with its proportions kept, centred on the background"
    images = {"height": model.height, "width": model.width, "channels": model.channels, "prepared": resize}
    return JSONResponse({"model": model.name, "classes": model.classes, "images": images, "accepts": ACCEPTED})


async def health(request):
    return JSONResponse({"status": "ok"})


async def refusal(request, error):
    """An error as JSON, with what would have been right."""
    content = {"error": error.detail, "accepts": ACCEPTED}
    return JSONResponse(content, status_code=error.status_code, headers=error.headers)


async def failure(request, error):
    return JSONResponse({"error": "the service has failed; its log says how"}, status_code=500)


async def gone(request, error):
    return Response(status_code=400)  # nobody is there to read it


def application(model):
    """The service of a model, which decodes and predicts on as many threads as there are processors."""

    @contextlib.asynccontextmanager
    async def lifespan(app):
        app.state.model, app.state.limiter = model, anyio.CapacityLimiter(os.cpu_count() or 1)
        yield

    routes = [
        Route("/", describe, methods=["GET"]),
        Route("/health", health, methods=["GET"]),
        Route("/predict", predict, methods=["POST"]),
    ]
    handlers = {HTTPException: refusal, ClientDisconnect: gone, Exception: failure}
    return Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)


def main():
    parser = argparse.ArgumentParser(description="Serve a classifier of images from an ONNX file.")
    parser.add_argument("model", help="the ONNX file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    app = application(Model(arguments.model))
    uvicorn.run(app, host=arguments.host, port=arguments.port, log_level="warning", **LIMITS)


if __name__ == "__main__":
    main()
