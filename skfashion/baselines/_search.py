"""Exact nearest neighbours as matrix products.

A block of queries is multiplied with all training rows. The products give *ranks*, which order the training rows of a
query as their distances do. Training rows are taken in groups, and only groups whose smallest rank is small are looked
into.
"""

from functools import cache

import numpy as np
import torch

from skfashion._device import resolve_device
from skfashion._images import scaled

# What the ranks of a block of queries may take, and the rows that are compared again in float64.
_BLOCK_BYTES = 2**26

# Queries that are farther from the training rows than these from each other, by this factor, are not told apart in
# float32.
_FAR = 1e15

# Training rows in a group.
_GROUP = 64


def nearest(search, X, k):
    """Return the distances of the `k` nearest training rows of each row of X, and their indices, both (n, k).

    Rows at the same distance come in the order of their index.
    """
    distances, indices = np.empty((len(X), k)), np.empty((len(X), k), dtype=np.int64)
    size = min(len(X), max(1, _BLOCK_BYTES // (4 * len(search.rows))))
    # One piece of memory for all blocks: to ask for a new one each time takes longer than the products.
    ranks = torch.empty((size, len(search.rows)), dtype=search.rank_dtype, device=search.rows.device)
    for start in range(0, len(X), size):
        block = X[start : start + size]
        query, row, distance = search.candidates(block, k, ranks[: len(block)])
        order = np.lexsort((row, distance, query))
        first = np.searchsorted(query[order], np.arange(len(block)))
        chosen = order[first[:, None] + np.arange(k)]
        distances[start : start + len(block)], indices[start : start + len(block)] = distance[chosen], row[chosen]
    return distances, indices


def _small(ranks, k, n, *, slack=0, excess=None):
    """Query and row of all that may be among the `k` smallest true ranks of their query, and the ranks given.

    A true rank is less than the one given by half the `slack` of the query at most, and greater by that and the
    `excess` of the row. `n` is the number of rows, without those that fill the last group.
    """
    ranks = ranks.view(len(ranks), -1, _GROUP)
    minima = ranks.amin(2)
    if k <= minima.shape[1]:  # in each of the k groups with the smallest maxima of their best there is one
        most = minima if excess is None else minima + excess.view(-1, _GROUP).amax(1)
    else:
        most = ranks.flatten(1) if excess is None else ranks.flatten(1) + excess
    limit = most.kthvalue(k, dim=1).values + slack
    query, group = torch.nonzero(minima <= limit[:, None], as_tuple=True)
    members = ranks[query, group]
    pair, offset = torch.nonzero(members <= limit[query, None], as_tuple=True)
    row = group[pair] * _GROUP + offset
    real = row < n  # the last group is filled up
    return tuple(found[real].cpu().numpy() for found in (query[pair], row, members[pair, offset]))


@cache
def int8_is_exact():
    """Whether products of int8 are exact in this process: some kernels saturate sums of two products."""
    rows = torch.tensor([[-128, 127], [127, -128], [-128, -128], [127, 127]], dtype=torch.int8).repeat(1, 392)
    return torch.equal(torch._int_mm(rows, rows.t()), rows.int() @ rows.int().t())


class IntegerSearch:
    """Euclidean neighbours among uint8 pixels by products of int8, which are exact.

    Parameters
    ----------
    X : ndarray of shape (n, n_features), uint8
        The training rows.
    """

    rank_dtype = torch.int32

    def __init__(self, X):
        self.n = len(X)
        self.rows = _filled(_shifted(X))
        self.squares = _squares(self.rows)
        self.squares[self.n :] = 2**30  # what fills the last group is far from everything

    @staticmethod
    def suits(X, metric, device):
        """Whether rows can be searched so, and faster than in float32."""
        capabilities = torch.cpu.get_capabilities()
        fast = any(capabilities.get(name, False) for name in ("avx512_vnni", "avx_vnni", "amx_int8"))
        # A rank is at most 3 n_features squares of 128, and has to stay below that of the filling.
        # Of fewer than 4 features torch's products of int8 are wrong.
        small = X.shape[1] >= 4 and 3 * 128**2 * X.shape[1] < 2**30
        return (
            X.dtype == np.uint8 and metric != "cosine" and device.type == "cpu" and fast and small and int8_is_exact()
        )

    def training_rows(self):
        """The rows as they were given."""
        return self.rows[: self.n].numpy().view(np.uint8) ^ np.uint8(128)

    def candidates(self, X, k, ranks):
        """Return query, row and distance of at least the `k` nearest training rows of each of the uint8 rows X.

        `ranks` is memory of shape (len(X), len(rows)) to work in.
        """
        queries = _shifted(X)
        torch._int_mm(queries, self.rows.t(), out=ranks)
        torch.add(self.squares, ranks, alpha=-2, out=ranks)
        query, row, rank = _small(ranks, k, self.n)
        squared = rank + _squares(queries).numpy()[query]
        return query, row, np.sqrt(squared, dtype=np.float64) / 255


class FloatSearch:
    """Neighbours by float32 products that only preselect: their distances are computed again in float64.

    Rounding moves a rank by no more than a known bound, so that no neighbour is lost.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        The training rows.
    metric : {"euclidean", "sqeuclidean", "cosine"}
        Of the distances.
    device : torch.device
        Where to multiply.

    References
    ----------
    N. Higham, *Accuracy and Stability of Numerical Algorithms*, 2002, section 3.1, bounds the rounding of a dot
    product.
    """

    rank_dtype = torch.float32

    def __init__(self, X, metric, device):
        self.X = X
        self.cosine = metric == "cosine"
        self.device = device
        # Around their center rows are short, and so is the bound.
        self.center = 0.0 if self.cosine else X.mean(axis=0, dtype=np.float64) / (255 if X.dtype == np.uint8 else 1)
        # Of length 1 at most, so that no square is too large or too small for float32.
        self.factor = 1.0
        longest = (
            max(float((self._rows(X[i : i + 1024]) ** 2).sum(axis=1).max()) for i in range(0, len(X), 1024)) ** 0.5
        )
        self.factor = 1 / longest if longest > 0 else 1.0
        self.rows = _filled(self._prepared(X)).to(device)
        self.squares = self.rows.square().sum(1)

    def __reduce__(self):
        """Rows in float32 are made again, where the device is known: a pickle holds the rows once."""
        return _restored, (self.X, "cosine" if self.cosine else "euclidean", str(self.device))

    def training_rows(self):
        """The rows as they were given."""
        return self.X

    def _prepared(self, X):
        """Float32 rows: around the center, or of length 1."""
        prepared = np.empty(X.shape, dtype=np.float32)
        for start in range(0, len(X), 1024):
            rows = self._rows(X[start : start + 1024])
            prepared[start : start + len(rows)] = rows.clip(-_FAR, _FAR)
        return torch.from_numpy(prepared)

    def _rows(self, X):
        """The same in float64."""
        return _unit(scaled(X)) if self.cosine else (scaled(X) - self.center) * self.factor

    def candidates(self, X, k, ranks):
        """Return query, row and distance of at least the `k` nearest training rows of each of the rows X.

        `ranks` is memory of shape (len(X), len(rows)) to work in.
        """
        queries = self._prepared(X).to(self.device)
        unit = self._rounding()
        underflow = self.rows.shape[1] * torch.finfo(torch.float32).tiny  # of products too small for float32
        excess = 2 * unit * self.squares + underflow
        bias = -excess if self.cosine else self.squares - excess
        bias[len(self.X) :] = torch.inf  # what fills the last group
        torch.addmm(bias, queries, self.rows.t(), alpha=-1 if self.cosine else -2, out=ranks)
        slack = 2 * unit * queries.square().sum(1) + underflow
        far = slack > _FAR / 10  # from such a query all training rows look alike in float32: every one is a candidate
        ranks[far], slack[far] = 0, 0
        query, row, _ = _small(ranks, k, len(self.X), slack=slack, excess=2 * excess)
        distance = np.empty(len(query))
        size = max(1, _BLOCK_BYTES // (16 * X.shape[1]))
        for start in range(0, len(query), size):
            some = slice(start, start + size)
            distance[some] = self._distances(X[query[some]], self.X[row[some]])
        return query, row, distance

    def _rounding(self):
        """The bound of the rounding of a rank, over the square of a row and the square of the query.

        That of the products is n units of |row| |query|, which is at most half of the sum of the squares.
        """
        return (self.rows.shape[1] + 16) * 2.0**-24 + 4 * _shortened()

    def _distances(self, X, Y):
        """Row by row, in float64; of pixels as integers, so that equal distances come out equal."""
        if self.cosine:
            return (1 - (_unit(scaled(X)) * _unit(scaled(Y))).sum(axis=1)).clip(0, 2)
        if X.dtype == Y.dtype == np.uint8:
            return np.sqrt(((X.astype(np.float64) - Y) ** 2).sum(axis=1)) / 255
        return np.sqrt(((scaled(X) - scaled(Y)) ** 2).sum(axis=1))


def _shortened():
    """By how much a factor of float32 products may be off, as users may let torch shorten it."""
    backends = (torch.backends, torch.backends.cuda.matmul, torch.backends.mkldnn.matmul)
    if any(getattr(backend, "fp32_precision", "none") in ("tf32", "bf16") for backend in backends):
        return 2.0**-8
    return {"highest": 0.0, "high": 2.0**-10, "medium": 2.0**-8}[torch.get_float32_matmul_precision()]


def _filled(rows):
    """Rows up to a multiple of the size of a group; the new ones hold zeros."""
    missing = -len(rows) % _GROUP
    return torch.cat([rows, rows.new_zeros((missing, rows.shape[1]))]) if missing else rows


def _shifted(X):
    """uint8 pixels minus 128, as int8."""
    return torch.from_numpy((X ^ np.uint8(128)).view(np.int8))


def _squares(rows):
    """The sum of the squares of each row of int8."""
    return torch.cat([block.int().square_().sum(1, dtype=torch.int32) for block in rows.split(1024)])


def _unit(X):
    """Rows of length 1; a row of zeros stays one."""
    # By a power of two, which is exact, so that no square is too small for float64.
    X = np.ldexp(X, -np.frexp(np.abs(X).max(axis=1, keepdims=True))[1])
    length = np.sqrt((X**2).sum(axis=1, keepdims=True))
    return X / np.where(length == 0, 1, length)


def _restored(X, metric, device):
    """A search on the device where it was, or on the processor if this machine has no such device."""
    try:
        device = resolve_device(device)
    except ValueError:
        device = torch.device("cpu")
    return FloatSearch(X, metric, device)
