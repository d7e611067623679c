"""Product feeds for Google Merchant Center: XML (RSS 2.0 and Atom 1.0) and tab-separated text.

Google, "Product data specification" (support.google.com/merchants/answer/7052112). A product's attributes keep their
names, without the prefix g:; what is repeated is a list; a `product_detail` is a column of its own name.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from kg.errors import KgError
from kg.sources.catalogue import Product, told
from kg.sources.guarded import read_xml
from kg.sources.packed import open_lines

_PRODUCTS = ("item", "entry")
_DETAIL = "product_detail"
_FEEDS = ("rss", "feed", "RDF")
_PRICE = re.compile(r"\s*(?:[A-Z]{3}\s*)?(\d+(?:\.\d+)?)(?:\s*[A-Z]{3})?\s*")
_UNAVAILABLE = ("out_of_stock", "out of stock")
_NOT_TOLD = ("link", "mobile_link", "image_link", "additional_image_link")


def rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """A row per product, in our columns and the feed's; KgError with row and column where the file is malformed."""
    with open_lines(path) as text:
        first = next((line for line in text if line.strip()), "")
    of_file = _xml(path) if first.lstrip().startswith("<") else _text(path)
    for line, product in of_file:
        yield line, _columns(product)


def _xml(path: Path) -> Iterator[tuple[int, Product]]:
    done: list[tuple[int, Product]] = []
    open_: list[str] = []  # the names of the elements around, from the product's own
    texts: list[str] = []
    product, detail, line = Product(), Product(), 0

    def begun(name: str, _: dict[str, str], at: int) -> None:
        nonlocal product, detail, line
        if not (open_ or line) and name not in _FEEDS:
            fix = "Give a feed: <rss> with <item>s, or <feed> with <entry>s."
            raise KgError("this XML is no product feed", file=path, row=at, value=name, fix=fix)
        line = line or at
        if open_ or name in _PRODUCTS:
            open_.append(name)
        if len(open_) == 1:
            product, line = Product(), at
        if len(open_) == 2:
            detail = Product()
        texts.clear()

    def ended(name: str) -> None:
        if not open_:
            return
        text = "".join(texts).strip()
        texts.clear()
        match len(open_):
            case 1:
                done.append((line, product))
            case 2 if name == _DETAIL:
                product.add(detail.first("attribute_name") or "", detail.first("attribute_value") or "")
            case 2:
                product.add(name, text)
            case 3 if open_[1] == _DETAIL:
                detail.add(name, text)
            case _:
                product.add(".".join(open_[1:]), text)
        open_.pop()

    for _ in read_xml(path, begun, ended, texts.append, entities=False):
        yield from done
        done.clear()


def _text(path: Path) -> Iterator[tuple[int, Product]]:
    with open_lines(path) as text:
        reader = csv.reader(text, delimiter="\t")
        try:
            header = [re.sub(r"[\s-]+", "_", name.strip().lower().removeprefix("g:")) for name in next(reader)]
            line = reader.line_num + 1
            for cells in chain(reader):
                product = Product()
                if len(cells) > len(header):
                    raise KgError("more cells than the header has", file=path, row=line, fix="Separate by tabs alone.")
                for name, cell in zip(header, cells, strict=False):
                    product.add(name, cell.strip())
                if any(cells):
                    yield line, product
                line = reader.line_num + 1
        except csv.Error as error:
            raise KgError(
                f"the feed cannot be read: {error}", file=path, row=reader.line_num, fix="Mend it."
            ) from error


def _columns(product: Product) -> dict[str, Any]:
    """In our columns; the cheaper of two prices is today's."""
    price = product.first("sale_price") or product.first("price")
    number = _PRICE.fullmatch(price or "")
    availability = product.first("availability")
    return {
        "item_id": product.first("id"),
        "title": product.first("title"),
        "description": product.first("description"),
        "brand": product.first("brand"),
        "category": product.first("product_type") or product.first("google_product_category"),
        "price": number[1] if number else price,
        "available": None if availability is None else told(availability.lower() not in _UNAVAILABLE),
        **product.others("id", "price", "sale_price", "availability", *_NOT_TOLD),
    }
