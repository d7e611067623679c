"""Shopify's product CSV: a line per variant, of which only a product's first says what all share.

Shopify, "Using CSV files to import and export products" (help.shopify.com); both spellings of its header are read, the
old (Handle, Variant SKU) and the new (URL handle, SKU). An item is a variant; what a product's variants share is the
node of its column `product`.
"""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kg.errors import KgError
from kg.sources.catalogue import Product, told
from kg.sources.packed import open_lines

_ALIASES = {
    "handle": ("handle", "url handle"),
    "title": ("title",),
    "description": ("body (html)", "description"),
    "vendor": ("vendor",),
    "category": ("product category",),
    "type": ("type",),
    "tags": ("tags",),
    "published": ("published", "published on online store"),
    "status": ("status",),
    "sku": ("variant sku", "sku"),
    "price": ("variant price", "price"),
    "barcode": ("variant barcode", "barcode"),
    "quantity": ("variant inventory qty", "inventory quantity"),
    "policy": ("variant inventory policy", "continue selling when out of stock"),
}
_SHARED = ("title", "description", "vendor", "category", "type", "tags", "published", "status")
_OPTIONS = (1, 2, 3)
_NO_OPTION = "default title"
_METAFIELD = re.compile(r"(.+?) \(product\.metafields\..+\)")
_TAG = re.compile(r"<[^>]*>")


def rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """A row per variant, and the line it stands on; KgError naming the file where it is none of Shopify's."""
    with open_lines(path) as text:
        reader = csv.reader(text)
        try:
            header = [name.strip().lower() for name in next(reader, [])]
            place = {ours: header.index(name) for ours, names in _ALIASES.items() for name in names if name in header}
            if "handle" not in place:
                fix = "Export the products as CSV, or map the columns of your own under [items.columns]."
                raise KgError("the file has no column Handle, so it is none of Shopify's", file=path, row=1, fix=fix)
            shared: dict[str, dict[str, str]] = {}
            line = reader.line_num + 1
            for cells in reader:
                if len(cells) > len(header):
                    raise KgError("more cells than the header has", file=path, row=line, fix="Mend the line.")
                named = dict(zip(header, (cell.strip() for cell in cells), strict=False))
                said = {ours: named.get(header[at], "") for ours, at in place.items()}
                own = shared.setdefault(said["handle"], {})
                for name, value in _of_product(said, named).items():
                    own.setdefault(name, value)
                if said["handle"] and (said.get("sku") or said.get("price") or named.get("option1 value")):
                    yield line, _variant(said, named, own)
                line = reader.line_num + 1
        except csv.Error as error:
            raise KgError(f"the CSV cannot be read: {error}", file=path, row=reader.line_num, fix="Mend it.") from error


def _of_product(said: dict[str, str], named: dict[str, str]) -> dict[str, str]:
    """What a line says of the whole product: also what its options are called, and its metafields."""
    found = {name: said[name] for name in _SHARED if said.get(name)}
    found |= {f"option{n}": named[f"option{n} name"] for n in _OPTIONS if named.get(f"option{n} name")}
    fields = {match[1]: value for name, value in named.items() if value and (match := _METAFIELD.fullmatch(name))}
    return found | {f"field {name}": value for name, value in fields.items()}


def _variant(said: dict[str, str], named: dict[str, str], shared: dict[str, str]) -> dict[str, Any]:
    options = [(shared.get(f"option{n}", ""), named.get(f"option{n} value", "")) for n in _OPTIONS]
    chosen = [(name, value) for name, value in options if value and value.lower() != _NO_OPTION]
    values = [value for _, value in chosen]
    title = shared.get("title")
    product = Product()
    for name, value in chosen:
        product.add(name, value)
    for name, value in shared.items():
        product.add(name.removeprefix("field "), value) if name.startswith("field ") else None
    return {
        "item_id": said.get("sku") or "/".join([said["handle"], *values]),
        "title": " – ".join([title, *values]) if title else None,
        "description": html.unescape(_TAG.sub(" ", shared.get("description", ""))).strip() or None,
        "brand": shared.get("vendor"),
        "category": shared.get("category") or shared.get("type"),
        "price": said.get("price") or None,
        "available": told(_available(said, shared)),
        "product": said["handle"],
        "type": shared.get("type"),
        "tags": shared.get("tags"),
        "barcode": said.get("barcode") or None,
        **product.others("product", "type", "tags", "barcode"),
    }


def _available(said: dict[str, str], shared: dict[str, str]) -> bool:
    """Published, and in stock or sold beyond it."""
    if shared.get("status", "active").lower() != "active" or shared.get("published", "true").lower() == "false":
        return False
    sold_out = re.fullmatch(r"0+|-\d+", said.get("quantity", "")) is not None
    return not (sold_out and said.get("policy", "deny").lower() in ("deny", "false"))
