"""Brands that the titles name, where the catalogue names none."""

from __future__ import annotations

from pathlib import Path

from kg.config import Derive
from kg.errors import KgError
from kg.mining.brands import known_brands, leading_brands
from kg.mining.phrases import words
from kg.mining.vocabulary import read_vocabulary
from kg.steps.said import known, sure_facts, texts
from kg.steps.titles import read_lexicon
from kg.tables import Tables

BRAND = "brand"


def brands(tables: Tables, section: Derive) -> Tables:
    """A fact for every item without a brand whose title names one with at least `mined_confidence`.

    "known": a brand of the catalogue, or of `brand_list`; "leading": what several titles begin with. Where both find
    one, the known one is said.
    """
    if not section.brands:
        return tables
    titles = texts(tables, "title")
    before = {item: values[0] for (item, _), values in known(tables, [BRAND]).items()}
    found: dict[str, tuple[str, float, str]] = {}
    if "leading" in section.brands:
        listed = [Path(path) for path in section.vocabulary]
        common = {*((word,) for word in read_lexicon().empty), *(read_vocabulary(listed).meanings() if listed else ())}
        unbranded = {item: title for item, title in titles.items() if item not in before}
        found |= {item: (name, sure, "leading words") for item, name, sure in leading_brands(unbranded, common)}
    if "known" in section.brands:
        also = _listed(section.brand_list)
        for item, name, sure in known_brands(titles, before, also):
            if sure >= section.mined_confidence:
                found[item] = (name, sure, "known brands")
    rows = (
        (item, BRAND, name, sure, f"{how}: title")
        for item, (name, sure, how) in sorted(found.items())
        if sure >= section.mined_confidence
    )
    return tables.with_facts(sure_facts(rows))


def _listed(path: str | None) -> list[str]:
    """The brands of a text file, one to a line."""
    if path is None:
        return []
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        fix = "Give a UTF-8 text file with a brand on every line."
        raise KgError(f"the list of brands cannot be read: {error}", file=path, fix=fix) from error
    return [name for line in lines if words(name := line.strip())]
