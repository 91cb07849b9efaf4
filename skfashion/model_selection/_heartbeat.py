"""Heartbeats, by which trials that run in other processes differ from trials whose process is gone.

Optuna has some of its own, for databases, and for trials that its own loop runs: neither is what a search needs.
"""

import itertools
import threading
import time
from contextlib import contextmanager

from skfashion.model_selection._space import load_optuna

# The attribute of a trial of a search that counts its heartbeats.
HEARTBEAT = "heartbeat"

_SECONDS_BETWEEN = 10.0
_SECONDS_OF_GRACE = 60.0

# Longer than it takes from the beginning of a trial to its first heartbeat.
_SECONDS_TO_BEGIN = 5.0


def seconds_between(storage):
    """The time between two heartbeats: what an RDBStorage was told, or a default."""
    return getattr(storage, "heartbeat_interval", None) or _SECONDS_BETWEEN


def seconds_of_grace(storage):
    """The time without a heartbeat after which a process counts as gone."""
    if getattr(storage, "heartbeat_interval", None) is None:
        return _SECONDS_OF_GRACE
    return storage.grace_period or 2 * storage.heartbeat_interval


@contextmanager
def beating(trial, seconds):
    """Send a heartbeat of a running trial every `seconds` seconds."""
    stopped = threading.Event()
    thread = threading.Thread(target=_beat, args=(trial, seconds, stopped), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _beat(trial, seconds, stopped):
    errors = load_optuna().exceptions
    for count in itertools.count(1):
        if stopped.wait(seconds):
            return
        try:
            trial.set_user_attr(HEARTBEAT, count)
        except errors.UpdateFinishedTrialError:  # it has ended, or others took its process for gone
            return
        except (errors.StorageInternalError, OSError):  # the trial itself meets it, or it is over by then
            continue


class Watch:
    """Tells which trials of other processes go on: those whose heartbeat changes, by the clock of this machine."""

    def __init__(self, grace):
        self._grace = grace
        self._last = {}

    def is_alive(self, trial):
        beat, now = trial.user_attrs.get(HEARTBEAT), time.monotonic()
        if trial.number not in self._last or self._last[trial.number][0] != beat:
            self._last[trial.number] = beat, now
        return now - self._last[trial.number][1] <= (_SECONDS_TO_BEGIN if beat is None else self._grace)
