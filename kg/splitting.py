"""The split stands before the graph: what lies after a cut never reaches the tables before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kg.config import Split
from kg.errors import KgError
from kg.tables import Tables

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, eq=False)
class Windows:
    """Three growing windows of tables and the events that follow the first two; an event at a cut lies after it."""

    train: Tables
    train_validation: Tables
    all: Tables
    validation: ir.Table
    test: ir.Table
    validation_start: datetime
    test_start: datetime


def split(tables: Tables, section: Split) -> Windows:
    """Cut by global time; raises KgError where a window would be empty."""
    events, time = tables.events, tables.events.time
    shares = [1 - section.test_share - section.validation_share, 1 - section.test_share]
    dates = (section.validation_start, section.test_start)
    cuts = [_date(date) if date else _quantile(events, share) for date, share in zip(dates, shares, strict=True)]
    train, both = (tables.with_events(events.filter(time < cut)) for cut in cuts)
    validation, test = events.filter((time >= cuts[0]) & (time < cuts[1])), events.filter(time >= cuts[1])
    windows = {"train": train.events, "validation": validation, "test": test}
    for name, window in windows.items():
        if not window.count().execute():
            raise KgError(f"the {name} window is empty", value=[str(cut) for cut in cuts], fix="Move the cuts under [split].")
    return Windows(train, both, tables, validation, test, *cuts)


def _date(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise KgError("a cut is no date", value=text, fix="Write it like 2011-11-06.") from error


def _quantile(events: Any, share: float) -> datetime:
    """The time before which this share of the events lies."""
    seconds = events.time.epoch_seconds().quantile(share).execute()
    if seconds != seconds:
        raise KgError("the events have no time to split by", column="time", fix="Map the column `time`.")
    from datetime import UTC

    return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)
