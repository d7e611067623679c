"""Files whose rows are made: feeds, schema.org, Shopify, Google Analytics 4."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kg.config import KgConfig
from kg.errors import KgError
from kg.reading import ingest

LOG = "user_id,item_id\nann,a\n"


def items(folder: Path, name: str, text: str | bytes, **source: Any) -> pd.DataFrame:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    (folder / "log.csv").write_text(LOG)
    config = {"folder": folder, "events": {"path": "log.csv"}, "items": {"path": name, **source}}
    frame = ingest(KgConfig.model_validate(config))[0].items.execute().set_index("item_id")
    return frame.astype(object).where(frame.notna(), None)


def row(frame: pd.DataFrame, item: str, *columns: str) -> list[Any]:
    return [list(value) if hasattr(value, "tolist") and not isinstance(value, str) else value
            for value in frame.loc[item, [*columns]].tolist()]  # fmt: skip


FEED = """<?xml version="1.0"?><rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
<item><g:id>a</g:id><title>Mug &amp; saucer</title><g:price>12.50 EUR</g:price><g:sale_price>EUR 9.99</g:sale_price>
  <g:availability>in stock</g:availability><g:brand>Hale</g:brand><g:color>red/blue</g:color>
  <g:product_type>Home &gt; Kitchen</g:product_type><g:google_product_category>6049</g:google_product_category>
  <g:product_detail><g:section_name>Size</g:section_name><g:attribute_name>Capacity</g:attribute_name>
    <g:attribute_value>300 ml</g:attribute_value></g:product_detail>
  <g:shipping><g:country>DE</g:country><g:price>4 EUR</g:price></g:shipping>
  <g:product_highlight>Handmade</g:product_highlight><g:product_highlight>Dishwasher</g:product_highlight></item>
