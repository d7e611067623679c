"""The split stands before the graph: what lies after a cut never reaches the tables before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kg.carving import carved
from kg.columns import EVENTS, PART, PARTS
from kg.config import Split
from kg.drawing import parted
from kg.errors import KgError
from kg.tables import Tables

if TYPE_CHECKING:
    import ibis.expr.types as ir


_SEED = 0  # what is carved out of a given train part does not change from run to run


@dataclass(frozen=True, eq=False)
class Windows:
    """Three growing windows of tables, and the events that follow the first and the second; all of them lazy.

    The starts (UTC, no zone) are None where every user has an own one: the time of the event held out.
    """

    train: Tables
    train_validation: Tables
    all: Tables
    validation: ir.Table
    test: ir.Table
    validation_start: datetime | None = None
    test_start: datetime | None = None


def split(tables: Tables, section: Split, target_kinds: Sequence[str] = ("purchase",)) -> Windows:
    """Cut a log as a config's section says; an event at a cut lies after it.

    Raises KgError where an event has no time (but where the parts are given or drawn), or a window would be empty.
    """
    if section.by_chance:
        windows, told = drawn(tables, section), f"it draws by {section.method}"
    elif section.method == "given":
        windows, told = by_column(tables, section.validation_share), f"the log's column {PART!r} names the windows"
    else:
        first, last = _span(tables.events)
        told = f"the log runs from {first} to {last}"
        by_user = section.method == "leave-last-out"
        windows = leave_last_out(tables, target_kinds) if by_user else by_time(tables, *_cuts(tables, section))
    counted = {"train": windows.train.events, "validation": windows.validation, "test": windows.test}
    for name, events in counted.items():
        if not events.count().to_pyarrow().as_py():
            raise KgError(
                f"the split leaves no event in the {name} window; {told}",
                value=f"{windows.validation_start}, {windows.test_start}",
                fix="Move the cuts under [split], or give a longer log.",
            )
    return windows


def by_column(tables: Tables, validation_share: float) -> Windows:
    """The split that a log brings along in its column `part`: train, validation or test.

    Where it names no validation, that is a random share of every user's train items, always the same. Raises
    KgError where the column is missing or says anything else.
    """
    events = tables.events
    if PART not in events.columns:
        fix = f"Map it under [events.columns]; where files are parts: {PART} = \"CASE WHEN _path LIKE '%test%' …\"."
        raise KgError("the split is given, and the log does not say by which column", column=PART, fix=fix)
    others = events.filter(events[PART].isnull() | ~events[PART].isin(PARTS))[PART].to_pyarrow()
    if len(others):
        fix = f"Write {', '.join(PARTS)}."
        raise KgError(f"{len(others):,} events belong to no part", column=PART, value=others[0].as_py(), fix=fix)
    if not (events[PART] == PARTS[1]).any().to_pyarrow().as_py():
        events = carved(events, PARTS[1], _SEED, validation_share)
    train, validation, test = (events.filter(events[PART] == part) for part in PARTS)
    return given(tables.with_events(train), validation, test)


def drawn(tables: Tables, section: Split) -> Windows:
    """Windows drawn by chance; they are asked after the last event of all, so that no moment tells them apart."""
    found = by_column(tables.with_events(parted(tables.events, section)), section.validation_share)
    last = tables.events.time.epoch_seconds().max().to_pyarrow().as_py()
    end = None if last is None else _moment(last + 1)
    return replace(found, validation_start=end, test_start=end)


def by_time(tables: Tables, validation_start: datetime, test_start: datetime) -> Windows:
    """Cut everybody's events at the same two moments (UTC)."""
    events, time = tables.events, tables.events.time
    return Windows(
        train=tables.with_events(events.filter(time < validation_start)),
        train_validation=tables.with_events(events.filter(time < test_start)),
        all=tables,
        validation=events.filter((time >= validation_start) & (time < test_start)),
        test=events.filter(time >= test_start),
        validation_start=validation_start,
        test_start=test_start,
    )


