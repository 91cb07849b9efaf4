"""Exact nearest neighbours as matrix products.

A block of queries is multiplied with all training rows. The products give *ranks*, which order the training rows of a
query as their distances do. Training rows are taken in groups, and only groups whose smallest rank is small are looked
into.
"""

from functools import cache

import numpy as np
import torch

from skfashion._borrowed import borrowed
from skfashion._device import cpu_capabilities
from skfashion._private_torch import _int_mm

# What the ranks of a block of queries may take, and the queries themselves in float64.
BLOCK_BYTES = 2**26

# Training rows in a group.
GROUP = 64


def nearest(search, X, k):
    """Return the distances of the `k` nearest training rows of each row of X, and their indices, both (n, k).

    Rows at the same distance come in the order of their index.
    """
    distances, indices = np.empty((len(X), k)), np.empty((len(X), k), dtype=np.int64)
    bytes_of_a_query = max(4 * search.width, 8 * X.shape[1])
    size = min(len(X), max(1, BLOCK_BYTES // bytes_of_a_query))
    # One piece of memory for all blocks: to ask for a new one each time takes longer than the products.
    memory = torch.empty(size * search.width, dtype=search.rank_dtype, device=search.device)
    for start in range(0, len(X), size):
        block = slice(start, start + size)
        distances[block], indices[block] = search.nearest(X[block], k, memory)
    return distances, indices


def in_groups(n):
    """How many rows `n` rows are when the last group is filled up."""
    return n + -n % GROUP


@cache
def int8_is_exact():
    """Whether products of int8 are exact in this process: some kernels saturate sums of two products."""
    rows = torch.tensor([[-128, 127], [127, -128], [-128, -128], [127, 127]], dtype=torch.int8).repeat(1, 392)
    return torch.equal(_int_mm(rows, rows.t()), rows.int() @ rows.int().t())


class IntegerSearch:
    """Euclidean neighbours among uint8 pixels by products of int8, which are exact.

    Its arrays are numpy's, so that joblib can map them into the memory of several processes.

    Parameters
    ----------
    X : ndarray of shape (n, n_features), uint8
        The training rows.
    """

    rank_dtype = torch.int32
    device = torch.device("cpu")
    in_floats = None  # the search for queries that are no uint8, once there are any

    def __init__(self, X):
        self.n, self.width = len(X), in_groups(len(X))
        self.rows = np.zeros((self.width, X.shape[1]), dtype=np.int8)
        self.rows[: self.n] = _shifted(X)
        self.squares = _squares(self.rows)
        self.squares[self.n :] = 2**30  # what fills the last group is far from everything

    def __getstate__(self):
        """Without what can be made again."""
        return {name: value for name, value in vars(self).items() if name != "in_floats"}

    @staticmethod
    def suits(X, metric, device):
        """Whether rows can be searched so, and faster than in float32."""
        capabilities = cpu_capabilities()
        fast = any(capabilities.get(name, False) for name in ("avx512_vnni", "avx_vnni", "amx_int8"))
        # A rank is at most 3 n_features squares of 128, and has to stay below that of the filling.
        # Of fewer than 4 features torch's products of int8 are wrong.
        small = X.shape[1] >= 4 and 3 * 128**2 * X.shape[1] < 2**30
        return (
            X.dtype == np.uint8 and metric != "cosine" and device.type == "cpu" and fast and small and int8_is_exact()
        )

    def training_rows(self, index=slice(None)):
        """The rows, or some of them, as they were given."""
        return self.rows[: self.n][index].view(np.uint8) ^ np.uint8(128)

    def nearest(self, X, k, memory):
        """Return distances and indices of the `k` nearest training rows of each of the uint8 rows X.

        `memory` holds at least len(X) ranks of all rows.
        """
        queries = _shifted(X)
        ranks = memory[: len(X) * self.width].view(len(X), self.width)
        _int_mm(borrowed(queries), borrowed(self.rows).t(), out=ranks)
        torch.add(borrowed(self.squares), ranks, alpha=-2, out=ranks)
        rank, row = _smallest_of_groups(ranks, k)
        squared = rank + _squares(queries)[:, None]
        return np.sqrt(squared, dtype=np.float64) / 255, row


def _smallest_of_groups(ranks, k):
    """The `k` smallest of each row of int32 ranks and their columns; of equal ranks those of the first columns."""
    groups = ranks.view(len(ranks), -1, GROUP)
    if k > groups.shape[1]:
        column = _first(ranks, k)
        return ranks.gather(1, column).numpy(), column.numpy()
    # In each of the k groups with the smallest minima there is one at least: no other group is needed.
    group = _first(groups.amin(2), k).sort(dim=1).values
    members = groups.gather(1, group[:, :, None].expand(-1, -1, GROUP)).flatten(1)
    at = _first(members, k)
    column = group.gather(1, at // GROUP) * GROUP + at % GROUP
    return members.gather(1, at).numpy(), column.numpy()


def _first(values, k):
    """The columns of the `k` smallest of each row of int32, in order; of equal ones the first."""
    n = values.shape[1]
    return (values.long() * n + torch.arange(n)).topk(k, dim=1, largest=False).indices


def _shifted(X):
    """uint8 pixels minus 128, as int8."""
    return (X ^ np.uint8(128)).view(np.int8)


def _squares(rows):
    """The sum of the squares of each row of int8, as int32."""
    blocks = borrowed(rows).split(1024)
    return torch.cat([block.int().square_().sum(1, dtype=torch.int32) for block in blocks]).numpy()
