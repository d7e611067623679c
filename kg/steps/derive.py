"""What is derived from the events of one window, so that no graph sees the future."""

from __future__ import annotations

from importlib import import_module

from kg.config import Derive
from kg.tables import Tables

STEPS: dict[str, str] = {
    "catalogue": "kg.steps.catalogue:catalogue",
    "prices": "kg.steps.prices:prices",
    "returns": "kg.steps.returns:returns",
    "attributes": "kg.steps.attributes:attributes",
    "titles": "kg.steps.titles:titles",
    "link": "kg.steps.link:link",
    "mined_attributes": "kg.steps.mined:mined_attributes",
    "brands": "kg.steps.brands:brands",
    "number_bands": "kg.steps.number_bands:number_bands",
    "price_bands": "kg.steps.price_bands:price_bands",
    "popularity_bands": "kg.steps.popularity_bands:popularity_bands",
    "relations": "kg.steps.relations:relations",
}
"""Functions Tables, Derive → Tables, in the order they run; a new one is one new file and one line here."""


def derive(tables: Tables, section: Derive, before: str | None = None) -> Tables:
    """Every step, one after the other; or those before the one named."""
    for step, home in STEPS.items():
        if step == before:
            break
        module, name = home.split(":")
        tables = getattr(import_module(module), name)(tables, section)
    return tables
