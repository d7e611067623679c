"""What is bought instead of what: looked at in one visit, of one category, and not bought together.

Of two goods that have nothing to do with each other, a visitor who looks at both buys both with the product of the
chances that either is bought once looked at; of substitutes, less often: one will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from kg.mining.rules import strongest

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from kg.tables import Tables

_ENDS = ["head", "tail"]


def substitutes(viewed: pd.DataFrame, tables: Tables, views: ir.Table, bought: ir.Table, most: int) -> pd.DataFrame:
    """Of the rules of what is viewed together, those between substitutes, `most` to a head.

    views, bought  the baskets (`kg.mining.pairs.baskets`) of what was viewed and what was purchased
    """
    alike = viewed.merge(_of_one_category(tables, viewed), on=_ENDS)
    chance = _chances(views, bought)
    independent = alike["count"] * alike["head"].map(chance).fillna(0) * alike["tail"].map(chance).fillna(0)
    both = alike.merge(_bought_both(alike, bought), on=_ENDS, how="left")["both"].fillna(0)
    return strongest(alike[both.to_numpy() <= independent.to_numpy()].assign(relation="substitute"), most)


def _of_one_category(tables: Tables, pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs (head, tail) that share a category, as the items or the facts say."""
    items, facts = tables.items, tables.facts
    said = items.select("item_id", "category").drop_null("category")
    known = facts.filter((facts.head_type == "item") & (facts.relation == "category"))
    of = said.union(known.select(item_id="head", category="tail"), distinct=True)
    given = ibis.memtable(pairs[_ENDS])
    heads = given.join(of, given["head"] == of.item_id).select(*_ENDS, "category")
    tails = of.select(tail="item_id", category="category")
    shared: pd.DataFrame = heads.join(tails, ["tail", "category"]).select(*_ENDS).distinct().execute()
    return shared


def _chances(views: ir.Table, bought: ir.Table) -> pd.Series[float]:
    """Of the visits that looked at an item, the share in which it was bought."""
    seen = views.group_by("item_id").agg(seen=views.count())
    taken = views.semi_join(bought, ["basket", "item_id"])
    counted = seen.join(taken.group_by("item_id").agg(taken=taken.count()), "item_id").execute()
    share: pd.Series[float] = counted.set_index("item_id").eval("taken / seen")
    return share


def _bought_both(pairs: pd.DataFrame, bought: ir.Table) -> pd.DataFrame:
    """In how many baskets both of a pair were bought: head, tail, both; not those of which it is none."""
    given = ibis.memtable(pairs[_ENDS])
    one = given.join(bought, given["head"] == bought.item_id).select(*_ENDS, "basket")
    other = bought.select("basket", tail="item_id")
    both = one.join(other, ["basket", "tail"])
    counted: pd.DataFrame = both.group_by(_ENDS).agg(both=both.count()).execute()
    return counted
