"""A catalogue with all that was found out about its items, and a report of what that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

import ibis

from kg.config import Derive
from kg.errors import KgError
from kg.mining.between import Between, between
from kg.steps.catalogue import catalogue
from kg.steps.derive import derive
from kg.steps.relations import as_facts
from kg.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

    from kg.graph import KnowledgeGraph

USER, ITEM = "user", "item"
SEPARATOR = " | "
"""Between the values of one cell."""
_POPULARITY_BANDS = 5


@dataclass(frozen=True)
class Share:
    """The share of the items that an attribute is known of, before and after."""

    attribute: str
    before: float
    after: float


@dataclass(frozen=True)
class Found:
    """How many rules of a kind there are, and from how many items they start."""

    relation: str
    rules: int
    items: int


@dataclass(frozen=True, eq=False)
class Enriched:
    """What enrichment made of a shop's catalogue.

    items  a row per item: the catalogue's columns with their gaps filled, then one for each further relation; several
           values are joined by `SEPARATOR`
    facts  where each value comes from: head, relation, tail, tail_type, confidence, provenance, time
    rules  of items and items (`kg.mining.rules.COLUMNS`)
    """

    tables: Tables
    items: pd.DataFrame
    facts: pd.DataFrame
    rules: pd.DataFrame
    shares: tuple[Share, ...]
    found: tuple[Found, ...]

    def graph(self) -> KnowledgeGraph:
        """Items and facts without the customers and what they did."""
        from kg.building import build

        all_told = self.tables
        impersonal = all_told.facts.filter((all_told.facts.head_type != USER) & (all_told.facts.tail_type != USER))
        every = all_told.items.union(_ids(all_told, all_told.items.schema()))
        nobody = {"events": all_told.events.limit(0), "users": all_told.users.limit(0)}
        return build(replace(all_told, items=every, facts=impersonal, **nobody))

    def to_json(self) -> dict[str, Any]:
        return {
            "items": len(self.items),
            "attributes": [asdict(share) for share in self.shares],
            "relations": [asdict(found) for found in self.found],
        }


def asked(section: Derive, relations: Sequence[str] | None = None, **given: Any) -> Derive:
    """The section of a config as enrichment takes it: what is `given` replaces its own.

    Of what a run leaves out unless it is named, all is made: every kind of relation, bands of popularity, known brands.
    Raises KgError naming the nearest where there is no such relation.
    """
    kinds = get_args(Between)
    for name in relations or ():
        if name not in kinds:
            near = get_close_matches(name, kinds, 1)
            fix = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(kinds)}."
            raise KgError("no such relation can be derived", value=name, fix=fix)
    usual = {
        "relations": section.relations or kinds,
        "popularity_bands": section.popularity_bands or _POPULARITY_BANDS,
        "brands": section.brands or ("known",),
    }
    named = {"relations": tuple(relations)} if relations is not None else {}
    return section.model_copy(update=usual | named | {name: value for name, value in given.items() if value})


def enrich(tables: Tables, section: Derive) -> Enriched:
    """Everything that `section` derives, written back to the items; those of the log alone have a row too."""
    told = catalogue(tables, section)
    rules = between(told, section.relations, section.relations_per_item, section.then_bought_days)
    after = derive(tables, section.model_copy(update={"relations": ()}))
    after = after.with_facts(as_facts(rules, after.events))
    facts = after.facts.filter(after.facts.head_type == ITEM).drop("head_type", "literal")
    facts = facts.order_by(["head", "relation", "tail"]).execute()
    before = told.items.union(_ids(told, told.items.schema())).execute().sort_values("item_id", ignore_index=True)
    items = _filled(before, facts)
    return Enriched(after, items, facts, rules, _shares(before, items, facts), _counted(rules, section))


def _ids(tables: Tables, schema: Any) -> Any:
    """The items of the log that the catalogue lacks, in the catalogue's columns."""
    others = tables.events.select("item_id").distinct().anti_join(tables.items, "item_id")
    absent = {name: ibis.null(kind) for name, kind in schema.items() if name != "item_id"}
    return others.mutate(**absent).select(*schema)


def _filled(items: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """The catalogue with the facts in its gaps and in further columns."""
    joined = facts.groupby(["relation", "head"], sort=True)["tail"].agg(SEPARATOR.join)
    columns = {}
    for relation in dict.fromkeys(joined.index.get_level_values("relation")):
        values = items["item_id"].map(joined[relation])
        columns[relation] = items[relation].fillna(values) if relation in items else values
    return items.assign(**columns)


def _shares(before: pd.DataFrame, items: pd.DataFrame, facts: pd.DataFrame) -> tuple[Share, ...]:
    """Of every attribute that the catalogue has or that was found: columns in the catalogue's order, then by name."""
    attributes = facts.loc[facts["tail_type"] != ITEM, "relation"].unique()
    names = dict.fromkeys([*before.columns.drop("item_id"), *sorted(attributes)])

    def share(frame: pd.DataFrame, name: str) -> float:
        return float(frame[name].notna().mean()) if name in frame and len(frame) else 0.0

    return tuple(Share(name, share(before, name), share(items, name)) for name in names)


def _counted(rules: pd.DataFrame, section: Derive) -> tuple[Found, ...]:
    """Every kind that was asked for, also where no rule was found."""
    of = {kind: rules[rules["relation"] == kind] for kind in section.relations}
    return tuple(Found(kind, len(own), int(own["head"].nunique())) for kind, own in of.items())
