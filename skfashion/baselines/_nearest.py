"""Exact nearest-neighbour search by matrix products, in blocks of queries; the search among uint8 pixels.

A block of queries is multiplied with all training rows. The products give *ranks*, which order the training rows of a
query as their distances do. Training rows are divided into groups, and only groups whose smallest rank is small enough
are searched.
"""

from functools import cache

import numpy as np
import torch
from scipy.sparse import csr_array

from skfashion._device import cpu_capabilities
from skfashion._private_torch import _int_mm
from skfashion._state import neutral_state
from skfashion._tensors import borrowed

# Memory for the ranks of a block of queries, and for the queries themselves in float64.
BLOCK_BYTES = 2**26

# Training rows per group.
GROUP = 64


@neutral_state()
def nearest(search, X, k):
    """Return the distances of the `k` nearest training rows of each row of X, and their indices, both (n, k).

    Rows at the same distance come in the order of their index.
    """
    distances, indices = np.empty((len(X), k)), np.empty((len(X), k), dtype=np.int64)
    bytes_per_query = max(4 * search.width, 8 * X.shape[1])
    size = min(len(X), max(1, BLOCK_BYTES // bytes_per_query))
    # One buffer for all blocks: to allocate a new one for each takes longer than the products.
    memory = torch.empty(size * search.width, dtype=search.rank_dtype, device=search.device)
    for start in range(0, len(X), size):
        block = slice(start, start + size)
        distances[block], indices[block] = search.nearest(X[block], k, memory)
    return distances, indices


def links_to(index, weights, n_columns):
    """The weights of the links from each row to those at `index` (n, k) as a sparse matrix (n, n_columns)."""
    starts = np.arange(0, index.size + 1, index.shape[1])
    return csr_array((weights, index.ravel(), starts), shape=(len(index), n_columns))


def pad_to_group(n):
    """The smallest multiple of the group size that is at least `n`."""
    return n + -n % GROUP


@cache
@neutral_state()
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
    in_floats = None  # the FloatSearch for queries of another dtype, made when there are any

    def __init__(self, X):
        self.n, self.width = len(X), pad_to_group(len(X))
        self.rows = np.zeros((self.width, X.shape[1]), dtype=np.int8)
        self.rows[: self.n] = _to_int8(X)
        self.squares = _squares(self.rows)
        self.squares[self.n :] = 2**30  # the padding of the last group is far from everything

    def __getstate__(self):
        """The state without the search that can be made again."""
        return {name: value for name, value in vars(self).items() if name != "in_floats"}

    @staticmethod
    def suits(X, metric, device):
        """Whether this search is exact for the rows X, and faster than one in float32."""
        capabilities = cpu_capabilities()
        fast = any(capabilities.get(name, False) for name in ("avx512_vnni", "avx_vnni", "amx_int8"))
        # A rank is at most 3 n_features squares of 128, and has to stay below that of the padding.
        # With fewer than 4 features torch's products of int8 are wrong.
        in_range = X.shape[1] >= 4 and 3 * 128**2 * X.shape[1] < 2**30
        return (
            X.dtype == np.uint8
            and metric != "cosine"
            and device.type == "cpu"
            and fast
            and in_range
            and int8_is_exact()
        )

    def training_rows(self, index=slice(None)):
        """All rows, or those at `index`, as uint8."""
        return self.rows[: self.n][index].view(np.uint8) ^ np.uint8(128)

    def nearest(self, X, k, memory):
        """Return distances and indices of the `k` nearest training rows of each of the uint8 rows X.

        `memory` holds at least len(X) ranks of all rows.
        """
        queries = _to_int8(X)
        ranks = memory[: len(X) * self.width].view(len(X), self.width)
        _int_mm(borrowed(queries), borrowed(self.rows).t(), out=ranks)
        torch.add(borrowed(self.squares), ranks, alpha=-2, out=ranks)
        rank, row = _smallest_of_groups(ranks, k)
        squared = rank + _squares(queries)[:, None]
        return np.sqrt(squared, dtype=np.float64) / 255, row


def _smallest_of_groups(ranks, k):
    """The `k` smallest ranks (int32) of each row and their columns; of equal ranks those of the first columns."""
    groups = ranks.view(len(ranks), -1, GROUP)
    if k > groups.shape[1]:
        column = _argsmallest(ranks, k)
        return ranks.gather(1, column).numpy(), column.numpy()
    # The k groups with the smallest minima hold k ranks at most as large as the largest of these minima: no other group
    # holds a smaller one.
    group = _argsmallest(groups.amin(2), k).sort(dim=1).values
    members = groups.gather(1, group[:, :, None].expand(-1, -1, GROUP)).flatten(1)
    position = _argsmallest(members, k)
    column = group.gather(1, position // GROUP) * GROUP + position % GROUP
    return members.gather(1, position).numpy(), column.numpy()


def _argsmallest(values, k):
    """The columns of the `k` smallest values (int32) of each row, in order; of equal values the first."""
    n = values.shape[1]
    return (values.long() * n + torch.arange(n)).topk(k, dim=1, largest=False).indices


def _to_int8(X):
    """uint8 pixels minus 128, as int8."""
    return (X ^ np.uint8(128)).view(np.int8)


def _squares(rows):
    """The sum of the squares of each row of int8, as int32."""
    blocks = borrowed(rows).split(1024)
    return torch.cat([block.int().square_().sum(1, dtype=torch.int32) for block in blocks]).numpy()
