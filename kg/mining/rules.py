"""Association rules between items: who has A has B too, surely more often than by chance.

Agrawal, Imieliński and Swami, "Mining association rules between sets of items in large databases", SIGMOD 1993
(support, confidence); Brin et al., "Dynamic itemset counting and implication rules", SIGMOD 1997 (lift, conviction).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kg.mining.pairs import Counts, Pairs
from kg.mining.significance import Floats, discoveries, more_than_chance

if TYPE_CHECKING:
    import pandas as pd

RATE = 0.01
"""The share of the rules kept that may be chance."""
FEWEST = 5
"""Baskets, sessions or customers that must speak for a rule."""
_CERTAIN = 2.58  # standard errors of log lift: 99 % two-sided

COLUMNS = ("head", "relation", "tail", "count", "support", "confidence", "lift", "conviction", "p", "time")
"""Of a table of rules. count: baskets (sessions, customers) with both; support: their share; confidence: of those with
the head, how many have the tail; lift: confidence / share of all that have the tail; conviction: how many times as
often the rule would fail if there was nothing in it, ∞ where it never fails; p: of chance; time: the last that speaks
for it.
"""


def associations(pairs: Pairs, relation: str, most: int, rate: float = RATE) -> pd.DataFrame:
    """Rules in both directions of the pairs that are together more often than by chance, `most` to a head.

    Each pair is tested against the Poisson law of `Pairs.expected`, every customer counting once: the habits of one
    household are no rule. Of all pairs of the items counted, those kept are chance in at most `rate` (Benjamini and
    Hochberg). Of a head's rules those stay whose lift is surely largest.
    """
    n = len(pairs.items)
    p = more_than_chance(pairs.customers, pairs.expected)
    kept = np.flatnonzero(discoveries(p, n * (n - 1) / 2, rate))
    heads = np.concatenate([pairs.a[kept], pairs.b[kept]])
    tails = np.concatenate([pairs.b[kept], pairs.a[kept]])
    found = rules(
        pairs.items,
        relation,
        (heads, tails),
        np.tile(pairs.together[kept], 2),
        (pairs.each[heads], pairs.each[tails]),
        pairs.n_baskets,
        np.tile(p[kept], 2),
        np.tile(pairs.last[kept], 2),
    )
    return strongest(found, most)


def rules(
    items: NDArray[np.object_],
    relation: str,
    ends: tuple[Counts, Counts],
    count: Counts,
    each: tuple[Counts, Counts],
    n: int,
    p: Floats,
    last: Counts,
) -> pd.DataFrame:
    """A table of rules (`COLUMNS`): of `n` baskets, for heads and tails (indices into `items`) and counts, all (m,)."""
    import pandas as pd

    confidence = count / each[0]
    share = each[1] / n
    failing = 1 - confidence
    conviction = np.divide(1 - share, failing, out=np.full(len(failing), np.inf), where=failing > 0)
    columns = (
        items[ends[0]],
        np.full(len(count), relation, dtype=object),
        items[ends[1]],
        count,
        count / n,
        confidence,
        confidence / share,
        conviction,
        p,
        pd.to_datetime(pd.Series(last).where(last >= 0), unit="s").astype("datetime64[us]"),
    )
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def strongest(found: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most `most` rules to a head, those whose lift is surely largest: its lower end, lift · exp(−2.58 / √count)."""
    certain = found["lift"] * np.exp(-_CERTAIN / np.sqrt(found["count"]))
    order = found.assign(certain=certain).sort_values(["head", "certain", "tail"], ascending=[True, False, True])
    return order.groupby("head", sort=False).head(most).drop(columns="certain").reset_index(drop=True)
