"""Several nets trained together: dense networks of the same shapes in one loop, by products for all of them at once.

Each net becomes what it would alone, up to rounding: it has its own weights, batches, dropout, optimizer, schedule,
callbacks and early stopping, and leaves when it is done or has diverged.
"""

import copy
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import copy_context

import torch
from sklearn import config_context, get_config

from skfashion._state import neutral_state
from skfashion.modules._dense import DenseStack, shapes
from skfashion.modules._losses import losses_and_gradient
from skfashion.training._batch_of_one import frozen_batch_norm
from skfashion.training._epochs import MEETING
from skfashion.training._memory import keep_freed_memory
from skfashion.training._optimizers import repeated_step
from skfashion.training._tally import Tally

# Weights of a pack: with their gradients and the moments of Adam they take 16 bytes each.
_MAX_WEIGHTS = 2**25

# Multiplications in a step of all nets of a shape under which threads would mostly wait for each other: Python runs one
# of them at a time, and what is between the products takes longer than these.
_MIN_WORK = 2**24


def train_together(functions, n_jobs=1):
    """Call functions, and train the nets that they train together where their shapes allow it.

    Each function runs in a thread of its own until it trains a net, or to its end; then all nets that wait are trained,
    those of one pack together and up to `n_jobs` packs at a time; then the functions go on. So they need not know of
    each other: a function may fit a Pipeline, and score it.

    Parameters
    ----------
    functions : list of callable
        Without arguments.
    n_jobs : int, default=1
        How many threads share the work; torch's own threads are divided among them.

    Returns
    -------
    list of Fit
        What became of each function, in their order.
    """
    cancelled = threading.Event()
    fits = [Fit(function, cancelled) for function in functions]
    try:
        with _workers(n_jobs) as run, neutral_state():
            waiting = fits
            while waiting:
                run(Fit.go_on, waiting)
                waiting = [fit for fit in fits if fit.net is not None]
                _train_all(waiting, n_jobs, run)
    except BaseException:  # Ctrl-C
        cancelled.set()
        raise
    finally:
        for fit in fits:
            fit.end()
    return fits


