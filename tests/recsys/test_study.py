"""A search finds a planted optimum, is the same after a break, and takes nothing that may be chance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys.errors import RecsysError
from recsys.grid import Span
from recsys.searching import Values
from recsys.study import Budget, Figures, Search

SPACE = {"x": Span((), 0.1, 10.0, log=True), "half": Span((None,), 1.0, 9.0), "n": Span((), 1, 5), "word": ("a", "b")}
START: Values = {"x": 9.0, "half": None, "n": 1, "word": "a"}
N_USERS = 40


def planted(values: Values, window: int) -> Figures:
    """Best at x = 1, half = 3, n = 4, "b"; users and windows differ by a constant."""
    off = abs(np.log(values["x"])) + (1.0 if values["half"] is None else abs(values["half"] - 3) / 6)
    off += abs(values["n"] - 4) / 4 + (values["word"] == "a")
    return 1 - off / 6 + np.linspace(0, 0.1, N_USERS) + window / 100


def silent(_: str, __: float) -> None: ...


class Judged:
    """Judges, and remembers what it was asked; `stops` at one of the questions."""

    def __init__(self, stops: int = -1, error: BaseException | None = None) -> None:
        self.asked: list[tuple[Values, int]] = []
        self.stops, self.error = stops, error or KeyboardInterrupt()

    def __call__(self, values: Values, window: int) -> Figures:
        self.asked.append((values, window))
        if len(self.asked) == self.stops:
            raise self.error
        return planted(values, window)


def search(judge: Any, **changes: Any) -> Search:
    return replace(Search("toy", SPACE, [START], judge, 2), **changes)


def test_the_planted_optimum_is_approached(tmp_path: Path) -> None:
    judge = Judged()
    found = search(judge).run(tmp_path / "s.sqlite", Budget(9, 35), 0, silent)
    assert judge.asked[0] == (START, 0)
    assert found.before == pytest.approx(np.mean([planted(START, window) for window in (0, 1)]))
    assert found.after > found.before + 0.2
    assert found.taken
    assert found.values["word"] == "b"
    assert found.trials == 35
    assert 0 < found.pruned < 35
    assert len(judge.asked) < 2 * 35 + 4, "a pruned trial is not judged on the second window"


@pytest.mark.parametrize("stops", [1, 7, 12])
def test_a_search_that_was_broken_off_goes_on_as_if_it_had_not_been(tmp_path: Path, stops: int) -> None:
    whole, first, second = Judged(), Judged(stops), Judged()
    expected = search(whole).run(tmp_path / "whole.sqlite", Budget(9, 16), 5, silent)
    with pytest.raises(KeyboardInterrupt):
        search(first).run(tmp_path / "broken.sqlite", Budget(9, 16), 5, silent)
    found = search(second).run(tmp_path / "broken.sqlite", Budget(9, 16), 5, silent)
    assert (found.values, found.before, found.after) == (expected.values, expected.before, expected.after)
    assert len(second.asked) < len(whole.asked) or stops == 1


def test_what_a_killed_process_left_is_no_trial(tmp_path: Path) -> None:
    import optuna

    file = tmp_path / "s.sqlite"
    search(Judged()).run(file, Budget(9, 3), 0, silent)
    study = optuna.load_study(study_name="toy", storage=f"sqlite:///{file}")
    study.ask()  # and nothing comes of it
    assert search(Judged()).run(file, Budget(9, 5), 0, silent).trials == 5


def test_other_starts_are_tried_once(tmp_path: Path) -> None:
    other: Values = {"x": 1.0, "half": 3.0, "n": 4, "word": "b"}
    file, judge = tmp_path / "s.sqlite", Judged()
    search(Judged()).run(file, Budget(9, 3), 0, silent)
    for _ in range(2):
        found = search(judge, starts=[START, other]).run(file, Budget(9, 5), 0, silent)
    assert found.values == other
    assert found.trials == 5
    assert judge.asked[0] == (other, 0)


def test_a_spent_budget_is_not_spent_again(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite"
    first = search(Judged()).run(file, Budget(9, 8), 0, silent)
    judge = Judged()
    again = search(judge).run(file, Budget(9, 8), 0, silent)
    assert again == first
    assert {str(values) for values, _ in judge.asked} <= {str(first.values), str(START)}, "only compared once more"


def test_no_minutes_are_one_trial(tmp_path: Path) -> None:
    found = search(Judged()).run(tmp_path / "s.sqlite", Budget(0), 0, silent)
    assert (found.trials, found.taken, found.values) == (1, False, START)


def test_a_gain_that_may_be_chance_is_not_taken(tmp_path: Path) -> None:
    def noise(values: Values, window: int) -> Figures:
        rng = np.random.default_rng([window, *str(values).encode()])
        figures = rng.standard_normal(1000)
        return figures - figures.mean() + 1e-6 * values["n"]

    found = search(noise).run(tmp_path / "s.sqlite", Budget(9, 15), 0, silent)
    assert (found.taken, found.values) == (False, START)
    assert found.after == found.before


def test_a_trial_that_fails_does_not_end_the_search(tmp_path: Path) -> None:
    full = RecsysError("too little memory", bad_input=False)
    assert search(Judged(5, full)).run(tmp_path / "s.sqlite", Budget(9, 6), 0, silent).trials == 6
    with pytest.raises(RecsysError, match="too little memory"):
        search(Judged(1, full)).run(tmp_path / "t.sqlite", Budget(9, 6), 0, silent)
    with pytest.raises(RecsysError, match="no column"):
        search(Judged(5, RecsysError("no column"))).run(tmp_path / "u.sqlite", Budget(9, 6), 0, silent)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite"
    file.write_text("no database at all, but long enough to be taken for one" * 20)
    with pytest.raises(RecsysError, match="file of the studies") as caught:
        search(Judged()).run(file, Budget(9, 3), 0, silent)
    assert caught.value.file == file
    assert "Delete" in caught.value.fix
