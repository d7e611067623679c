"""Attributes of a vocabulary that the items' texts name."""

from __future__ import annotations

from pathlib import Path

from kg.config import Derive
from kg.mining.mining import Text, mined
from kg.mining.vocabulary import read_vocabulary
from kg.steps.said import known, sure_facts, texts
from kg.tables import Tables


def mined_attributes(tables: Tables, section: Derive) -> Tables:
    """A fact for every value of the `vocabulary` that texts say of an item with at least `mined_confidence`.

    What the catalogue or the facts say already of an item's attribute stays, and nothing is added to it.
    """
    if not section.vocabulary:
        return tables
    vocabulary = read_vocabulary([Path(path) for path in section.vocabulary]).only(section.mined_attributes)
    vocabulary.only(list(section.mined_in))
    before = known(tables, [*vocabulary.attributes, "category"])
    said = [
        Text(item, column, text, before.get((item, "category"), ()))
        for column in section.mined_from
        for item, text in texts(tables, column).items()
    ]
    told = sure_facts(
        (each.item, each.attribute, each.value, each.confidence, f"{vocabulary.source}: {each.column}")
        for each in mined(said, vocabulary, section.mined_in)
        if each.confidence >= section.mined_confidence and (each.item, each.attribute) not in before
    )
    return tables.with_facts(told)