<item><g:id>b</g:id><title><![CDATA[Lamp <1>]]></title><g:availability>out_of_stock</g:availability></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0"><title>Shop</title>
<entry><g:id>a</g:id><g:title>Mug</g:title><g:description>Red</g:description><g:price>3 USD</g:price></entry></feed>"""
TSV = "id\ttitle\tprice\tgoogle product category\tcolor\na\tMug\t12.50 EUR\tHome > Kitchen\tred/blue\nb\t\t\t\t\n"
OURS = ("title", "brand", "category", "price", "available")


def test_a_merchant_feed(tmp_path: Path) -> None:
    found = items(tmp_path, "feed.xml", FEED, columns={}, several={"color": "/", "product_highlight": "|"})
    assert row(found, "a", *OURS) == ["Mug & saucer", "Hale", "Home > Kitchen", 9.99, True]
    assert row(found, "a", "color", "capacity", "shipping.price", "product_highlight") == [
        ["red", "blue"], "300 ml", "4 EUR", ["Handmade", "Dishwasher"]]  # fmt: skip
    assert row(found, "b", *OURS) == ["Lamp <1>", None, None, None, False]


@pytest.mark.parametrize(
    ("name", "text"), [("feed.xml.gz", gzip.compress(ATOM.encode(), mtime=0)), ("feed.xml", "\ufeff" + ATOM)]
)
def test_an_atom_feed(tmp_path: Path, name: str, text: str | bytes) -> None:
    assert row(items(tmp_path, name, text), "a", "title", "description", "price") == ["Mug", "Red", 3.0]


def test_a_feed_as_text(tmp_path: Path) -> None:
    found = items(tmp_path, "feed.tsv", TSV, preset="google-merchant", several={"color": "/"})
    assert row(found, "a", "title", "category", "price", "color") == ["Mug", "Home > Kitchen", 12.5, ["red", "blue"]]
    assert row(found, "b", "title", "price", "color") == [None, None, None]


def test_a_price_that_is_none_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="not a number") as caught:
        items(tmp_path, "feed.xml", FEED.replace("EUR 9.99", "cheap"))
    assert (caught.value.file, caught.value.row, caught.value.value) == (str(tmp_path / "feed.xml"), 2, "cheap")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FEED[:700], "malformed XML.*row"),
        ("<html><body/></html>", "no product feed"),
        ("<rss><channel/></rss>", "no rows"),
        ('<!DOCTYPE rss [<!ENTITY a "x">]><rss><item><id>&a;</id></item></rss>', "entity that is refused"),
        (f"<rss>{'<a>' * 100_000}", "nested more than 500 deep"),
    ],
)
def test_a_feed_that_is_broken_or_means_harm(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(KgError, match=told):
        items(tmp_path, "feed.xml", text)


MUG = {
    "@context": "https://schema.org/", "@type": "Product", "sku": "a", "brand": {"@type": "Brand", "name": "Hale"},
    "name": [{"@value": "Tasse", "@language": "de"}, {"@value": "Mug", "@language": "en"}], "color": ["red", "blue"],
    "weight": {"@type": "QuantitativeValue", "value": 300, "unitText": "g"}, "category": "Home > Kitchen",
    "offers": {"@type": "Offer", "price": "12.50", "priceCurrency": "EUR", "availability": "https://schema.org/InStock"},
    "additionalProperty": [{"@type": "PropertyValue", "name": "Capacity", "value": 300, "unitCode": "MLT"}],
    "review": {"author": "never told"},
}  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        MUG,
        [MUG],
        {"@graph": [{"@type": "WebPage"}, MUG]},
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": MUG}]},
        {f"schema:{name}" if name[0] != "@" else name: value for name, value in MUG.items()}
        | {"@type": "schema:Product"},
        {"https://schema.org/mainEntity": MUG | {"@type": ["Product", "http://schema.org/Vehicle"]}},
    ],
)
def test_products_of_schema_org(tmp_path: Path, document: Any) -> None:
    found = items(tmp_path, "products.jsonld", json.dumps(document))
    assert row(found, "a", *OURS) == ["Mug", "Hale", "Home > Kitchen", 12.5, True]
    assert row(found, "a", "title@de", "weight", "capacity") == ["Tasse", "300 g", "300 MLT"]
    assert json.loads(found.loc["a", "color"]) == ["red", "blue"]
    assert not [name for name in found.columns if "review" in name or "offers" in name]


def test_json_lines_of_schema_org(tmp_path: Path) -> None:
    lines = json.dumps(MUG) + "\n\n" + json.dumps(MUG | {"sku": "b", "offers": {"price": "free"}}) + "\n"
    with pytest.raises(KgError, match="not a number") as caught:
        items(tmp_path, "products.json", lines, format="schema-org")
    assert (caught.value.row, caught.value.value) == (3, "free")


def test_variants_have_what_their_group_says(tmp_path: Path) -> None:
    variants = [{"@type": "Product", "sku": sku, "color": colour} for sku, colour in (("a", "red"), ("b", "blue"))]
    group = {"@type": "ProductGroup", "productGroupID": "g", "name": "Mug", "color": "any", "hasVariant": variants}
    found = items(tmp_path, "products.jsonld", json.dumps(group))
    assert row(found, "b", "title", "color", "productgroupid") == ["Mug", "blue", "g"]
    assert len(found) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"@type": "Product",\n "sku": ', "malformed JSON.*row 2"),
        ('{"@type": "WebPage"}', "no rows"),
        ("[" * 100_000, "nested more than 500 deep"),
        (json.dumps({"@type": "Product", "name": "nameless"}), "missing"),
    ],
)
def test_json_ld_that_is_none(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(KgError, match=told):
        items(tmp_path, "products.jsonld", text)


SHOPIFY = (
    "Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,"
    "Option2 Value,Variant SKU,Variant Price,Variant Inventory Qty,Variant Inventory Policy,Image Src,Status,"
    "Material (product.metafields.shopify.material)\n"
    'mug,Mug,"<p>Red &amp; round,\nlarge</p>",Hale,Home > Kitchen,Mugs,"gift, tea",true,'
    "Color,Red,Size,L,A1,9.5,3,deny,x,active,Clay\n"
    "mug,,,,,,,,,Blue,,S,,10,0,deny,,,\n"
    "mug,,,,,,,,,,,,,,,,y,,\n"
    "lamp,Lamp,,Moor,,,,false,Title,Default Title,,,,30,0,continue,,active,\n"
)


def test_shopify_variants_are_items(tmp_path: Path) -> None:
    found = items(tmp_path, "products.csv", SHOPIFY, preset="shopify")
    assert list(found.index) == ["A1", "mug/Blue/S", "lamp"]
    assert row(found, "A1", *OURS) == ["Mug – Red – L", "Hale", "Home > Kitchen", 9.5, True]
    assert row(found, "A1", "description", "color", "size", "material", "tags", "product") == [
        "Red & round,\nlarge", "Red", "L", "Clay", ["gift", "tea"], "mug"]  # fmt: skip
    assert row(found, "mug/Blue/S", *OURS) == ["Mug – Blue – S", "Hale", "Home > Kitchen", 10.0, False]
    assert row(found, "mug/Blue/S", "material", "tags", "product") == ["Clay", ["gift", "tea"], "mug"]
    assert row(found, "lamp", *OURS, "tags") == ["Lamp", "Moor", None, 30.0, False, None]


def test_shopify_with_its_new_header_and_a_wrong_price(tmp_path: Path) -> None:
    text = "Title,URL handle,SKU,Price\nMug,mug,A1,9.5\nPot,pot,A2,dear\n"
    with pytest.raises(KgError, match="not a number") as caught:
        items(tmp_path, "products.csv", text, preset="shopify")
    assert (caught.value.row, caught.value.value) == (3, "dear")
    with pytest.raises(KgError, match="no column Handle"):
        items(tmp_path, "products.csv", "sku,name\na,Mug\n", preset="shopify")


def event(name: str, *bought: dict[str, Any], user: str | None = None) -> dict[str, Any]:
    """An event as the published schema of the BigQuery export has it."""
    parameters = [
        {"key": "page", "value": {"string_value": "/"}},
        {"key": "ga_session_id", "value": {"int_value": "77"}},
    ]
    return {
        "event_date": "20240305", "event_timestamp": "1709632800500000", "event_name": name, "user_id": user,
        "user_pseudo_id": "12.34", "event_params": parameters, "items": list(bought),
        "ecommerce": {"transaction_id": "T1" if name == "purchase" else "(not set)"},
    }  # fmt: skip


MUGS = {
    "item_id": "a", "item_name": "Mug", "item_brand": "Hale", "item_category": "Home", "item_category2": "Kitchen",
    "price": 12.5, "quantity": 2, "item_variant": "(not set)",
}  # fmt: skip
GA4 = [
    event("page_view"),
    event("view_item", MUGS),
    event("purchase", MUGS, {"item_id": "b", "price": None}, user="ann"),
    event("refund", MUGS, user="ann"),
]


@pytest.mark.parametrize("name", ["events.json.gz", "events.parquet"])
def test_events_of_ga4(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("parquet"):
        pd.DataFrame(GA4).to_parquet(path)
    else:
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, GA4)).encode()))
    tables, report = ingest(KgConfig.model_validate({"events": {"path": str(path), "preset": "ga4"}}))
    assert report.events == {"purchase": 2, "return": 1, "view": 1}
    frame = tables.events.execute().astype(object)
    told = frame.where(frame.notna(), None)[["kind", "user_id", "item_id", "price", "quantity", "session_id"]]
    assert told.to_numpy().tolist()[:3] == [
        ["view", "12.34", "a", 12.5, 2.0, "12.34.77"],
        ["purchase", "ann", "a", 12.5, 2.0, "12.34.77"],
        ["purchase", "ann", "b", None, None, "12.34.77"],
    ]
    assert str(frame["time"][0]) == "2024-03-05 10:00:00.500000"
    assert (frame["item_category"][0], frame["item_variant"].notna().any()) == ("Home > Kitchen", False)


@pytest.mark.parametrize(
    ("text", "row"), [('{"event_name": "view_item"}\n{"kind": 1}\n', 2), ("\n{\n", 2), ("[]\n", 1)]
)
def test_what_is_no_event_of_ga4_is_told(tmp_path: Path, text: str, row: int) -> None:
    (tmp_path / "log.jsonl").write_text(text)
    with pytest.raises(KgError) as caught:
        ingest(KgConfig.model_validate({"events": {"path": str(tmp_path / "log.jsonl"), "preset": "ga4"}}))
    assert (caught.value.file, caught.value.row) == (tmp_path / "log.jsonl", row)
