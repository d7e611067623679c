"""Every preset on a tiny file of the same layout."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kg.config import KgConfig
from kg.errors import KgError
from kg.reading import IngestReport, ingest
from kg.sources.preset import names, preset, with_presets
from kg.tables import Tables


def read(name: str, folder: Path = Path(), **files: Path) -> tuple[Tables, IngestReport]:
    sections = {table: {"path": str(path), "preset": name} for table, path in files.items()}
    return ingest(KgConfig.model_validate({**sections, "folder": folder}))


def events_of(tables: Tables) -> list[dict[str, Any]]:
    return tables.events.execute().astype(object).to_dict("records")


def packed(path: Path, *objects: dict[str, Any]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(each) + "\n" for each in objects)
    return path


def test_rees46(tmp_path: Path) -> None:
    path = tmp_path / "2019-Oct.csv"
    path.write_text(
        "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
        + "2019-10-01 00:00:01 UTC,view,44,21,electronics.clocks,tick,35.79,541,72d7\n" * 150
        + "2019-10-01 00:00:02 UTC,purchase,45,21,,,35.79,542,72d8\n"
        + "2019-10-01 00:00:03 UTC,view,10900305,21,appliances.kitchen.mixer,elen"
    )
    tables, report = read("rees46", events=path)
    assert report.rows_read == 152
    assert report.events == {"view": 150, "purchase": 1}
    (cut_off,) = report.rejects
    assert (cut_off.line, cut_off.reason) == (153, "fewer fields than the header")
    first, last = events_of(tables)[0], events_of(tables)[-1]
    assert (first["item_category"], first["item_brand"], first["origin"]) == ("electronics > clocks", "tick", "rees46")
    assert (str(first["time"]), first["price"], first["session_id"]) == ("2019-10-01 00:00:01", 35.79, "72d7")
    assert pd.isna(last["item_brand"])


def test_amazon_reviews(tmp_path: Path) -> None:
    review = {"overall": 5.0, "reviewerID": "A1", "asin": "B01", "unixReviewTime": 1529193600, "style": {"Size:": " 5"}}
    reviews = packed(tmp_path / "Gifts.json.gz", review)
    meta = {"asin": "B01", "brand": "Acme", "price": "$12.50", "category": ["Gifts", "Cards"]}
    wild = {"asin": "B02", "price": "<span>", "title": "<style> x", "category": [], "also_buy": ["B01"]}
    described = packed(tmp_path / "meta.json.gz", meta | {"title": "A card"}, wild, meta)
    tables, report = read("amazon-reviews", events=reviews, items=described)
    (event,) = events_of(tables)
    assert (event["kind"], event["value"], str(event["time"])) == ("rating", 5.0, "2018-06-17 00:00:00")
    items = tables.items.execute().set_index("item_id")
    assert items.loc["B01", ["title", "category", "price"]].tolist() == ["A card", "Gifts > Cards", 12.5]
    assert items.loc["B02", ["title", "category", "price"]].isna().all()
    assert [(rule.name, rule.removed) for rule in report.rules] == [("item_id again", 1)]


def test_movielens(tmp_path: Path) -> None:
    texts = {
        "ratings": "1::1193::5::978300760\n",
        "movies": "1193::Heat: A Film (1995)::Crime|Drama\n",
        "users": "1::F::1::10::48067\n",
    }
    files = {name: tmp_path / f"{name}.dat" for name in texts}
    for name, path in files.items():
        path.write_text(texts[name])
    tables, report = read("movielens", events=files["ratings"], items=files["movies"], users=files["users"])
    assert report.rows_read == 1
    (event,) = events_of(tables)
    assert (event["user_id"], event["item_id"], event["value"]) == ("1", "1193", 5.0)
    assert str(event["time"]) == "2000-12-31 22:12:40"
    assert tables.items.execute()[["title", "genres"]].values.tolist() == [["Heat: A Film (1995)", "Crime|Drama"]]
    assert tables.users.execute()["occupation"].tolist() == ["10"]


def test_complete_journey(tmp_path: Path) -> None:
    line = {"household_id": "900", "product_id": "900000", "basket_id": "31", "quantity": 2, "sales_value": 5.0}
    line |= {"retail_disc": 1.0, "coupon_match_disc": 0.5, "transaction_timestamp": pd.Timestamp("2017-01-01 11:53:26")}
    product = {"product_id": "9e+05", "manufacturer_id": "2", "department": "PASTRY", "brand": "Private"}
    product |= {"product_category": "ROLLS", "product_type": "DINNER ROLLS", "package_size": None}
    household = {"household_id": "900", "age": "45-54", "income": "35-49K", "household_comp": "2 Adults"}
    files = {}
    for table, row in {"events": line, "items": product, "users": household}.items():
        files[table] = tmp_path / f"{table}.parquet"
        pd.DataFrame([row]).to_parquet(files[table])
    tables, _ = read("complete-journey", **files)
    (event,) = events_of(tables)
    assert (event["item_id"], event["price"], event["quantity"]) == ("900000", 3.25, 2.0)
    (item,) = tables.items.execute().to_dict("records")
    assert (item["item_id"], item["title"], item["manufacturer"]) == ("900000", "DINNER ROLLS", "2")
    assert tables.users.execute()["household"].tolist() == ["2 Adults"]


def test_online_retail(tmp_path: Path) -> None:
    row = ["536365", "85123A", " HEART ", "6", "2010-12-01 08:26:00", "2.55", "17850.0", "United Kingdom"]
    columns = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    path = tmp_path / "online_retail.parquet"
    pd.DataFrame([row], columns=columns).to_parquet(path)
    (event,) = events_of(read("online-retail", events=path)[0])
    assert (event["user_id"], event["item_title"], event["quantity"], event["price"]) == ("17850", "HEART", 6.0, 2.55)
    assert (event["session_id"], event["user_country"]) == ("536365", "United Kingdom")


def test_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'about = "our till"\n[events]\ndelimiter = ";"\ntime_format = "%d.%m.%Y"\n'
        '[events.columns]\nuser_id = "Kunde"\nitem_id = "Artikel"\ntime = "Tag"\nprice = "Preis"\n'
    )
    path = tmp_path / "till.csv"
    path.write_text("Kunde;Artikel;Tag;Preis;Netto\nann;mug;01.03.2024;3;2.5\n")
    (event,) = events_of(read("mine.toml", tmp_path, events=path)[0])
    assert (event["user_id"], str(event["time"]), event["price"]) == ("ann", "2024-03-01 00:00:00", 3.0)
    assert event["origin"] == "mine"
    config = {"folder": tmp_path, "events": {"path": str(path), "preset": "mine.toml", "columns": {"price": "Netto"}}}
    (event,) = events_of(ingest(KgConfig.model_validate(config))[0])
    assert (event["user_id"], event["price"]) == ("ann", 2.5)


def test_a_config_with_its_presets_written_out_stands_for_itself() -> None:
    config = KgConfig.model_validate({"events": {"path": "a.jsonl", "preset": "amazon-reviews", "missing": ["-"]}})
    whole = with_presets(config)
    assert whole.events.preset is None
    assert (whole.events.time_format, whole.events.missing, whole.events.path) == ("unix", ("-",), "a.jsonl")
    assert with_presets(KgConfig.model_validate(whole.model_dump(mode="json"))) == whole


@pytest.mark.parametrize("name", names())
def test_every_preset_says_what_it_is_of(name: str) -> None:
    known = preset(name)
    assert known.about
    assert known.tables
    for table in known.tables:
        assert getattr(known, table).path is None


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("nobody", None, "There are amazon-reviews"),
        ("absent.toml", None, "cannot be read"),
        ("mine.toml", "[event]\n", "Did you mean 'events'"),
        ("mine.toml", "[events]\ncolums = {}\n", "Did you mean 'columns'"),
        ("mine.toml", "[items]\n", "says nothing of the events"),
        ("mine.toml", "[items", "not TOML"),
    ],
)
def test_a_preset_that_is_none(tmp_path: Path, name: str, text: str | None, told: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    (tmp_path / "log.csv").write_text("user_id,item_id\nann,mug\n")
    with pytest.raises(KgError) as caught:
        read(name, tmp_path, events=tmp_path / "log.csv")
    assert told in str(caught.value)
    assert caught.value.fix
