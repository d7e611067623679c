from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kg.errors import KgError
from kg.published.forms import read
from kg.published.parts import counts, windows
from tests.kg.published.files import INTER, kgat, written

TRAIN = "".join(f"{user} {' '.join(map(str, range(10)))}\n" for user in range(3))


def pairs(events: Any) -> set[tuple[str, str]]:
    return set(events.select("user_id", "item_id").execute().itertuples(index=False, name=None))


def test_validation_is_drawn_from_train_and_test_is_as_given(tmp_path: Path) -> None:
    data = read(kgat(tmp_path, TRAIN, "0 10\n"))
    found, told = windows(data, seed=0)
    assert told == "given; validation: random 20% of each user's items of train"
    train, validation = pairs(found.train.events), pairs(found.validation)
    assert len(validation) == 6
    assert not train & validation
    assert train | validation == pairs(found.train_validation.events) == pairs(data.tables.events) - {("0", "10")}
    assert pairs(found.test) == {("0", "10")}
    assert pairs(windows(data, seed=1)[0].validation) != validation


def test_a_validation_part_that_is_given_stays(tmp_path: Path) -> None:
    files = {f"d__{part}__inter": f"{INTER}\nu\t{part}\t1\n" for part in ("train", "valid", "test")}
    found, told = windows(read(written(tmp_path, **files)), seed=0)
    assert told == "given"
    assert [pairs(events) for events in (found.train.events, found.validation, found.test)] == [
        {("u", "train")},
        {("u", "valid")},
        {("u", "test")},
    ]


def test_a_log_with_times_is_cut_by_time(tmp_path: Path) -> None:
    rows = "".join(f"u\ti{day}\t1\t{day * 86_400}\n" for day in range(20))
    found, told = windows(read(written(tmp_path, d__inter=f"{INTER}\ttimestamp:float\n{rows}")), seed=0)
    assert told == "by time"
    assert pairs(found.test) == {("u", "i18"), ("u", "i19")}


def test_without_parts_and_times_test_is_drawn_and_does_not_change_with_the_seed(tmp_path: Path) -> None:
    rows = "".join(f"u\ti{item}\t1\n" for item in range(20))
    data = read(written(tmp_path, d__inter=f"{INTER}\n{rows}"))
    (one, told), (other, _) = windows(data, seed=0), windows(data, seed=1)
    assert told.startswith("test: random 20%")
    assert pairs(one.test) == pairs(other.test)
    assert len(pairs(one.test)) == 4
    assert pairs(one.validation) != pairs(other.validation)


def test_what_test_lacks_or_shares_is_counted(tmp_path: Path) -> None:
    data = read(kgat(tmp_path, TRAIN, "0 3 10\n1 4\n9 0 11\n", kg_final__txt="0 0 99\n"))
    found = counts(windows(data, seed=0)[0], data.kinds)
    assert found == {
        "users": 4,
        "items": 12,
        "facts": 1,
        "train": 24,
        "validation": 6,
        "test": 5,
        "users_only_in_test": 1,
        "items_only_in_test": 2,
        "pairs_in_train_and_test": 2,
        "near_in_train_and_test": 0,
        "texts_in_train_and_test": 0,
    }


def test_users_with_one_item_leave_nothing_to_validate_on(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="validation window"):
        windows(read(kgat(tmp_path, "0 1\n1 2\n")), seed=0)
