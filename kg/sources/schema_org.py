"""Products in the words of schema.org, as JSON-LD: a file of one or many, wherever in it they stand, or JSON lines.

schema.org, "Product" and "ProductGroup". Contexts are never read: names are taken as schema.org's, with or without its
prefix. Names and descriptions in several languages are columns of their own, `title@de`; a variant of a group has what
the group says beside what it says itself; an `additionalProperty` is a column of its own name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kg.errors import KgError
from kg.sources.catalogue import Product, told
from kg.sources.guarded import read_json_text

_KINDS = ("Product", "ProductGroup", "ProductModel", "IndividualProduct", "SomeProducts")
_WORD = re.compile(r"(?:https?://schema\.org/|schema:)")
_IDS = ("sku", "productID", "gtin", "gtin14", "gtin13", "gtin12", "gtin8", "mpn", "@id", "url")
_NOT_TOLD = (
    "@context", "@type", "@id", "image", "url", "offers", "review", "aggregateRating", "hasVariant", "isVariantOf",
    "isRelatedTo", "isSimilarTo", "subjectOf", "mainEntityOfPage", "additionalProperty", "variesBy",
)  # fmt: skip
_UNAVAILABLE = ("OutOfStock", "SoldOut", "Discontinued")


def rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """A row per product and its number in the file (of JSON lines its line); KgError where the file is no JSON."""
    text = read_json_text(path)
    number = 0
    for line, document in _documents(text, path):
        for product in _products(document):
            number += 1
            yield line or number, _columns(product)


def _documents(text: bytes, path: Path) -> Iterator[tuple[int, Any]]:
    """The whole file with line 0, or every line of it."""
    try:
        yield 0, _loaded(text)
        return
    except ValueError as error:
        whole = error
    lines = text.splitlines()
    try:
        found = [(number, _loaded(line)) for number, line in enumerate(lines, 1) if line.strip()]
    except ValueError:
        found = []
    if not found:
        row, column = getattr(whole, "lineno", None), getattr(whole, "colno", None)
        problem = f"malformed JSON: {getattr(whole, 'msg', whole)}"
        place = None if column is None else str(column)
        raise KgError(problem, file=path, row=row, column=place, fix="Mend the file there.") from whole
    yield from found


def _loaded(text: bytes) -> Any:
    """A JSON value whose names are schema.org's."""
    return json.loads(text, object_pairs_hook=lambda pairs: {_WORD.sub("", name): value for name, value in pairs})


def _products(document: Any) -> Iterator[dict[str, Any]]:
    """Every product of a document, in its order; a group with variants is these."""
    ahead = [document]
    while ahead:
        value = ahead.pop()
        if isinstance(value, list):
            ahead += reversed(value)
        elif isinstance(value, dict):
            if not _is_product(value):
                ahead += reversed(value.values())
                continue
            variants = [variant for variant in _listed(value.get("hasVariant")) if isinstance(variant, dict)]
            shared = {name: of for name, of in value.items() if name not in ("hasVariant", "@id", *_IDS)}
            group = value.get("productGroupID") or value.get("@id")
            yield from ({**shared, **({"productGroupID": group} if group else {}), **own} for own in variants)
            if not variants:
                yield value


def _is_product(value: dict[str, Any]) -> bool:
    return any(_WORD.sub("", kind) in _KINDS for kind in _listed(value.get("@type")) if isinstance(kind, str))


def _columns(said: dict[str, Any]) -> dict[str, Any]:
    product = Product()
    for name, value in said.items():
        if name not in _NOT_TOLD:
            for text in _texts(value):
                product.add(name, text)
    for value in _listed(said.get("additionalProperty")):
        if isinstance(value, dict):
            for name in _texts(value.get("name")):
                for text in _quantities(value):
                    product.add(name, text)
    offers = [offer for offer in _listed(said.get("offers")) if isinstance(offer, dict)]
    stock = [_WORD.sub("", text) for offer in offers for text in _texts(offer.get("availability"))]
    prices = (_texts(offer.get(key)) for offer in offers for key in ("price", "lowPrice"))
    price = next((text for texts in prices for text in texts), None)
    title, description = _spoken(said.get("name")), _spoken(said.get("description"))
    return {
        "item_id": next((text for name in _IDS for text in _texts(said.get(name))), None),
        "title": _chosen(title),
        "description": _chosen(description),
        "brand": product.first("brand") or product.first("manufacturer"),
        "category": " > ".join(_texts(said.get("category"))) or None,
        "price": price,
        "available": told(any(each not in _UNAVAILABLE for each in stock)) if stock else None,
        **{f"title@{language}": text for language, text in title.items() if language},
        **{f"description@{language}": text for language, text in description.items() if language},
        **product.others("name"),
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _texts(value: Any) -> list[str]:
    """What a value says: texts, numbers with their unit, names of things."""
    found = []
    for one in _listed(value):
        if isinstance(one, bool):
            found.append(told(one))
        elif isinstance(one, (str, int, float)):
            found.append(str(one).strip())
        elif isinstance(one, dict):
            named = next((one[key] for key in ("@value", "name", "@id") if key in one), None)
            found += _quantities(one) if named is None else _texts(named)
    return [text for text in found if text]


def _quantities(value: dict[str, Any]) -> list[str]:
    """A `value` with its unit, as "500 ml"."""
    unit = next((text for key in ("unitText", "unitCode") for text in _texts(value.get(key))), "")
    return [f"{text} {unit}".strip() for text in _texts(value.get("value"))]


def _spoken(value: Any) -> dict[str, str]:
    """The first text in every language, "" where none is said."""
    found: dict[str, str] = {}
    for one in _listed(value):
        language = str(one.get("@language") or "").lower() if isinstance(one, dict) else ""
        for text in _texts(one):
            found.setdefault(language, text)
    return found


def _chosen(texts: dict[str, str]) -> str | None:
    """Without a language, else in English, else in the first."""
    return texts.get("") or texts.get("en") or next(iter(texts.values()), None)
