"""Draw small pictures of garments: a stand-in for Fashion-MNIST that needs no file and no network."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_random_state

from skfashion._layout import Layout
from skfashion._private_sklearn import Interval, validate_params

_SIZE = 28

# How soft an edge is, as a fraction of half the picture's width: about one pixel.
_EDGE = 0.07


class _Canvas:
    """Coordinates of `n` pictures, each with its own position, size and lean, and shapes drawn on them.

    A shape is an array of shape (n, 28, 28) with values in [0, 1]: how much of a pixel it covers. Arguments of shapes
    are arrays of shape (n, 1, 1) or numbers; x grows to the right and y downwards, both from -1 to 1.
    """

    def __init__(self, n, rng, spread):
        self.n, self.rng = n, rng
        grid = (np.arange(_SIZE) + 0.5) / _SIZE * 2 - 1
        scale = 0.8 * self.uniform(1 - 0.08 * spread, 1 + 0.08 * spread)
        lean = self.uniform(-0.06 * spread, 0.06 * spread)
        # Four positions and two sides: a class has many modes, and no single template serves it.
        y = (grid[None, :, None] - self.side() * 0.15 * spread - self.uniform(-0.02, 0.02)) / scale
        x = (grid[None, None, :] - self.side() * 0.2 * spread - self.uniform(-0.02, 0.02)) / scale
        self.x, self.y = (x + lean * y) * self.side(), y + 0 * x

    def side(self):
        """-1 or 1 for each picture."""
        return 1 - 2 * self.rng.integers(0, 2, size=(self.n, 1, 1))

    def uniform(self, low, high):
        return self.rng.uniform(low, high, size=(self.n, 1, 1))

    def cover(self, distance):
        """Coverage of the region where the signed `distance` to its edge is negative."""
        return np.clip(0.5 - distance / _EDGE, 0, 1)

    def trapezoid(self, top, bottom, top_width, bottom_width):
        share = np.clip((self.y - top) / (bottom - top), 0, 1)
        side = np.abs(self.x) - (top_width + (bottom_width - top_width) * share)
        return self.cover(np.maximum(side, np.maximum(top - self.y, self.y - bottom)))

    def stroke(self, x0, y0, x1, y1, thickness):
        """A line from (x0, y0) to (x1, y1) with round ends."""
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((self.x - x0) * dx + (self.y - y0) * dy) / (dx**2 + dy**2 + 1e-9), 0, 1)
        return self.cover(np.hypot(self.x - x0 - along * dx, self.y - y0 - along * dy) - thickness)

    def sleeves(self, shoulder, top, reach, drop, thickness):
        """Two arms, mirrored."""
        left = self.stroke(-shoulder, top, -shoulder - reach, top + drop, thickness)
        return np.maximum(left, self.stroke(shoulder, top, shoulder + reach, top + drop, thickness))

    def ellipse(self, x, y, width, height):
        radius = np.hypot((self.x - x) / width, (self.y - y) / height)
        return self.cover((radius - 1) * np.minimum(width, height))


def _union(*shapes):
    return np.maximum.reduce(shapes)


def _without(shape, hole):
    return shape * (1 - hole)


def _top(c, bottom, sleeve, drop, waist=0.0):
    """The common cut of T-shirt, pullover, coat and shirt: a trunk and two arms that can be of many lengths."""
    width = c.uniform(0.36, 0.52)
    trunk = c.trapezoid(-0.72, bottom, width, width + c.uniform(-0.08, 0.1) + waist)
    arms = c.sleeves(width - 0.08, -0.58, sleeve, drop, c.uniform(0.11, 0.17))
    neck = c.ellipse(0, -0.76, c.uniform(0.12, 0.24), c.uniform(0.06, 0.2))
    return _without(_union(trunk, arms), neck)


def _t_shirt(c):
    return _top(c, c.uniform(0.5, 0.85), c.uniform(0.16, 0.36), c.uniform(0.12, 0.45))


def _trouser(c):
    hip, hem = c.uniform(0.26, 0.38), c.uniform(0.1, 0.3)
    bottom = c.uniform(0.6, 0.92)
    gap = c.trapezoid(c.uniform(-0.45, 0.1), bottom + 0.2, 0.0, c.uniform(0.02, 0.16))
    return _without(c.trapezoid(-0.85, bottom, hip, hip + hem - 0.15), gap)


def _pullover(c):
    return _top(c, c.uniform(0.5, 0.8), c.uniform(0.14, 0.34), c.uniform(0.75, 1.2))


def _dress(c):
    width, waist = c.uniform(0.2, 0.36), c.uniform(-0.35, 0.0)
    upper = c.trapezoid(-0.88, waist, width, width - 0.06)
    skirt = c.trapezoid(waist, c.uniform(0.6, 0.95), width - 0.06, width + c.uniform(0.0, 0.3))
    arms = c.sleeves(width - 0.08, -0.72, c.uniform(-0.02, 0.28), c.uniform(0.05, 0.7), c.uniform(0.06, 0.12))
    neck = c.ellipse(0, -0.9, 0.12, c.uniform(0.05, 0.2))
    return _without(_union(upper, skirt, arms), neck)


def _coat(c):
    body = _top(c, c.uniform(0.68, 0.95), c.uniform(0.14, 0.32), c.uniform(0.8, 1.25), waist=0.04)
    opening = c.stroke(c.uniform(-0.05, 0.05), c.uniform(-0.6, -0.3), c.uniform(-0.05, 0.05), 1.0, 0.015)
    return _without(body, c.uniform(0.3, 1.0) * opening)


def _shirt(c):
    body = _top(c, c.uniform(0.55, 0.88), c.uniform(0.15, 0.34), c.uniform(0.3, 1.15))
    buttons = c.stroke(0, -0.55, 0, 0.9, 0.01) * (np.sin(c.y * c.uniform(14, 22)) > 0)
    collar = c.sleeves(0.02, -0.52, 0.16, -0.2, 0.025)
    return _without(body, c.uniform(0.2, 0.9) * _union(buttons, collar))


def _sole(c, thickness):
    return c.stroke(-0.75, 0.42, 0.75, 0.42 + c.uniform(-0.12, 0.0), thickness)


def _sandal(c):
    heel = c.stroke(0.7, c.uniform(0.0, 0.35), 0.72, 0.5, c.uniform(0.03, 0.1))
    straps = [
        c.stroke(c.uniform(-0.7, 0.6), 0.4, c.uniform(-0.5, 0.75), c.uniform(-0.35, 0.15), c.uniform(0.03, 0.08))
        for _ in range(3)
    ]
    return _union(_sole(c, c.uniform(0.05, 0.13)), heel, *straps)


def _sneaker(c):
    toe = c.ellipse(-0.35, 0.34, c.uniform(0.45, 0.52), c.uniform(0.2, 0.32))
    back = c.stroke(0.1, c.uniform(0.0, 0.2), 0.62, c.uniform(-0.1, 0.12), c.uniform(0.16, 0.24))
    laces = c.stroke(-0.3, 0.2, 0.2, -0.05, 0.03)
    body = _union(toe, back, c.trapezoid(0.15, 0.48, 0.5, 0.74))
    return _union(_without(body, c.uniform(0.0, 0.8) * laces), _sole(c, c.uniform(0.06, 0.12)))


def _bag(c):
    top, width = c.uniform(-0.4, 0.0), c.uniform(0.5, 0.8)
    body = c.trapezoid(top, c.uniform(0.55, 0.8), width, width + c.uniform(-0.1, 0.1))
    outer, reach = c.uniform(0.25, 0.5), c.uniform(0.15, 0.55)
    handle = _without(c.ellipse(0, top, outer, reach), c.ellipse(0, top, outer - 0.1, reach - 0.1))
    return _union(body, c.uniform(0.0, 1.0).round() * handle)


def _ankle_boot(c):
    shaft = c.trapezoid(c.uniform(-0.85, -0.35), 0.4, c.uniform(0.2, 0.28), 0.3)
    shaft = np.roll(shaft, 5, axis=2)
    toe = c.ellipse(-0.3, 0.34, c.uniform(0.44, 0.54), c.uniform(0.2, 0.34))
    heel = c.stroke(0.55, 0.4, 0.6, c.uniform(0.5, 0.72), c.uniform(0.06, 0.12))
    return _union(shaft, toe, heel, _sole(c, c.uniform(0.05, 0.1)))


_DRAW = {
    "T-shirt/top": _t_shirt,
    "Trouser": _trouser,
    "Pullover": _pullover,
    "Dress": _dress,
    "Coat": _coat,
    "Sandal": _sandal,
    "Shirt": _shirt,
    "Sneaker": _sneaker,
    "Bag": _bag,
    "Ankle boot": _ankle_boot,
}


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, 1, closed="both")],
        "spread": [Interval(Real, 0, 2, closed="both")],
        "random_state": ["random_state"],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_garments(n_samples=1000, *, noise=0.05, spread=1.0, random_state=None, return_X_y=False):
    """Draw garments of ten classes, varied in cut, position, brightness, texture and noise.

    The pictures have the size, the classes and the difficulty pattern of Fashion-MNIST: tops resemble each other, shoes
    resemble each other, and position and texture vary so that a linear model is clearly worse than nearest
    neighbours, and these worse than a small convolutional network.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of pictures. The classes are balanced as far as possible, in random order.

    noise : float in [0, 1], default=0.05
        Standard deviation of the noise in each pixel, as a fraction of the full range.

    spread : float in [0, 2], default=1.0
        How far position, size and lean vary; 0 puts every garment in the middle.

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same pictures in every call.

    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    :class:`~sklearn.utils.Bunch` or tuple
        With the attributes `data` (uint8, shape (n_samples, 784)), `images` (a view of shape (n_samples, 28, 28)),
        `target` (int64, 0 to 9), `target_names`, `feature_names` and `DESCR`, as from :func:`fetch_fashion_mnist`.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Examples
    --------
    >>> from skfashion.datasets import make_garments
    >>> garments = make_garments(100, random_state=0)
    >>> garments.images.shape, garments.images.dtype
    ((100, 28, 28), dtype('uint8'))
    >>> garments.target_names[1]
    'Trouser'
    """
    if random_state is None:  # without numpy's global generator
        rng = np.random.default_rng()
    else:  # a legacy RandomState only seeds: the pictures come from a Generator of their own
        rng = np.random.default_rng(check_random_state(random_state).randint(np.iinfo(np.int32).max, size=4))
    target = rng.permutation(np.arange(n_samples) % len(_DRAW)).astype(np.int64)
    images = np.empty((n_samples, _SIZE, _SIZE), dtype=np.uint8)
    for label, draw in enumerate(_DRAW.values()):
        rows = np.flatnonzero(target == label)
        # Blocks bound the memory of the float drawings.
        for block in np.array_split(rows, max(1, len(rows) // 500)):
            images[block] = _picture(_Canvas(len(block), rng, spread), draw, noise)
    data = images.reshape(n_samples, -1)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        images=images,
        target=target,
        target_names=list(_DRAW),
        feature_names=Layout((1, _SIZE, _SIZE)).pixel_names(),
        DESCR="Procedurally drawn garments in ten classes, 28 x 28 grey pixels; see skfashion.datasets.make_garments.",
    )


def _picture(canvas, draw, noise):
    """Draw a shape, give it a brightness and a texture, and add noise."""
    cloth = canvas.uniform(0.6, 1.0) * (1 - _texture(canvas))
    pixels = draw(canvas) * cloth + noise * canvas.rng.standard_normal((canvas.n, _SIZE, _SIZE))
    return np.rint(255 * np.clip(pixels, 0, 1)).astype(np.uint8)


def _texture(canvas):
    """Darkness in [0, 0.8]: stripes of any direction, width and contrast, on a shading from one side."""
    angle, frequency = canvas.uniform(0, np.pi), canvas.uniform(6, 22)
    wave = np.sin((canvas.x * np.cos(angle) + canvas.y * np.sin(angle)) * frequency + canvas.uniform(0, 6.3))
    contrast = canvas.uniform(-0.5, 0.8).clip(0)  # about a third have none
    return np.clip(0.4 * contrast * (1 + wave) + 0.075 * (1 + canvas.x), 0, 0.8)
