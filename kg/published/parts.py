"""Train, validation and test of a published data set, and what should not be in two of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg.carving import SHARE, carved
from kg.columns import PART, PARTS
from kg.config import Split
from kg.leaks import leaks
from kg.published.data import Published
from kg.splitting import Windows, split

if TYPE_CHECKING:
    import ibis.expr.types as ir

BY_TIME = "by time"
_TEST_SEED = 0  # the test part is the same whatever is drawn for validation
_RANDOM = f"random {SHARE:.0%} of each user's items"


def windows(data: Published, seed: int, section: Split | None = None) -> tuple[Windows, str]:
    """The windows, and in words how they were cut: as `section` says, `seed` drawing what it draws, or the fold.

    Without a section, parts that the data bring along are kept. Without any it is cut by time as a shop's log is;
    without times too, test is drawn. Validation that is not given is drawn from train by `seed`.
    """
    import ibis

    tables, events = data.tables, data.tables.events
    if section is not None:
        drawn = {"fold": seed % section.folds} if section.method == "k-fold" else {"seed": seed}
        section = section.model_copy(update=drawn)
        told = BY_TIME if section.method == "time" else section.told
        return split(tables.with_events(events.drop(PART)) if data.has_parts else tables, section, data.kinds), told
    if not data.has_parts and data.has_times:
        return split(tables, tables.config.split, data.kinds), BY_TIME
    told = "given"
    if not data.has_parts:
        whole = events.mutate(**{PART: ibis.literal("train")})
        events, told = carved(whole, "test", _TEST_SEED), f"test: {_RANDOM}"
    if not (events[PART] == PARTS[1]).any().to_pyarrow().as_py():
        events, told = carved(events, PARTS[1], seed), f"{told}; validation: {_RANDOM} of train"
    return split(tables.with_events(events), Split(method="given"), data.kinds), told


def counts(found: Windows, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Users, items and different pairs; of test what train and validation lack, and what they share with it.

    What they share (`kg.leaks`) tells its own answer where the parts were meant to differ.
    """
    before, test = _pairs(found.train_validation.events, kinds), _pairs(found.test, kinds)
    return {
        **{f"{column}s": _count(before.union(test).select(f"{column}_id").distinct()) for column in ("user", "item")},
        "facts": _count(found.train.facts),
        "train": _count(_pairs(found.train.events, kinds)),
        "validation": _count(_pairs(found.validation, kinds)),
        "test": _count(test),
        "users_only_in_test": _count(test.select("user_id").distinct().anti_join(before, "user_id")),
        "items_only_in_test": _count(test.select("item_id").distinct().anti_join(before, "item_id")),
        **{
            f"{name}_in_train_and_test": n
            for name, n in leaks(found.train_validation.events, found.test, kinds).items()
        },
    }


def _pairs(events: ir.Table, kinds: tuple[str, ...]) -> ir.Table:
    return events.filter(events.kind.isin(kinds)).select("user_id", "item_id").distinct()


def _count(rows: ir.Table) -> int:
    return int(rows.count().to_pyarrow().as_py())
