from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

import kg
from kg.config import read_config
from kg.errors import KgError
from kg.guessing import guess
from kg.reading import ingest


def log(folder: Path, *lines: str, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_usual_names_are_mapped_and_read(tmp_path: Path) -> None:
    path = log(
        tmp_path,
        "Customer ID,StockCode,Description,InvoiceDate,Quantity,Colour of box",
        "7,a,Mug,2024-03-01 10:00,2,red",
        "7,a,Mug,2024-03-01 10:00,2,red",
        ",a,Mug,2024-03-02 10:00,1,red",
        "8,b,Pot,2024-03-03 10:00,-1,red",
    )
    found = guess([path])
    assert found.mapping == {
        "Customer ID": "user_id", "StockCode": "item_id", "Description": "item_title", "InvoiceDate": "time",
        "Quantity": "quantity",
    }  # fmt: skip
    _, report = ingest(found.config)
    assert report.events == {"purchase": 1, "return": 1}
    assert [rule.name for rule in report.rules] == ["repeats", "no user_id", "no item_id", "returns"]


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    path = log(
        tmp_path, 'user,"the ""item""",item,ts,event', "ann,x,mug,1709287200,transaction", "ann,x,mug,1709287201,view"
    )
    found = guess([path])
    found.write(tmp_path / "shop.toml")
    again = read_config(tmp_path / "shop.toml")
    assert again.events.path == "log.csv"
    assert again.at() == found.config.model_copy(update={"folder": tmp_path})
    events = ingest(again)[0].events.execute()
    assert sorted(events["kind"]) == ["purchase", "view"]
    assert str(events["time"].min()) == "2024-03-01 10:00:00"


@pytest.mark.parametrize(("number", "year"), [("1709287200", 2024), ("1709287200000", 2024)])
def test_numbers_that_are_times(tmp_path: Path, number: str, year: int) -> None:
    path = log(tmp_path, json.dumps({"user": "ann", "asin": "mug", "timestamp": int(number)}), name="log.jsonl")
    events = ingest(guess([path]).config)[0].events.execute()
    assert events["time"].iloc[0].year == year


def test_a_log_of_ratings_recommends_what_is_rated(tmp_path: Path) -> None:
    config = guess([log(tmp_path, "user,movie_id,stars", "ann,heat,5")]).config
    assert config.shop.target_kinds == ("rating",)
    assert config.events.columns["kind"] == "'rating'"


def test_a_catalogue(tmp_path: Path) -> None:
    events = log(tmp_path, "user,sku,brand,time", "ann,mug,acme,2024-03-01")
    items = log(tmp_path, "sku,name,price,In stock", "mug,A mug,2.5,true", name="items.csv")
    found = guess([events], items)
    assert found.mapping["name"] == "items.title"
    assert found.mapping["In stock"] == "items.available"
    assert list(ingest(found.config)[0].items.execute()["title"]) == ["A mug"]


def test_columns_win_over_names(tmp_path: Path) -> None:
    events = log(tmp_path, "user,item,code,price,net", "ann,mug,m1,3,2")
    items = log(tmp_path, "code,name,label", "m1,Mug,A mug", name="items.csv")
    users = log(tmp_path, "id,country,age", "ann,France,30", name="users.csv")
    columns = {"item_id": "code", "price": "net::DOUBLE / 2", "items.item_id": "code", "items.title": "label"}
    found = guess([events], items, users, columns)
    assert found.mapping == {
        "user": "user_id", "code": "item_id", "net::DOUBLE / 2": "price", "label": "items.title", "id": "users.user_id",
    }  # fmt: skip
    tables, _ = ingest(found.config)
    (event,) = tables.events.execute().to_dict("records")
    assert (event["item_id"], event["price"]) == ("m1", 1.0)
    assert tables.items.execute()[["item_id", "title", "name"]].values.tolist() == [["m1", "A mug", "Mug"]]
    assert tables.users.execute()[["user_id", "age"]].values.tolist() == [["ann", "30"]]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"orders.price": "net"}, "no such table"),
        ({"items.title": "name"}, "no items to map columns of"),
        ({"price": "nett"}, "Did you mean 'net'?"),
        ({"pirce": "net"}, "Did you mean 'price'?"),
    ],
)
def test_columns_that_are_none(tmp_path: Path, columns: dict[str, str], told: str) -> None:
    with pytest.raises(KgError) as caught:
        guess([log(tmp_path, "user,item,net", "ann,mug,2")], columns=columns)
    assert told in str(caught.value)


def test_a_preset_tells_the_mapping_and_the_log_the_rest(tmp_path: Path) -> None:
    path = log(
        tmp_path, '{"reviewerID": "A1", "asin": "B1", "overall": 5, "unixReviewTime": 1529193600}', name="a.jsonl"
    )
    found = guess([path], preset="amazon-reviews")
    assert found.config.events.preset == "amazon-reviews"
    assert found.config.shop.target_kinds == ("rating",)
    assert found.mapping == {"reviewerID": "user_id", "asin": "item_id", "overall": "value", "unixReviewTime": "time"}
    found.write(tmp_path / "shop.toml")
    assert ingest(read_config(tmp_path / "shop.toml"))[1].events == {"rating": 1}


def test_a_preset_of_ones_own_is_found_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log(tmp_path, "[events.columns]", "user_id = 'who'", "item_id = 'what'", name="mine.toml")
    path = log(tmp_path, "who,what", "ann,mug")
    monkeypatch.chdir(tmp_path)
    guess([path], preset="mine.toml").write(tmp_path / "configs" / "shop.toml")
    assert ingest(read_config(tmp_path / "configs" / "shop.toml"))[1].users == 1


