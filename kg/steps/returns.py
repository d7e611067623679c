"""What came back does not count: purchases net of their returns."""

from __future__ import annotations

from kg.config import Derive
from kg.tables import Tables


def returns(tables: Tables, section: Derive) -> Tables:
    """Purchases weigh the share that was kept: 1 − quantity returned / quantity bought of the pair, at least 0."""
    if not section.returns:
        return tables
    events = tables.events
    pair = ["user_id", "item_id"]
    back = events.filter(events.kind == "return").group_by(pair).agg(back=events.quantity.fill_null(1).sum())
    bought = events.filter(events.kind == "purchase").group_by(pair).agg(bought=events.quantity.fill_null(1).sum())
    kept = back.join(bought, pair).mutate(kept=1.0)
    kept = kept.mutate(kept=(1 - kept.back / kept.bought).clip(lower=0)).select(*pair, "kept")
    joined = events.left_join(kept, pair)
    value = (joined.kind == "purchase").ifelse(joined.kept.fill_null(1.0), joined.value)
    return tables.with_events(joined.mutate(value=value).select(*events.columns))
