"""The lowest confidence at which predictions are kept, so that few of them are wrong."""

from numbers import Real
from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn.utils import check_scalar

from skfashion.metrics._checks import check_confidence_level
from skfashion.metrics._confidence import risk_coverage_curve

# The shares of the predictions that are tried first. Smaller ones would help only who keeps next to nothing.
_STARTS = np.array([1 / 8, 1 / 4, 1 / 2])


class RiskThreshold(NamedTuple):
    """A threshold of confidence, and what is known of the predictions that reach it.

    Attributes
    ----------
    threshold : float
        The lowest confidence of a prediction that is kept.
    coverage : float
        The share of predictions that were kept, in (0, 1].
    risk : float
        The share of errors among these, in [0, 1].
    bound : float
        An upper bound on the share of errors among new predictions that are kept, in [0, 1].

    Examples
    --------
    >>> from skfashion.metrics import threshold_for_risk
    >>> threshold_for_risk([0] * 200, [0] * 200, range(200), risk=0.05).threshold
    0.0
    """

    threshold: float
    coverage: float
    risk: float
    bound: float


def threshold_for_risk(y_true, y_pred, confidence, *, risk, confidence_level=0.95):
    """The lowest confidence threshold above which the share of errors stays below a risk, with high probability.

    Among the given predictions that reach the threshold, the share of errors is below `risk` by a margin. The margin is
    such that it also stays below `risk` for new predictions of the same kind, with a probability of `confidence_level`
    over the draw of the given ones.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,)
        True and predicted labels of images that the classifier was neither trained nor calibrated on.
    confidence : array-like of shape (n_samples,)
        Finite numbers, higher for predictions that are kept first, for instance the probability of the predicted class.
    risk : float in (0, 1)
        The share of errors that is accepted among the predictions that are kept.
    confidence_level : float in (0, 1), default=0.95
        The probability with which new predictions that are kept have no higher share of errors in the long run.

    Returns
    -------
    RiskThreshold
        ``threshold``, ``coverage``, ``risk`` and ``bound``. A prediction is kept if ``confidence >= threshold``.

    Raises
    ------
    ValueError
        If no threshold can be certified to control the risk, lengths differ, a confidence is not finite, or labels are
        not class labels or mix types, such as 1 and "1".

    See Also
    --------
    risk_coverage_curve : Errors for every threshold, without a bound.

    Notes
    -----
    The bound is that of Clopper and Pearson, as in [1]_. Choosing the best of many thresholds by their errors would
    make it too optimistic. So an eighth, a quarter and a half of the predictions are tried, each at a third of the
    allowed probability, and starting from the largest share that passes, thresholds are lowered one by one until the
    bound exceeds the risk (fixed-sequence testing, [2]_). The guarantee is exact if a lower threshold never has a lower
    risk, which holds for a useful confidence. Where confidences often repeat, the probability is approximate. There is
    no guarantee for images from another distribution.

    References
    ----------
    .. [1] Y. Geifman and R. El-Yaniv, `Selective Classification for Deep Neural Networks
       <https://arxiv.org/abs/1705.08500>`_, 2017.
    .. [2] A. Angelopoulos et al., `Learn then Test: Calibrating Predictive Algorithms to Achieve Risk Control
       <https://arxiv.org/abs/2110.01052>`_, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skfashion.metrics import threshold_for_risk
    >>> rng = np.random.default_rng(0)
    >>> confidence = rng.uniform(0.5, 1, size=2000)
    >>> y_pred = (rng.uniform(size=2000) > confidence).astype(int)  # 0 is right
    >>> kept = threshold_for_risk(np.zeros(2000), y_pred, confidence, risk=0.1)
    >>> print(f"{kept.coverage:.0%} are kept, {kept.risk:.1%} of them are wrong, at most {kept.bound:.1%} in general")
    33% are kept, 7.5% of them are wrong, at most 10.0% in general
    """
    check_scalar(risk, "risk", Real, min_val=0, max_val=1, include_boundaries="neither")
    check_confidence_level(confidence_level)
    curve = risk_coverage_curve(y_true, y_pred, confidence)
    n_samples = len(y_true)
    n_kept = np.rint(curve.coverage * n_samples)
    bounds = _upper_bounds(np.rint(curve.risk * n_kept), n_kept, (1 - confidence_level) / len(_STARTS))
    passes = bounds <= risk
    starts = np.searchsorted(n_kept, n_samples * _STARTS)
    if not passes[starts].any():
        best = starts[bounds[starts].argmin()]
        raise ValueError(
            f"No threshold keeps the risk below {risk:g} with a probability of {confidence_level:g}: of the "
            f"{n_kept[best]:.0f} most confident predictions, {curve.risk[best]:.2%} are wrong, which is known to stay "
            f"below {bounds[best]:.2%} only. Pass more predictions, or accept a higher risk."
        )
    start = starts[passes[starts]].max()
    last = start + np.append(passes[start:], False).argmin() - 1
    return RiskThreshold(*(float(values[last]) for values in (curve.thresholds, curve.coverage, curve.risk, bounds)))


def _upper_bounds(n_wrong, n_kept, probability):
    """What the risk exceeds with no more than this probability.

    The threshold is the confidence of one of the predictions: that one is no evidence.
    """
    n = n_kept - 1
    return np.where(n_wrong < n, stats.beta.ppf(1 - probability, n_wrong + 1, np.maximum(n - n_wrong, 0.5)), 1.0)