def test_rows_that_cannot_be_read_are_left_to_the_ingest(tmp_path: Path) -> None:
    found = guess([log(tmp_path, "user,item,ts,event", "ann,mug,1709287200,buy", "ann,mug", "ann,mug,1709287201,pv")])
    assert found.config.events.time_format == "unix"
    assert found.config.events.kinds == {"buy": "purchase", "pv": "view"}
    with pytest.raises(KgError, match="fewer fields"):
        ingest(found.config)


def test_the_library_reads_without_a_config(tmp_path: Path) -> None:
    path = log(tmp_path, "customer,sku,ts,event", "ann,mug,1709287200,buy", ",mug,1709287200,buy")
    events = kg.read(events=path).events.execute()
    assert events[["user_id", "item_id", "kind"]].values.tolist() == [["ann", "mug", "purchase"]]


def test_nothing_to_go_by(tmp_path: Path) -> None:
    events, items = log(tmp_path, "colour,size", "red,1"), log(tmp_path, "hue", "red", name="items.csv")
    with pytest.raises(KgError) as caught:
        guess([events], items)
    problem = (
        "no column of the events looks like 'user_id' or 'item_id' and no column of the items looks like 'item_id'"
    )
    assert (caught.value.problem, str(caught.value.file)) == (problem, f"{events}, {items}")
    for said in ("--column user_id=COLUMN", "--column items.item_id=COLUMN", "colour, size", "hue"):
        assert said in caught.value.fix


def test_a_guess_may_leave_something_to_be_filled_in(tmp_path: Path) -> None:
    path = log(tmp_path, "who,SKU code,colour,kind", "ann,mug,red,purchase", "bob,pot,blue,wish")
    found = guess([path], partial=True)
    assert (found.missing, found.unused, found.unknown) == (["user_id", "time"], ["who", "colour"], ["wish"])
    assert not found.is_enough
    found.write(tmp_path / "shop.toml")
    text = (tmp_path / "shop.toml").read_text()
    with pytest.raises(KgError, match="no column 'user_id'"):
        ingest(read_config(tmp_path / "shop.toml"))
    assert '# user_id = "…"  # to be filled in: who; not used yet: who, colour' in text
    assert "# time = " in text
    (tmp_path / "shop.toml").write_text(text.replace('# user_id = "…"', 'user_id = "who"'))
    assert ingest(read_config(tmp_path / "shop.toml"))[1].users == 2


@pytest.mark.parametrize(
    ("header", "mapping"),
    [
        ("Customer No.;SKU code;Date", ["user_id", "item_id", "time"]),
        ("Kundennummer;Artikelnummer;Datum;Menge;Preis", ["user_id", "item_id", "time", "quantity", "price"]),
        ("client_id;product code;order no", ["user_id", "item_id", "session_id"]),
        ("用户编号;商品编号;下单时间;数量;单价", ["user_id", "item_id", "time", "quantity", "price"]),
    ],
)
def test_names_in_other_words(tmp_path: Path, header: str, mapping: list[str]) -> None:
    values = {"time": "2024-03-01", "quantity": "2", "price": "3"}
    row = ";".join(values.get(name, "x") for name in mapping)
    assert list(guess([log(tmp_path, header, row)]).mapping.values()) == mapping


@pytest.mark.parametrize(
    ("times", "chosen", "unclear"),
    [
        (["13/03/2024 10:05", "01/03/2024 9:30"], "%d/%m/%Y %H:%M", ()),
        (["03/13/2024 10:05 PM", "03/01/2024 09:30 AM"], "%m/%d/%Y %I:%M %p", ()),
        (["1.3.2024", "2.3.2024"], "%d.%m.%Y", ()),
        (["13/03/24", ""], "%d/%m/%y", ()),
        (["2024/03/01 10:00:00"], "auto", ()),
        (["03/04/2024"], "auto", ("%d/%m/%Y", "%m/%d/%Y")),
        (["13/03/2024", "2024-03-01"], "auto", ()),
    ],
)
def test_times_of_one_clear_form(tmp_path: Path, times: list[str], chosen: str, unclear: tuple[str, ...]) -> None:
    found = guess([log(tmp_path, "user,item,time", *(f"ann,mug,{time}" for time in times))])
    assert (found.config.events.time_format, tuple(found.formats)) == (chosen, unclear)
    if chosen != "auto":
        expected = [datetime.strptime(time, chosen) for time in times if time]
        assert list(ingest(found.config)[0].events.execute()["time"].dropna()) == expected


@pytest.mark.parametrize(
    ("prices", "decimal"), [(["1,95", "1.234,5"], ","), (["1.95", "1,234.50"], "."), (["1,234"], "."), (["-3,5 "], ".")]
)
def test_a_comma_before_the_cents(tmp_path: Path, prices: list[str], decimal: str) -> None:
    found = guess([log(tmp_path, "user;item;price", *(f"ann;mug;{price}" for price in prices))])
    assert found.config.events.decimal == decimal
    if decimal == ",":
        assert list(ingest(found.config)[0].events.execute()["price"]) == [1.95, 1234.5]


def test_paths_are_from_the_configs_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "shops").mkdir()
    guess([log(tmp_path / "data", "user,item", "ann,mug")]).write(tmp_path / "shops" / "shop.toml")
    config = read_config(tmp_path / "shops" / "shop.toml")
    assert config.events.path == "../data/log.csv"
    assert ingest(config)[1].users == 1