def leave_last_out(tables: Tables, target_kinds: Sequence[str]) -> Windows:
    """A user's last event of the target kinds is test, the one before validation; a user always keeps one to train on.

    Events at one time are ordered by item, then by the other columns. A user's events of other kinds from the time of
    the held-out event on are in no window before it: a view after the purchase would tell it.
    """
    import ibis

    events = tables.events
    is_target = events.kind.isin(list(target_kinds))
    ranked = events.mutate(_target=is_target)
    tied = [column.name for column in EVENTS if column.name not in ("user_id", "time", "item_id")]
    newest_first = [ibis.desc(ranked[name]) for name in ("time", "item_id", *tied)]
    of_user_and_part = ibis.window(group_by=["user_id", "_target"], order_by=newest_first)
    ranked = ranked.mutate(_place=ibis.row_number().over(of_user_and_part))
    user = ibis.window(group_by="user_id")
    n_targets = ranked._target.sum().over(user)
    ranked = ranked.mutate(
        _test=ranked._target & (ranked._place == 0) & (n_targets > 1),
        _validation=ranked._target & (ranked._place == 1) & (n_targets > 2),
    )
    ranked = ranked.mutate(
        _test_time=ranked._test.ifelse(ranked.time, None).max().over(user),
        _validation_time=ranked._validation.ifelse(ranked.time, None).max().over(user),
    )

    def before(cut: Any, held_out: Any) -> ir.Table:
        earlier = cut.isnull() | (ranked.time < cut)
        return window(ranked.filter(ranked._target.ifelse(~held_out, earlier)))

    def window(found: ir.Table) -> ir.Table:
        return found.select(*events.columns)

    first_cut = ibis.coalesce(ranked._validation_time, ranked._test_time)
    return Windows(
        train=tables.with_events(before(first_cut, ranked._test | ranked._validation)),
        train_validation=tables.with_events(before(ranked._test_time, ranked._test)),
        all=tables,
        validation=window(ranked.filter(ranked._validation)),
        test=window(ranked.filter(ranked._test)),
    )


def given(tables: Tables, validation: ir.Table, test: ir.Table) -> Windows:
    """The split that a data set brings along: `tables` is its train part; the events need not have times."""
    columns = tables.events.columns
    train_validation = tables.events.union(validation.select(*columns))
    return Windows(
        train=tables,
        train_validation=tables.with_events(train_validation),
        all=tables.with_events(train_validation.union(test.select(*columns))),
        validation=validation,
        test=test,
    )


def _span(events: ir.Table) -> tuple[datetime, datetime]:
    seconds = events.time.epoch_seconds()
    found = events.aggregate(first=seconds.min(), last=seconds.max(), timeless=events.time.isnull().sum()).to_pyarrow()
    row = found.to_pylist()[0]
    if row["first"] is None or row["timeless"]:
        raise KgError(
            f"{row['timeless'] or 0:,} events have no time to split by",
            column="time",
            fix="Map the column `time`, or drop those events by a rule under [[clean]].",
        )
    return _moment(row["first"]), _moment(row["last"])


def _cuts(tables: Tables, section: Split) -> tuple[datetime, datetime]:
    """Where validation and test start: the dates given, or the moments that leave a share of the log after them."""
    events, share_of = tables.events, section.share_of
    test_start, validation_start = section.test_start, section.validation_start
    test_start = _utc(test_start) if test_start else _moment_before(events, section.test_share, share_of)
    if validation_start:
        return _utc(validation_start), test_start
    share = min(1.0, section.validation_share / (1 - section.test_share))  # both shares are of the whole log
    return _moment_before(events.filter(events.time < test_start), share, share_of), test_start


def _moment_before(events: ir.Table, share: float, share_of: str) -> datetime:
    """The moment that leaves this share of the events, or of the time they span, after it."""
    seconds = events.time.epoch_seconds()
    found = events.aggregate(first=seconds.min(), last=seconds.max(), cut=seconds.quantile(1 - share)).to_pyarrow()
    row = found.to_pylist()[0]
    if row["first"] is None:
        raise KgError("no event lies before the test", fix="Set a later `test_start` under [split].")
    return _moment(int(row["cut"] if share_of == "events" else row["last"] - share * (row["last"] - row["first"])))


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
