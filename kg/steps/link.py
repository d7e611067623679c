"""What the items are among the nodes of taxonomies and facts: (item, google_category, 2169)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kg.config import Derive
from kg.steps.linking import ITEM, linked
from kg.steps.said import sure_facts
from kg.tables import Tables


def link(tables: Tables, section: Derive) -> Tables:
    """A fact from every item to the node that it is linked to, for every type of node in `link`; named like the type.

    The provenance says how it was found, the confidence how sure it is.
    """
    for each in section.link:
        links = linked(tables, each, Path(each.review) if each.review else None)
        facts = tables.facts
        other = (facts.head_type == ITEM) & (facts.relation == each.to) & facts["head"].isin(links.answered)
        tables = replace(tables, facts=facts.filter(~other)) if links.answered else tables
        rows = ((one.item, each.to, one.target, one.confidence, f"link: {one.method}") for one in links.accepted)
        tables = tables.with_facts(sure_facts(rows))
    return tables