@contextmanager
def _workers(n_jobs):
    """A function that applies another one to all items of a list, on `n_jobs` threads that share torch's own.

    A single job is done by the caller: the threads of torch belong to the thread that uses them, and those of several
    would keep each other waiting.
    """
    if n_jobs == 1:
        yield lambda function, items: [function(item) for item in items]
        return
    n_threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(n_jobs, initializer=torch.set_num_threads, initargs=(max(1, n_threads // n_jobs),))
    with pool:
        yield lambda function, items: list(pool.map(function, items))
    torch.set_num_threads(n_threads)  # what later threads start with follows the last one who set it


class Fit:
    """A function in a thread of its own, which waits where a net is to be trained.

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
    """

    def __init__(self, function, cancelled):
        self.function = function
        self.cancelled = cancelled
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
        """Let a function that still waits raise what ended all of them."""
        if self._thread.is_alive():
            self._may_run.release()
            self._thread.join()

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
        self._waits.release()

    def _pause(self):
        self._waits.release()
        self._may_run.acquire()
        if self.cancelled.is_set():
            raise KeyboardInterrupt


def _train_all(fits, n_jobs, run):
    """Train the nets of all fits: small ones by the caller, others by all jobs."""
    groups = []
    for fit in fits:
        group = next((group for group in groups if _go_together(group[0], fit)), None)
        if group is None:
            groups.append([fit])
        else:
            group.append(fit)
    small = [group for group in groups if len(group) > 1 and _work(group) < _MIN_WORK]
    for pack in _packs(small, n_jobs=1):
        _train(pack)
    run(_train, _packs([group for group in groups if group not in small], n_jobs))


def _packs(groups, n_jobs):
    """Cut groups of fits into packs that are trained together, so that all jobs have equally much to do."""
    size = _best_size([len(group) for group in groups], n_jobs)
    packs = [pack for group in groups for pack in _cut(group, min(size, max(1, _MAX_WEIGHTS // _n_weights(group[0]))))]
    return sorted(packs, key=len, reverse=True)


def _n_weights(fit):
    return sum(weight.numel() for weight in fit.net.module_.parameters())


def _work(group):
    """Multiplications of the products of one step, forward."""
    return len(group) * group[0].net.batch_size * _n_weights(group[0])


def _best_size(sizes, n_jobs):
    """The size of packs that `n_jobs` are done with first, with few nets alone, and as large as can be."""

    def cost(size):
        loads = [0] * n_jobs
        packs = [min(size, each - start) for each in sizes for start in range(0, each, size)]
        for pack in sorted(packs, reverse=True):  # each job takes what is largest next
            loads[loads.index(min(loads))] += 1 + pack  # what takes as long for one net as for many
        return max(loads), packs.count(1)

    return min(range(max(sizes, default=1), 0, -1), key=cost)


def _cut(group, size):
    return [group[start : start + size] for start in range(0, len(group), size)]


def _go_together(one, other):
    """Whether two fits can be steps of one loop: alike in all that decides on the size of a product."""
    return (
        one.net.can_be_packed()
        and other.net.can_be_packed()
        and one.net.batch_size == other.net.batch_size
        and len(one.images) == len(other.images)
        and one.net.metrics is other.net.metrics
        and shapes(one.net.module_.dense_layers()) == shapes(other.net.module_.dense_layers())
        and one.images.has_data_of(other.images)
    )


def _train(fits):
    """Train the nets of a pack; how that ended is left with each of them."""
    start = time.perf_counter()
    if len(fits) == 1:
        _train_alone(fits[0])
    else:
        Pack(fits).run()
    for fit in fits:
        fit.packed = len(fits) > 1
        fit.training += (time.perf_counter() - start) / len(fits)


def _train_alone(fit):
    try:
        fit.net.fit_loop(fit.images, epochs=fit.epochs)
    except Exception as error:
        fit.outcome = error


class Pack:
    """Nets in one loop.

    Parameters
    ----------
    fits : list of Fit
        What is trained, on what, and for how long.
    """

    def __init__(self, fits):
        self.fits = fits
        self.n_epochs = 0
        self.are_alike = _all_equal([fit.net.get_params_for("criterion") for fit in fits])

    def run(self):
        while self.fits:
            stack = DenseStack([fit.net.module_.dense_layers() for fit in self.fits])
            self.sees_the_same = self._sees_the_same()
            staying = self.fits
            while staying == self.fits:
                staying = self._epoch(stack)
            stack.release()
            self.fits = staying

    def _epoch(self, stack):
        """Train for an epoch; return the fits that go on."""
        self.n_epochs += 1
        for fit in self.fits:
            self._each(fit, self._begin_epoch)
        self._train_epoch(stack)
        return [fit for fit in self.fits if self._each(fit, self._end_epoch)]

    def _each(self, fit, step):
        """Take a step of one fit; return whether it goes on. What it raises ends this one alone."""
        try:
            if fit.outcome is None:
                step(fit)
        except Exception as error:
            fit.outcome = error
        if fit.cancelled.is_set():
            raise KeyboardInterrupt
        return fit.outcome is None and self.n_epochs < fit.epochs

    def _begin_epoch(self, fit):
        fit.net.notify("on_epoch_begin", dataset_train=fit.images, dataset_valid=fit.net.valid_)

    def _end_epoch(self, fit):
        net = fit.net
        if net.valid_ is not None:
            net.run_single_epoch(net.get_iterator(net.valid_), False, "valid", net.validation_step)
        net.notify("on_epoch_end", dataset_train=fit.images, dataset_valid=net.valid_)

    def _train_epoch(self, stack):
        keep_freed_memory()
        tally = Tally()
        nets = [fit.net for fit in self.fits]
        for net in nets:
            net._set_training(True)
        stack.hand_out_gradients()
        steps = [self._step_of(net.optimizer_) for net in nets]
        iterator, batches = self._batches()
        with torch.no_grad():
            for images, target, weight in batches:
                for net in nets:
                    net.schedule_.begin_step(net.optimizer_)
                output, losses = self._step(stack, images, target, weight)
                for step in steps:
                    step()
                tally.add({"loss": losses, **self._metrics(output, target)}, weight)
        means = tally.means()
        for place, net in enumerate(nets):
            net._record("train", {name: values[place] for name, values in means.items()}, iterator, summary=True)

    def _step_of(self, optimizer):
        """The steps of the first epoch are those of the optimizer itself, which torch's schedulers wait for."""
        return (lambda: optimizer.step()) if self.n_epochs == 1 else repeated_step(optimizer)

    def _step(self, stack, images, target, weight):
        """Outputs (nets, n, ...) and losses (nets, n) of a batch; gradients are left with the weights."""
        n = target.shape[1]
        with ExitStack() as contexts:
            if n == 1:
                for fit in self.fits:
                    contexts.enter_context(frozen_batch_norm(fit.net.module_))
            output = stack.forward(images)
        share = 1 / n if weight is None else weight / n
        if self.are_alike:  # one call for all of them
            criterion = self.fits[0].net.criterion_
            shares = share if weight is None else share.flatten()
            results = losses_and_gradient(criterion, output.flatten(0, 1), target.flatten(0, 1), shares)
            losses, gradient = (each.unflatten(0, (-1, n)) for each in results)
        else:
            shares = [share] * len(self.fits) if weight is None else share
            each = zip([fit.net.criterion_ for fit in self.fits], output, target, shares, strict=True)
            losses, gradient = map(torch.stack, zip(*(losses_and_gradient(*one) for one in each), strict=True))
        stack.backward(gradient)
        return output, losses

    def _metrics(self, output, target):
        metrics = self.fits[0].net.metrics
        if metrics is None:
            return {}
        values = metrics(output.flatten(0, 1), target.flatten(0, 1))
        return {name: value.unflatten(0, output.shape[:2]) for name, value in values.items()}

    def _batches(self):
        """The batches of an epoch: images, targets (nets, n, ...) and weights (nets, n) or None."""
        nets, sets = [fit.net for fit in self.fits], [fit.images for fit in self.fits]
        iterators = [net.get_iterator(images, training=True) for net, images in zip(nets, sets, strict=True)]
        if not self.sees_the_same:
            return iterators[0], map(_stacked, zip(*iterators, strict=True))
        iterators[0].images = _with_weights(sets)
        return iterators[0], self._shared(nets, iterators[0])

    @staticmethod
    def _shared(nets, iterator):
        """Batches that all nets see; what one of them drew for these, all would have drawn."""
        for images, target, weight in iterator:
            weight = None if weight is None else weight.t()
            yield images, target.expand(len(nets), *target.shape), weight
        for net in nets[1:]:
            for name in ("order", "augmentation"):
                net.streams_[name].set_state(nets[0].streams_[name].get_state())

    def _sees_the_same(self):
        """Whether all nets would draw the same batches: then one draws them for all."""
        nets, sets = [fit.net for fit in self.fits], [fit.images for fit in self.fits]
        states = [[net.streams_[name].get_state() for name in ("order", "augmentation")] for net in nets]
        return (
            _all_equal([net.augmentation for net in nets])
            and all(sets[0].has_examples_of(images) for images in sets[1:])
            and all(all(map(torch.equal, states[0], state)) for state in states[1:])
        )


def _all_equal(values):
    return all(value == values[0] for value in values[1:])


def _with_weights(sets):
    """The first of several sets, with the weights (n, sets) of all of them."""
    shared = copy.copy(sets[0])
    shared.weight = _stacked_weights([images.weight for images in sets], len(shared), dim=1)
    return shared


def _stacked(batches):
    images, targets, weights = zip(*batches, strict=True)
    return torch.stack(images), torch.stack(targets), _stacked_weights(weights, len(images[0]), dim=0)


def _stacked_weights(weights, n, dim):
    """Weights of n images for each net; None if nothing is weighed."""
    if all(weight is None for weight in weights):
        return None
    return torch.stack([torch.ones(n) if weight is None else weight for weight in weights], dim=dim)
