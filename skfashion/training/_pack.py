"""Several nets trained together: dense networks of the same shapes in one loop, by products for all of them at once.

Each net becomes what it would alone, up to rounding: it has its own weights, batches, dropout, optimizer, schedule,
callbacks and early stopping, and leaves the loop to the others when it is done or has diverged.
"""

import copy
from contextlib import ExitStack

import torch

from skfashion.modules._dense import DenseStack
from skfashion.modules._losses import Mixed, losses_and_gradient
from skfashion.training._augmentation import mixes
from skfashion.training._batch_of_one import frozen_batch_norm
from skfashion.training._epochs import metrics_of
from skfashion.training._memory import keep_freed_memory
from skfashion.training._optimizers import repeated_step
from skfashion.training._tally import Tally


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
        self.stacked, self.stack = [], None

    def run(self):
        while self.fits:
            self.n_epochs += 1
            self._each(self._begin_epoch)
            self._stack_up()
            if self.fits:
                self._each(self._end_epoch, trained=self._trained())
                self.fits = [fit for fit in self.fits if self.n_epochs < fit.epochs]
        self._stack_up()

    def _each(self, step, trained=True):
        """Take a step of every fit that was trained; one that fails, or is done, leaves the pack to the others."""
        for fit in self.fits:
            fit.begin_epoch()
            try:
                if fit.outcome is None and trained:
                    step(fit)
            except Exception as error:
                fit.outcome = error
        self.fits = [fit for fit in self.fits if fit.outcome is None]

    def _stack_up(self):
        """Let the nets that are in the pack now share their weights, and those that have left it have their own."""
        if self.stacked == self.fits and (self.stack is None or self.stack.is_whole()):
            return
        if self.stack is not None:
            self.stack.release()
        self.stacked, self.stack = self.fits, None
        if self.fits:
            self.stack = DenseStack([fit.net.module_.dense_layers() for fit in self.fits])
            self.sees_the_same = self._sees_the_same()

    def _trained(self):
        """Train for an epoch; return whether that went well. What fails in the middle of a step fails for all."""
        try:
            self._train_epoch(self.stack)
        except Exception as error:
            for fit in self.fits:
                fit.outcome = error
            return False
        return True

    def _begin_epoch(self, fit):
        fit.net.notify("on_epoch_begin", dataset_train=fit.images, dataset_valid=fit.net.valid_)

    def _end_epoch(self, fit):
        net = fit.net
        if net.valid_ is not None:
            net.run_single_epoch(net.get_iterator(net.valid_), False, "valid", net.validation_step)
        net.notify("on_epoch_end", dataset_train=fit.images, dataset_valid=net.valid_)

    def _train_epoch(self, stack):
        keep_freed_memory()
        nets = [fit.net for fit in self.fits]
        for net in nets:
            net._set_training(True)
        stack.hand_out_gradients()
        steps = [self._step_of(net.optimizer_) for net in nets]
        iterator, batches = self._batches()
        tally = Tally(len(iterator.images))
        with torch.no_grad():
            for images, target, weight, mixed in batches:
                for net in nets:
                    net.schedule_.begin_step(net.optimizer_)
                output, losses = self._step(stack, images, target, weight, mixed)
                for step in steps:
                    step()
                tally.add({"loss": losses, **self._metrics(output, target, mixed)}, weight)
        means = tally.means()
        for index, net in enumerate(nets):
            net._record("train", {name: values[index] for name, values in means.items()}, iterator, summary=True)

    def _step_of(self, optimizer):
        """The steps of the first epoch are those of the optimizer itself, which torch's schedulers wait for."""
        return (lambda: optimizer.step()) if self.n_epochs == 1 else repeated_step(optimizer)

    def _step(self, stack, images, target, weight, mixed):
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
            flat = output.flatten(0, 1), target.flatten(0, 1), shares, _flat(mixed)
            results = losses_and_gradient(criterion, *flat)
            losses, gradient = (each.unflatten(0, (-1, n)) for each in results)
        else:
            shares = [share] * len(self.fits) if weight is None else share
            parts = [None] * len(self.fits) if mixed is None else map(Mixed, *mixed)
            each = zip([fit.net.criterion_ for fit in self.fits], output, target, shares, parts, strict=True)
            losses, gradient = map(torch.stack, zip(*(losses_and_gradient(*one) for one in each), strict=True))
        stack.backward(gradient)
        return output, losses

    def _metrics(self, output, target, mixed):
        metrics = self.fits[0].net.metrics
        values = metrics_of(metrics, output.flatten(0, 1), target.flatten(0, 1), _flat(mixed))
        return {name: value.unflatten(0, output.shape[:2]) for name, value in values.items()}

    def _batches(self):
        """The batches of an epoch: images, targets (nets, n, ...), weights (nets, n) or None, what is mixed or None."""
        nets, sets = [fit.net for fit in self.fits], [fit.images for fit in self.fits]
        iterators = [net.get_iterator(images, training=True) for net, images in zip(nets, sets, strict=True)]
        if not self.sees_the_same:
            return iterators[0], map(_stacked, zip(*iterators, strict=True))
        iterators[0].images = _with_weights(sets)
        return iterators[0], self._shared(nets, iterators[0])

    @staticmethod
    def _shared(nets, iterator):
        """Batches that all nets see; what one of them drew for these, all would have drawn."""
        for batch in iterator:
            weight = None if batch.weight is None else batch.weight.t()
            mixed = None if batch.mixed is None else Mixed(*(_for_all(nets, each) for each in batch.mixed))
            yield batch.images, _for_all(nets, batch.target), weight, mixed
        for net in nets[1:]:
            for name in ("order", "augmentation"):
                net.streams_[name].set_state(nets[0].streams_[name].get_state())

    def _sees_the_same(self):
        """Whether all nets would draw the same batches: then one draws them for all.

        Images are mixed by their weights, which may be others for each net.
        """
        nets, sets = [fit.net for fit in self.fits], [fit.images for fit in self.fits]
        states = [[net.streams_[name].get_state() for name in ("order", "augmentation")] for net in nets]
        return (
            _all_equal([net.augmentation for net in nets])
            and not (mixes(nets[0].augmentation) and any(images.weight is not None for images in sets))
            and all(sets[0].has_examples_of(images) for images in sets[1:])
            and all(all(map(torch.equal, states[0], state)) for state in states[1:])
        )


def _for_all(nets, values):
    return values.expand(len(nets), *values.shape)


def _flat(mixed):
    return None if mixed is None else Mixed(*(each.flatten(0, 1) for each in mixed))


def _all_equal(values):
    return all(value == values[0] for value in values[1:])


def _with_weights(sets):
    """The first of several sets, with the weights (n, sets) of all of them."""
    shared = copy.copy(sets[0])
    shared.weight = _stacked_weights([images.weight for images in sets], len(shared), dim=1)
    return shared


def _stacked(batches):
    images, targets = (torch.stack([getattr(batch, name) for batch in batches]) for name in ("images", "target"))
    parts = [batch.mixed for batch in batches]
    mixed = None if parts[0] is None else Mixed(*map(torch.stack, zip(*parts, strict=True)))
    return images, targets, _stacked_weights([batch.weight for batch in batches], images.shape[1], dim=0), mixed


def _stacked_weights(weights, n, dim):
    """Weights of n images for each net; None if none has any."""
    if all(weight is None for weight in weights):
        return None
    return torch.stack([torch.ones(n) if weight is None else weight for weight in weights], dim=dim)
