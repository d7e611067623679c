"""What facts say in numbers and dates, as nodes: bands that each hold as many."""

from __future__ import annotations

import ibis

from kg.config import Derive
from kg.sources.facts import QUANTITY
from kg.steps.bands import banded
from kg.steps.facts import facts
from kg.tables import Tables

_NUMBERS = ("decimal", "double", "float", "integer", "int", "long", "short", "nonNegativeInteger", "positiveInteger")
_DATES = ("date", "dateTime", "gYear", "gYearMonth")
_YEAR = "^(-?[0-9]{4,})"


def number_bands(tables: Tables, section: Derive) -> Tables:
    """A fact per literal that is a number, a quantity or a date (whose year counts); `number_bands` bands by quantile.

    Bands are of one relation, type of head and unit, and named by the lowest and highest number in them. Where all
    numbers are equal there is nothing to tell apart, and no band.
    """
    if not section.number_bands:
        return tables
    said = tables.facts.filter(tables.facts.literal)
    is_quantity, is_date = said.tail_type.startswith(QUANTITY), said.tail_type.isin(_DATES)
    unit = is_quantity.ifelse(ibis.literal(" ") + said.tail_type.substr(len(QUANTITY)), ibis.literal(""))
    said = said.filter(is_quantity | is_date | said.tail_type.isin(_NUMBERS)).mutate(
        value=is_date.ifelse(said.tail.re_extract(_YEAR, 1), said.tail).try_cast("float64"), unit=unit
    )
    kind = ["head_type", "relation", "unit"]
    known = said.filter(said.value.notnull() & ~said.value.isnan() & ~said.value.isinf())
    known = known.select(*kind, "head", "value", "provenance").distinct()
    alike = ibis.window(group_by=kind)
    known = known.mutate(least=known.value.min().over(alike), most=known.value.max().over(alike))
    known = known.filter(known.least < known.most)
    named = banded(known, "value", section.number_bands, _told, kind)
    found = named.select(*kind, "head", "provenance", tail=named.band + named.unit)
    made = facts(
        found, head="head", of=found.head_type, relation=found.relation, tail=found.tail, provenance=found.provenance
    )
    return tables.with_facts(made)


def _told(number: float) -> str:
    """A number without needless zeros."""
    return repr(number).removesuffix(".0")
