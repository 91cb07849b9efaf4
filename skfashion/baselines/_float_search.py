"""Exact nearest-neighbour search among floats: products preselect candidates, distances in float64 decide."""

import numpy as np
import torch

from skfashion._device import resolve_device
from skfashion._pixels import scaled
from skfashion.baselines._nearest import BLOCK_BYTES, GROUP, pad_to_group

# Rows that are converted to float64 at a time.
_ROWS = 1024

# Rows this many times farther from the center than the median row are searched separately.
_REACH = 16

# If a query is this many times farther from the training rows than these are from each other, float32 cannot rank them.
_FAR = 1e15

# An upper bound of the relative rounding error of a length in float64.
_SURE = 1e-9

# The smallest scale of rows; below it distances are zero in float64.
_LEAST = 1e-100


class FloatSearch:
    """Search by float32 products that preselect candidates, whose distances are then computed in float64.

    Rounding moves a rank by no more than a known bound, so that no neighbour is lost. Data that would make the bound
    useless are treated separately: copies of a row are searched as one, and rows far from the others around a center of
    their own. A query that still has many candidates in float32 is searched in float64.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        The training rows.
    metric : {"euclidean", "sqeuclidean", "cosine"}
        The metric.
    device : torch.device
        The device of the products.

    References
    ----------
    N. Higham, *Accuracy and Stability of Numerical Algorithms*, 2002, section 3.1, bounds the rounding of a dot
    product.
    """

    rank_dtype = torch.float32

    def __init__(self, X, metric, device):
        self.X, self.cosine, self.device = X, metric == "cosine", device
        # What several processes share of a file, none of them is to hold once more.
        self.keeps_float32 = not isinstance(X, np.memmap) or device.type != "cpu"
        self.members, self.starts, self.sizes = _copies(X)
        # A row of zeros has no direction: its cosine distance from every row is 1.
        zero = self._is_zero(X[self.members[self.starts]])
        self.zeros = np.flatnonzero(zero)
        self.parts = list(self._parts(np.flatnonzero(~zero)))
        self.width = max((part.width for part in self.parts), default=GROUP)

    def __getstate__(self):
        """Hold the rows once: those in float32 are computed again."""
        return {"X": self.X, "metric": "cosine" if self.cosine else "euclidean", "device": str(self.device)}

    def __setstate__(self, state):
        """Prepare the rows on the device where they were, or on the processor if this machine has no such device."""
        try:
            device = resolve_device(state["device"])
        except ValueError:
            device = torch.device("cpu")
        self.__init__(state["X"], state["metric"], device)

    def training_rows(self, index=slice(None)):
        """All rows, or those at `index`, in their own dtype."""
        return self.X[index]

    def nearest(self, X, k, memory):
        """Return distances and indices of the `k` nearest training rows of each of the rows X.

        `memory` holds at least len(X) ranks of all rows.
        """
        distance, index = self._choose(len(X), *self.candidates(X, k, memory), k)
        nowhere = self._is_zero(X)
        distance[nowhere], index[nowhere] = 1.0, np.arange(k)
        return distance, index

    def candidates(self, X, k, memory):
        """Return query, distinct row and distance of all that may be among the `k` nearest distinct rows of X."""
        queries = self.measured(X)
        far = self._absorb_all_rows(queries)
        candidates = [self._first(queries, np.flatnonzero(far), k)]
        near = np.flatnonzero(~far)
        for part, index in zip(self.parts, self._within_reach(queries[near], k), strict=True):
            if len(index):
                candidates.append(part.candidates(queries, near[index], k, memory))
        if len(self.zeros):
            candidates.append(self._zeros(len(X), k))
        query, row, distance = (np.concatenate(arrays) for arrays in zip(*candidates, strict=True))
        if self.cosine:
            return query, row, (distance**2 / 2).clip(max=2)
        return query, row, distance / (255 if self.X.dtype == np.uint8 else 1)

    def _absorb_all_rows(self, queries):
        """Which queries are so far away that all rows are at the same distance from them, bit by bit, in float64.

        A value that is much larger than that of all rows absorbs it, and its square those of the others.
        """
        if self.cosine:
            return np.zeros(len(queries), dtype=bool)
        rows, queries = np.max([abs(part.center) + part.reach for part in self.parts], axis=0), np.abs(queries)
        absorbs = rows < np.spacing(queries) / 4
        least = np.where(absorbs, queries, queries.max(axis=1, keepdims=True)).min(axis=1)
        others = np.where(absorbs, 0, (queries + rows) ** 2).sum(axis=1)
        return absorbs.any(axis=1) & (others < np.spacing(least**2) / 4)

    def _first(self, queries, index, k):
        """The first `k` distinct rows and their distances, for the queries at `index`."""
        k = min(k, len(self.starts))
        query, row = np.repeat(index, k), np.tile(np.arange(k), len(index))
        return query, row, _distances(queries, query, self.distinct, row)

    def _zeros(self, n_queries, k):
        """The first rows of zeros for each query: at a right angle to it."""
        zeros = np.tile(self.zeros[:k], (n_queries, 1))
        return np.repeat(np.arange(n_queries), zeros.shape[1]), zeros.ravel(), np.full(zeros.size, np.sqrt(2))

    def _within_reach(self, queries, k):
        """For each part the queries for which it may hold one of the `k` nearest distinct rows."""
        if len(self.parts) < 2:
            return [np.arange(len(queries))] * len(self.parts)
        away = np.stack([_length(queries - part.center) for part in self.parts])
        reach = np.array([[part.reach] for part in self.parts])
        enough = np.array([[len(part.rows) >= k] for part in self.parts])
        nearest = np.where(enough, away + reach, np.inf).min(axis=0)  # the k rows of one part are that near
        return [np.flatnonzero(near) for near in away - reach <= nearest * (1 + _SURE) + _SURE * away]

    def _choose(self, n_queries, query, row, distance, k):
        """The `k` nearest of each query, from distinct rows to all rows."""
        order = np.lexsort((self.members[self.starts[row]], distance, query))
        query, row, distance = query[order], row[order], distance[order]
        counts = np.minimum(self.sizes[row], k)
        before = np.cumsum(counts) - counts
        before -= before[np.searchsorted(query, query)]
        enough = np.flatnonzero(before < k)  # and what is as near as the last of these
        limit = distance[enough[np.searchsorted(query[enough], np.arange(n_queries), side="right") - 1]]
        is_near = distance <= limit[query]
        query, row, distance, counts = (array[is_near] for array in (query, row, distance, counts))
        copy = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        index = self.members[np.repeat(self.starts[row], counts) + copy]
        query, distance = np.repeat(query, counts), np.repeat(distance, counts)
        order = np.lexsort((index, distance, query))
        chosen = order[np.searchsorted(query, np.arange(n_queries))[:, None] + np.arange(k)]
        return distance[chosen], index[chosen]

    def _parts(self, rows):
        """Divide rows, positions among the distinct ones, into parts around a center each."""
        generator = np.random.default_rng(0)  # rows in equal steps may be alike
        while len(rows):
            sample = generator.choice(rows, min(len(rows), _ROWS), replace=False)
            center = np.median(self.distinct(sample), axis=0)
            length = np.concatenate([_length(block - center) for _, block in self.blocks(rows)])
            near = length <= _REACH * np.median(length)
            yield _Part(self, rows[near], center, length[near])
            rows = rows[~near]

    def blocks(self, rows):
        """Yield slices of `rows` and the distinct rows there, in float64."""
        size = max(1, min(_ROWS, BLOCK_BYTES // (8 * self.X.shape[1])))
        for start in range(0, len(rows), size):
            block = slice(start, min(start + size, len(rows)))
            yield block, self.distinct(rows[block])

    def distinct(self, rows):
        """The distinct rows at these positions, measured."""
        return self.measured(self.X[self.members[self.starts[rows]]])

    def measured(self, X):
        """Rows as float64 on the scale on which they are compared.

        That is length 1 for the cosine, and else that of the training rows: of levels the integers, so that equal
        distances come out equal.
        """
        if self.cosine:
            return _normalize_rows(scaled(X))
        if self.X.dtype == np.uint8:
            return X.astype(np.float64) * (1 if X.dtype == np.uint8 else 255)
        return scaled(X)

    def _is_zero(self, X):
        return ~X.any(axis=1) if self.cosine else np.zeros(len(X), dtype=bool)


class _Part:
    """Distinct rows of a search that lie around one center.

    Parameters
    ----------
    search : FloatSearch
        The search that holds the rows.
    rows : ndarray of shape (n,), int
        Positions among its distinct rows, in order.
    center : ndarray of shape (n_features,)
        The center, around which rows are short and the bound of the rounding error small.
    length : ndarray of shape (n,)
        The distances of the rows from the center.
    """

    def __init__(self, search, rows, center, length):
        self.search, self.rows, self.center = search, rows, center
        self.reach = length.max()
        self.factor = 1 / max(self.reach, _LEAST)  # rows get the length 1 at most: no square is too large
        self.width = pad_to_group(len(rows))
        self.squares = torch.from_numpy(((length * self.factor) ** 2).astype(np.float32)).to(search.device)
        self.float32_rows = self._all_converted() if search.keeps_float32 else None

    def _around_center(self, X):
        return (X - self.center) * self.factor

    def _converted(self):
        """Yield slices of the rows and the rows there, around the center, as float32 on the device of the search."""
        for block, values in self.search.blocks(self.rows):
            yield block, torch.from_numpy(self._around_center(values).astype(np.float32)).to(self.search.device)

    def _all_converted(self):
        shape = len(self.rows), len(self.center)
        rows = torch.empty(shape, dtype=torch.float32, device=self.search.device)
        for block, values in self._converted():
            rows[block] = values
        return rows

    def candidates(self, X, index, k, memory):
        """Return query, distinct row and distance of the candidates of the measured queries X[index]."""
        X, k = X[index], min(k, len(self.rows))
        queries = self._around_center(X)
        query, row = self._preselected(queries, k, memory)
        crowded = np.flatnonzero(np.bincount(query, minlength=len(X)) == 0)  # queries of too many candidates
        pieces = [(query, row, self._distances(X, query, row))]
        if len(crowded):
            pieces += [
                (crowded[query], row, distance)
                for query, row, distance in self._in_float64(X[crowded], queries[crowded], k)
            ]
        query, row, distance = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
        return index[query], self.rows[row], distance

    def _preselected(self, queries, k, memory):
        """Query and row of all whose rank in float32 is small enough; none for queries with too many of them."""
        length = _length(queries)
        margin = 2 * self._rounding(length, 2.0**-24, 4 * _matmul_rounding())
        margin += 2 * len(self.center) * np.finfo(np.float32).tiny  # of products too small for float32
        ranks = memory[: len(queries) * self.width].view(len(queries), self.width)
        factors = torch.from_numpy(queries.clip(-_FAR, _FAR).astype(np.float32)).to(self.search.device)
        kept = None if self.float32_rows is None else [(slice(0, len(self.rows)), self.float32_rows)]
        for block, rows in kept or self._converted():
            torch.addmm(self.squares[block], factors, rows.t(), alpha=-2, out=ranks[:, block])
        ranks[:, len(self.rows) :] = torch.inf  # the padding of the last group is far from everything
        rankable = torch.from_numpy(length < _FAR).to(self.search.device)
        margin = torch.from_numpy(margin.clip(max=_FAR**2).astype(np.float32)).to(self.search.device)
        return _candidates_below(ranks, k, margin, rankable, most=_max_candidates(k, len(self.rows)))

    def _in_float64(self, X, queries, k):
        """Yield query, row and distance of the candidates in one block of rows after the other, by float64 ranks."""
        margin = 2 * self._rounding(_length(queries), 2.0**-53, 0)[:, None]
        best = np.full((len(X), k), np.inf)
        for block, values in self.search.blocks(self.rows):
            n = len(values)
            around = torch.from_numpy(self._around_center(values))
            ranks = torch.addmm(around.square().sum(1), torch.from_numpy(queries), around.t(), alpha=-2).numpy()
            smallest = np.partition(ranks, min(k, n) - 1, axis=1)[:, :k]
            best = np.partition(np.concatenate([best, smallest], axis=1), k - 1, axis=1)[:, :k]
            is_candidate = ranks <= best[:, [k - 1]] + margin
            is_crowded = is_candidate.sum(axis=1) > _max_candidates(k, n)
            query, row = np.nonzero(is_candidate & ~is_crowded[:, None])
            yield query, block.start + row, self._distances(X, query, block.start + row)
            for query, row, distance in _nearest_of(X, values, np.flatnonzero(is_crowded), is_candidate, k):
                yield query, block.start + row, distance

    def _distances(self, X, query, row):
        return _distances(X, query, self.search.distinct, self.rows[row])

    def _rounding(self, length, unit, matmul_rounding):
        """An upper bound of the rounding error of a rank, for queries of this length around the center.

        The products of rows of length 1 at most are off by n units of |row| |query|; the second term covers distances
        that differ and are equal in float64, or the other way round.
        """
        n_features = len(self.center)
        products = ((n_features + 16) * unit + matmul_rounding) * (2 * length + 1)
        return products + (n_features + 16) * 2.0**-52 * (length + 1) ** 2


def _distances(X, query, rows, row):
    """Distances of pairs of a row of X and a row that the function `rows` returns for an index."""
    distances = np.empty(len(query))
    size = max(1, BLOCK_BYTES // (16 * X.shape[1]))
    for start in range(0, len(query), size):
        block = slice(start, start + size)
        distances[block] = _cdist(X[query[block]][:, None], rows(row[block])[:, None])[:, 0, 0]
    return distances


def _max_candidates(k, n):
    """The number of candidates of a query above which products in float64 cost less than their distances."""
    return 4 * k + n // 256


def _candidates_below(ranks, k, margin, rankable, *, most):
    """Query and row of all ranks at most `margin` above the `k` smallest of their query.

    A rank is off by half the margin of its query at most, so that these include the `k` smallest true ranks. Queries
    that are not `rankable`, and those with more candidates than `most`, are left out.
    """
    groups = ranks.view(len(ranks), -1, GROUP)
    minima = groups.amin(2)
    # The k-th smallest minimum of the groups is an upper bound of the k-th smallest rank.
    limit = (minima if k <= minima.shape[1] else ranks).kthvalue(k, dim=1).values + margin
    open_groups = minima <= limit[:, None]
    open_groups &= (rankable & (open_groups.sum(1) <= most))[:, None]
    query, group = torch.nonzero(open_groups, as_tuple=True)
    members = groups[query, group] <= limit[query, None]
    pair, offset = torch.nonzero(members, as_tuple=True)
    query, row = query[pair], group[pair] * GROUP + offset
    few = torch.bincount(query, minlength=len(ranks)) <= most
    return tuple(index[few[query]].cpu().numpy() for index in (query, row))


def _cdist(X, Y):
    """Euclidean distances of each two rows, from their differences; one kernel, so that equal ones come out equal."""
    mode = "donot_use_mm_for_euclid_dist"
    return torch.cdist(torch.from_numpy(X), torch.from_numpy(Y), compute_mode=mode).numpy()


def _nearest_of(X, rows, queries, is_candidate, k):
    """Yield query, row and distance of the `k` nearest of many candidates of each query."""
    most_rows = is_candidate[queries].mean(axis=1) > 1 / 4
    together = queries[most_rows]
    if len(together):  # one call for all: many small ones wait for each other on busy cores
        distance = _cdist(X[together], rows)
        row = np.argsort(distance, axis=1, kind="stable")[:, :k]
        distance = np.take_along_axis(distance, row, axis=1)
        yield np.repeat(together, row.shape[1]), row.ravel(), distance.ravel()
    for query in queries[~most_rows]:
        row = np.flatnonzero(is_candidate[query])
        distance = _cdist(X[query : query + 1], rows[row])[0]
        chosen = np.argsort(distance, kind="stable")[:k]
        yield np.full(len(chosen), query), row[chosen], distance[chosen]


def _length(X):
    return np.sqrt((X**2).sum(axis=1))


def _copies(X):
    """Indices of rows, copies of one row together and in order; the start and the number of each distinct row."""
    hashes = np.array([hash(row.tobytes()) for row in X])
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    first = first[inverse]
    copy = np.flatnonzero(first != np.arange(len(X)))
    for start in range(0, len(copy), _ROWS):  # hashes of different rows may be equal
        block = copy[start : start + _ROWS]
        other = block[(X[block] != X[first[block]]).any(axis=1)]
        first[other] = other
    members = np.argsort(first, kind="stable")
    _, starts, sizes = np.unique(first[members], return_index=True, return_counts=True)
    return members, starts, sizes


def _matmul_rounding():
    """Relative error of a factor of a float32 matmul under torch's current precision setting (TF32, bfloat16)."""
    backends = (torch.backends, torch.backends.cuda.matmul, torch.backends.mkldnn.matmul)
    if any(getattr(backend, "fp32_precision", "none") in ("tf32", "bf16") for backend in backends):
        return 2.0**-8
    return {"highest": 0.0, "high": 2.0**-10, "medium": 2.0**-8}[torch.get_float32_matmul_precision()]


def _normalize_rows(X):
    """Rows of length 1; a row of zeros stays one."""
    # By a power of two, which is exact, so that no square is too small for float64.
    X = np.ldexp(X, -np.frexp(np.abs(X).max(axis=1, keepdims=True))[1])
    length = np.sqrt((X**2).sum(axis=1, keepdims=True))
    return X / np.where(length == 0, 1, length)
