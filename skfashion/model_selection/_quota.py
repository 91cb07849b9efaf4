"""The share of a search in the trials of a study that several processes may be at."""

from skfashion.model_selection._heartbeat import HEARTBEAT, Watch, seconds_of_grace
from skfashion.model_selection._space import IS_STORED, load_optuna
from skfashion.model_selection._study import is_interrupted, tell

# The attribute of a trial that is run again since its process was gone: the number of the one that was interrupted.
_RETRY_OF = "retry_of"


class Quota:
    """Begins trials until a study has as many as it should, those of other processes included.

    A trial is begun and then counted: numbers of trials are given one by one, so that of several processes that begin
    one too many at the same time each sees which are too many. Failed trials count if they failed since this search
    began, and interrupted ones never do.

    `missing` is the number of trials that this search runs at most, `first` the number of the first one if no other
    process begins one before.
    """

    def __init__(self, study, n_trials, storage):
        self._study = study
        self._n_trials = n_trials
        self._watch = Watch(seconds_of_grace(storage))
        # Which an RDBStorage may have been given. The second name is that of older releases.
        names = "heartbeat_stale_trial_callback", "failed_trial_callback"
        self._when_gone = next(filter(None, (getattr(storage, name, None) for name in names)), None)
        self._own = set()
        trials = self._trials()
        self._failed_before = {trial.number for trial in trials if trial.state.name == "FAIL"}
        self.missing = max(0, n_trials - sum(self._counts(trial) for trial in trials if trial.state.is_finished()))
        self.first = next((trial.number for trial in trials if trial.state.name == "WAITING"), len(trials))

    def look(self):
        """The number of trials that the study lacks, and whether other processes are running some."""
        for trial in self._trials():
            if self._runs_elsewhere(trial) and HEARTBEAT in trial.user_attrs and not self._watch.is_alive(trial):
                self._give_up(trial)
        trials = self._trials()
        if self._when_gone is None:
            self._retry(trials)
        others_run = any(self._runs_elsewhere(trial) and self._watch.is_alive(trial) for trial in trials)
        return self._n_trials - sum(map(self._counts, trials)), others_run

    def begin(self):
        """Begin a trial; None if others were faster."""
        trial = self._study.ask()
        self._own.add(trial.number)
        trial.set_user_attr(HEARTBEAT, 0)
        trials = {each.number: each for each in self._trials()}
        before = [each for number, each in trials.items() if number < trial.number]
        if sum(map(self._counts, before)) < self._n_trials and not _is_repeated(trials[trial.number], before):
            return trial
        tell(self._study, trial, state=load_optuna().trial.TrialState.FAIL)
        return None

    def _trials(self):
        return self._study.get_trials(deepcopy=False)

    def _runs_elsewhere(self, trial):
        return trial.state.name == "RUNNING" and trial.number not in self._own

    def _counts(self, trial):
        if trial.state.name == "RUNNING":
            return trial.number in self._own or self._watch.is_alive(trial)
        if "folds" not in trial.user_attrs or is_interrupted(trial):
            return False
        return trial.state.is_finished() and trial.number not in self._failed_before

    def _give_up(self, trial):
        optuna = load_optuna()
        try:
            tell(self._study, trial.number, state=optuna.trial.TrialState.FAIL)
        except optuna.exceptions.UpdateFinishedTrialError:  # another process has done it, or the trial has ended
            return
        if self._when_gone is not None:
            self._when_gone(self._study, self._study.trials[trial.number])

    def _retry(self, trials):
        """Let the next trials have the settings of those that were interrupted; once, as a setting may be the reason.

        Every process does, so that none begins another trial first; of equal ones, one is run.
        """
        retried = {trial.user_attrs.get(_RETRY_OF) for trial in trials}
        for trial in trials:
            is_new = trial.number not in self._failed_before | retried and _RETRY_OF not in trial.user_attrs
            if is_new and is_interrupted(trial) and "folds" in trial.user_attrs:
                self._study.add_trial(_again(trial))


def _is_repeated(trial, before):
    """Whether another process has let the same trial be run, as one of `initial_params` or once more."""
    tried = [other for other in before if other.state.name != "FAIL"]
    if _RETRY_OF in trial.user_attrs:
        return trial.user_attrs[_RETRY_OF] in [other.user_attrs.get(_RETRY_OF) for other in tried]
    fixed = [other.system_attrs.get("fixed_params") for other in tried]
    return IS_STORED in trial.user_attrs and trial.system_attrs.get("fixed_params") in fixed


def _again(trial):
    """A trial that waits to be run with the setting of another."""
    optuna = load_optuna()
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState.WAITING,
        params=trial.params,
        distributions=trial.distributions,
        user_attrs={_RETRY_OF: trial.number, **dict.fromkeys({IS_STORED} & set(trial.user_attrs), True)},
        system_attrs=trial.system_attrs,
    )
