"""Fits that run side by side, and the nets of all of them trained together where their shapes allow it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial

import torch
from sklearn import config_context, get_config

from skfashion._state import neutral_state
from skfashion.modules._dense import shapes
from skfashion.training._augmentation import mixes
from skfashion.training._epochs import MEETING
from skfashion.training._pack import Pack
from skfashion.training._threads import enough_threads, work_of_a_step

# The largest number of weights in a pack: with their gradients and the moments of Adam they take 16 bytes each.
_MAX_WEIGHTS = 2**25

# Multiplications in a step of all nets of a shape below which threads would mostly wait for each other: the Python code
# between the products, of which one thread runs at a time, takes longer than these.
_MIN_WORK = 2**24


def train_together(fits, n_jobs=1):
    """Let fits go on, and train the nets that they train together where their shapes allow it.

    Each runs in a thread of its own until it trains a net, pauses, or ends; then all nets that wait are trained, those
    of one pack together and up to `n_jobs` packs at a time; then the fits go on, until all of them have paused or
    ended. So they need not know of each other: one may fit a Pipeline, and score it. Whatever ends this, as Ctrl-C
    does, ends all of them.

    Parameters
    ----------
    fits : list of Fit
        Some may have ended already.
    n_jobs : int, default=1
        How many threads share the work; torch's own threads are divided among them.

    Returns
    -------
    list of Fit
        The same.
    """
    n_threads = torch.get_num_threads()
    try:
        with _workers(n_jobs, n_threads) as run:
            try:
                waiting = [fit for fit in fits if not fit.has_ended]
                while waiting:
                    run(Fit.go_on, waiting)
                    for fit in waiting:
                        if fit.error is not None and not isinstance(fit.error, Exception):  # Ctrl-C
                            raise fit.error
                    waiting = [fit for fit in fits if fit.net is not None]
                    with neutral_state():
                        _train_all(waiting, n_jobs, run)
            except BaseException:
                for fit in fits:
                    fit.cancelled.set()  # before the workers are waited for
                raise
    except BaseException:
        for fit in fits:
            fit.end()
        raise
    finally:
        torch.set_num_threads(n_threads)  # new threads start with what was set last, in whichever thread
    return fits


@contextmanager
def _workers(n_jobs, n_threads):
    """A function that applies another one to all items of a list, on `n_jobs` threads that share torch's own.

    A single job is done by the caller: torch's threads belong to the thread that uses them, and several sets of them
    would compete for the cores.
    """
    if n_jobs == 1:
        yield lambda function, items: [function(item) for item in items]
        return
    config = get_config()

    def configured(function, item):
        with config_context(**config):
            return function(item)

    share = max(1, n_threads // n_jobs)
    with ThreadPoolExecutor(n_jobs, initializer=torch.set_num_threads, initargs=(share,)) as pool:
        yield lambda function, items: list(pool.map(partial(configured, function), items))


class Fit:
    """A function in a thread of its own, which waits where a net is to be trained.

    Parameters
    ----------
    function : callable
        Without arguments.

    Attributes
    ----------
    result, error : object, BaseException
        What the function returned or raised.
    packed : bool
        Whether the last net that it trained was trained together with others.
    idle, training : float
        Seconds for which it waited while nets were trained, and its share of the seconds that this took.
    net : Net or None
        The net that waits to be trained, on `images`, for some `epochs`.
    outcome : BaseException or None
        How its training ended, if not after the last epoch.
    cancelled : threading.Event
        Set once the function is to end wherever it is.
    has_ended : bool
        Whether it has.
    """

    def __init__(self, function):
        self.function = function
        self.cancelled = threading.Event()
        self.has_ended = False
        self.result = self.error = self.net = self.images = self.outcome = None
        self.epochs = 0
        self.packed = False
        self.idle = self.training = 0.0
        self._may_run, self._waits = threading.Semaphore(0), threading.Semaphore(0)
        run = copy_context().run
        self._thread = threading.Thread(target=run, args=(self._run, get_config()), daemon=True)

    def go_on(self):
        """Let the function run until it trains a net, or to its end."""
        if not self._thread.ident:
            self._thread.start()
        self._may_run.release()
        self._waits.acquire()

    def end(self):
        """End a function that still waits."""
        self.cancelled.set()
        if self._thread.is_alive():
            self._may_run.release()
            self._thread.join()

    def begin_epoch(self):
        """Called before each epoch of a net that is trained alone."""
        if self.cancelled.is_set():
            raise KeyboardInterrupt

    def end_epoch(self, net):
        """Called after it; a fit has no reason to stop."""
        return False

    def wait_for_training(self, net, images, epochs):
        """Called by a net in the thread of the function: return once somebody has trained it."""
        self.net, self.images, self.epochs, self.outcome = net, images, epochs, None
        start = time.perf_counter()
        self._pause()
        self.idle += time.perf_counter() - start
        self.net = self.images = None
        if self.outcome is not None:
            raise self.outcome

    def _run(self, config):
        self._may_run.acquire()
        torch.set_num_threads(1)
        MEETING.set(self)
        try:
            if not self.cancelled.is_set():
                with config_context(**config):
                    self.result = self.function()
        except BaseException as error:
            self.error = error
        self.has_ended = True
        self._waits.release()

    def _pause(self):
        self.begin_epoch()
        self._waits.release()
        self._may_run.acquire()
        self.begin_epoch()


def _train_all(fits, n_jobs, run):
    """Train the nets of all fits: small ones by the caller, others by all jobs."""
    for fit in fits:
        fit.net._set_training(True)
    groups = _grouped(fits, _go_together, _share_data)
    # Nets that share their images with no other may still be steps of one loop.
    alone = [group[0] for group in groups if len(group) == 1]
    groups = [group for group in groups if len(group) > 1] + _grouped(alone, _go_together)
    small = [group for group in groups if len(group) > 1 and len(group) * work_of_a_step(group[0].net) < _MIN_WORK]
    for pack in _packs(small, n_jobs=1):
        _train(pack)
    run(_train, _packs([group for group in groups if group not in small], n_jobs))


def _grouped(fits, *relations):
    """Lists of fits of which each has all relations to the first one."""
    groups = []
    for fit in fits:
        group = next((group for group in groups if all(related(group[0], fit) for related in relations)), None)
        if group is None:
            groups.append([fit])
        else:
            group.append(fit)
    return groups


def _packs(groups, n_jobs):
    """Cut groups of fits into packs that are trained together, so that all jobs have equally much to do."""
    size = _best_size([len(group) for group in groups], n_jobs)
    packs = [pack for group in groups for pack in _cut(group, min(size, max(1, _MAX_WEIGHTS // _n_weights(group[0]))))]
    return sorted(packs, key=len, reverse=True)


def _n_weights(fit):
    return sum(weight.numel() for weight in fit.net.module_.parameters())


def _best_size(sizes, n_jobs):
    """The size with which `n_jobs` jobs finish first; among equals, few nets alone and large packs."""

    def cost(size):
        loads = [0] * n_jobs
        packs = [min(size, each - start) for each in sizes for start in range(0, each, size)]
        for pack in sorted(packs, reverse=True):  # each job takes what is largest next
            loads[loads.index(min(loads))] += 1 + pack  # a fixed cost for each pack
        return max(loads), packs.count(1)

    return min(range(max(sizes, default=1), 0, -1), key=cost)


def _cut(group, size):
    return [group[start : start + size] for start in range(0, len(group), size)]


def _go_together(one, other):
    """Whether two fits can be steps of one loop.

    Equally many images, which both mix or do not, the same metrics, products of the same sizes.
    """
    return (
        one.net.can_be_packed()
        and other.net.can_be_packed()
        and one.net.batch_size == other.net.batch_size
        and one.net.metrics is other.net.metrics
        and mixes(one.net.augmentation) == mixes(other.net.augmentation)
        and shapes(one.net.module_.dense_layers()) == shapes(other.net.module_.dense_layers())
        and one.images.is_cut_like(other.images)
    )


def _share_data(one, other):
    return one.images.has_data_of(other.images)


def _train(fits):
    """Train the nets of a pack; how that ended is left with each of them."""
    start = time.perf_counter()
    with enough_threads(len(fits) * work_of_a_step(fits[0].net)):
        if len(fits) == 1:
            _train_alone(fits[0])
        else:
            Pack(fits).run()
    seconds = time.perf_counter() - start
    for fit in fits:
        fit.packed = len(fits) > 1
        fit.training += seconds / len(fits)


def _train_alone(fit):
    if fit not in fit.net.listeners_:  # nor again in the next rung of a halving
        fit.net.listeners_.append(fit)
    try:
        fit.net.fit_loop(fit.images, epochs=fit.epochs)
    except Exception as error:
        fit.outcome = error
