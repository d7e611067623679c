"""All that the events say of one item and another: rules of every kind that is asked for."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Literal

from kg.mining.pairs import baskets, count_pairs
from kg.mining.rules import COLUMNS, FEWEST, associations
from kg.mining.sequences import count_sequences, firsts, successions
from kg.mining.substitutes import substitutes

if TYPE_CHECKING:
    import pandas as pd

    from kg.tables import Tables

Between = Literal["bought_together", "then_bought", "viewed_together", "substitute"]

EVIDENCE: dict[Between, str] = {
    "bought_together": "baskets",
    "then_bought": "customers' first purchases",
    "viewed_together": "visits",
    "substitute": "visits and baskets",
}
"""What each kind of rule is drawn from."""


def between(tables: Tables, kinds: Collection[Between], most: int, days: int) -> pd.DataFrame:
    """The rules (`kg.mining.rules.COLUMNS`) of these kinds, at most `most` of a kind to a head.

    What is bought then is bought within `days`. Nothing but the events of `tables` is read, and for substitutes the
    categories of their items.
    """
    import pandas as pd

    viewed, bought = (baskets(tables.events, kind) for kind in ("view", "purchase"))
    found = []
    if "bought_together" in kinds:
        found.append(associations(count_pairs(bought, FEWEST), "bought_together", most))
    if "then_bought" in kinds:
        sequences = count_sequences(firsts(tables.events, "purchase"), days)
        found.append(successions(sequences, "then_bought", most))
    if "viewed_together" in kinds or "substitute" in kinds:
        pairs = count_pairs(viewed, FEWEST)
        seen = partial(associations, pairs, "viewed_together")
        if "viewed_together" in kinds:
            found.append(seen(most))
        if "substitute" in kinds:
            found.append(substitutes(seen(len(pairs.items)), tables, viewed, bought, most))
    return pd.concat(found, ignore_index=True)[list(COLUMNS)] if found else pd.DataFrame(columns=list(COLUMNS))
