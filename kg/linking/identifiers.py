"""Items and nodes that have one identifier are one thing.

GS1 General Specifications: an EAN, UPC or ISBN is a GTIN, padded by zeros to 14 digits; ISO 2108: an ISBN of 10
characters is 978, its first nine digits, and a new check digit.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

KINDS: dict[str, tuple[str, ...]] = {
    "gtin": (
        "gtin",
        "gtin8",
        "gtin12",
        "gtin13",
        "gtin14",
        "ean",
        "ean13",
        "upc",
        "barcode",
        "isbn",
        "isbn10",
        "isbn13",
    ),
    "asin": ("asin",),
    "mpn": ("mpn", "manufacturer_part_number"),
    "same as": ("same_as", "uri", "iri"),
}
"""An identifier, and what columns and relations call it: in any case, with or without _ and spaces."""
_ISBN10 = re.compile(r"\d{9}[\dX]")
_GTIN = 14
_SAME = {spelled.replace("_", ""): kind for kind, names in KINDS.items() for spelled in names}


def kind_of(name: str) -> str | None:
    """Which identifier a column or relation holds, if any."""
    return _SAME.get(re.sub(r"[\W_]", "", name.lower()))


def normalised(kind: str, text: str) -> str | None:
    """An identifier as it is compared; None for what is none: "unknown", "0", a GTIN whose check digit is wrong."""
    if kind == "same as":
        return text.strip() or None
    plain = re.sub(r"[\s\-./]", "", text).upper()
    if kind == "gtin":
        if _ISBN10.fullmatch(plain):
            plain = _isbn13(plain)
        valid = plain.isdecimal() and len(plain) <= _GTIN and int(plain) > 0 and _check(plain[:-1]) == plain[-1]
        return plain.zfill(_GTIN) if valid else None
    return plain if any(letter.isdecimal() for letter in plain) and len(plain) > 2 else None


def by_identifier(items: pd.DataFrame, nodes: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Item → (node, kind) where an identifier of one item is that of one node alone, and no two disagree.

    items  `item_id`, `name` (of the column), `value`
    nodes  `node`, `name` (of the relation), `value`
    """
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for node, name, value in nodes[["node", "name", "value"]].itertuples(index=False):
        if (kind := kind_of(name)) and (key := normalised(kind, value)):
            owners[kind, key].add(node)
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for item, name, value in items[["item_id", "name", "value"]].itertuples(index=False):
        if (kind := kind_of(name)) and (key := normalised(kind, value)) and len(owners.get((kind, key), ())) == 1:
            (node,) = owners[kind, key]
            found[item].setdefault(node, kind)
    return {item: next(iter(own.items())) for item, own in found.items() if len(own) == 1}


def _isbn13(isbn: str) -> str:
    """The GTIN of an ISBN of ten characters; one whose check digit is wrong keeps it, and stays wrong."""
    values = [10 if digit == "X" else int(digit) for digit in isbn]
    right = sum(weight * value for weight, value in zip(range(10, 0, -1), values, strict=True)) % 11 == 0
    body = f"978{isbn[:9]}"
    return f"{body}{_check(body)}" if right else isbn


def _check(body: str) -> str:
    """The check digit of a GTIN's other digits: three and one by turns, from the right."""
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(body)))
    return str(-total % 10)
