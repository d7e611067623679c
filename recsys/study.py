"""A search for hyperparameters: trials proposed by TPE, judged window by window, kept in a file after each.

Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011, by Optuna. A trial that is below the
median of the others after its first windows is not judged on the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kg.errors import KgError
from recsys.errors import RecsysError
from recsys.searching import Space, Values, proposed, suggested
from recsys.significance import SUREST

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

Figures = NDArray[np.float64]
Judge = Callable[[Values, int], Figures]
"""Values and the number of a window → the decisive metric of every user asked there, float64 (users,)."""
_START, _SECONDS = "start", "seconds"
_MINUTE = 60.0


@dataclass(frozen=True)
class Budget:
    """What a search may cost in all, earlier runs of the same study included; one trial always runs to its end."""

    minutes: float = 20.0
    trials: int | None = None

    def spent(self, seconds: float, trials: int) -> float:
        """The share of it that is spent; 1 and more: all."""
        by_time = seconds / (self.minutes * _MINUTE) if self.minutes else 1.0
        return max(by_time, trials / self.trials if self.trials else 0.0)


@dataclass(frozen=True)
class Found:
    """The best values, what they gain over the first start on all windows, and whether that is surer than noise."""

    values: Values
    before: float
    after: float
    taken: bool
    trials: int
    pruned: int
    seconds: float


@dataclass(frozen=True)
class Search:
    """A study of this name in a file; `starts` are tried first, the first of them is what a gain is measured from."""

    name: str
    space: Space
    starts: Sequence[Values]
    judge: Judge
    n_windows: int

    def run(self, file: Path, budget: Budget, seed: int, say: Callable[[str, float], None]) -> Found:
        """Go on with the study until the budget is spent; trial n is the same whether or not it was interrupted before.

        Raises RecsysError where the file is damaged, and what the first start raises.
        """
        import optuna
        from optuna.trial import TrialState

        with _kept(file) as storage:
            study = optuna.create_study(
                storage=storage,
                study_name=self.name,
                direction="maximize",
                pruner=optuna.pruners.MedianPruner(),
                load_if_exists=True,
            )
            for trial in study.get_trials(states=[TrialState.RUNNING]):  # of a run that was killed
                study.tell(trial.number, state=TrialState.FAIL)
            self._enqueue(study)
            while True:
                trials = study.get_trials(deepcopy=False)
                done = [trial for trial in trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
                seconds = sum(trial.user_attrs.get(_SECONDS, 0.0) for trial in trials)
                spent = budget.spent(seconds, len(done))
                if spent >= 1 and any(map(self._is_first, done)):
                    return self._found(study, len(done), seconds)
                best = max((trial.value or 0.0 for trial in done if trial.state == TrialState.COMPLETE), default=None)
                say(f"trial {len(done) + 1}" + ("" if best is None else f", best {best:.4f}"), min(spent, 1.0))
                study.sampler = optuna.samplers.TPESampler(seed=seed + len(done))
                self._try(study)

    def _enqueue(self, study: Study) -> None:
        """The starts that have not been tried are next, the first one before the others."""
        from optuna.trial import TrialState

        known = [trial.user_attrs.get(_START) for trial in study.get_trials() if trial.state != TrialState.FAIL]
        for values in self.starts:
            told = proposed(values, self.space)
            if told not in known:
                study.enqueue_trial(told, user_attrs={_START: told})

    def _is_first(self, trial: Trial | FrozenTrial) -> bool:
        return bool(trial.user_attrs.get(_START) == proposed(self.starts[0], self.space))

    def _try(self, study: Study) -> None:
        """One trial; an interruption or an error of the work leaves it as failed."""
        from optuna.trial import TrialState

        begun = time.perf_counter()
        trial = study.ask()
        first = self._is_first(trial)
        value, state = None, TrialState.FAIL
        try:
            value = self._judged(trial, to_the_end=first)
            state = TrialState.PRUNED if value is None else TrialState.COMPLETE
        except KgError as error:
            if first or error.bad_input:
                raise
            trial.set_user_attr("error", str(error))
        finally:
            trial.set_user_attr(_SECONDS, time.perf_counter() - begun)
            study.tell(trial, value, state=state)

    def _judged(self, trial: Trial, *, to_the_end: bool) -> float | None:
        """The mean figure over the windows; None where the trial was pruned before the last."""
        values = suggested(trial, self.space)
        means: list[float] = []
        for window in range(self.n_windows):
            means.append(float(self.judge(values, window).mean()))
            trial.report(float(np.mean(means)), window)
            if window + 1 < self.n_windows and not to_the_end and trial.should_prune():
                return None
        return float(np.mean(means))

    def _found(self, study: Study, n_trials: int, seconds: float) -> Found:
        from optuna.trial import FixedTrial, TrialState

        best = study.best_trial
        first = next(trial for trial in study.trials if self._is_first(trial) and trial.state == TrialState.COMPLETE)
        values, start = (suggested(FixedTrial(trial.params), self.space) for trial in (best, first))
        taken = best.number != first.number and _surely(
            [self.judge(values, window) - self.judge(start, window) for window in range(self.n_windows)]
        )
        assert first.value is not None
        assert best.value is not None
        pruned = len(study.get_trials(deepcopy=False, states=[TrialState.PRUNED]))
        after = best.value if taken else first.value
        return Found(values if taken else start, first.value, after, taken, n_trials, pruned, seconds)


def _surely(gains: Sequence[Figures]) -> bool:
    """Whether the mean gain over the windows, each counting alike, is surer than noise."""
    error = np.sqrt(sum(gain.var() / len(gain) for gain in gains)) / len(gains)
    return bool(np.mean([gain.mean() for gain in gains]) > SUREST * error)


@contextmanager
def _kept(file: Path) -> Iterator[str]:
    """The address of an SQLite file; what is wrong with it is told as its error."""
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield f"sqlite:///{file}"
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
        raise RecsysError(
            "the file of the studies cannot be used", file=file, fix="Delete it; searches begin anew."
        ) from error
