from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import kg
from kg.config import KgConfig
from kg.errors import KgError
from kg.reading import ingest
from kg.steps.derive import derive


def read(path: Path, **source: Any) -> pd.DataFrame:
    config = KgConfig.model_validate({"events": {"path": str(path), **source}})
    return ingest(config)[0].events.execute()


def log(folder: Path, *lines: str, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "how", "time"),
    [
        ("2024-03-01", "auto", "2024-03-01 00:00:00"),
        ("2024-03-01 10:00", "auto", "2024-03-01 10:00:00"),
        (" 2024-03-01 10:00:05 ", "auto", "2024-03-01 10:00:05"),
        ("2024-03-01T10:00:05.25Z", "auto", "2024-03-01 10:00:05.250000"),
        ("2024-03-01 10:00:00 UTC", "auto", "2024-03-01 10:00:00"),
        ("2024-03-01T10:00:00+02:00", "auto", "2024-03-01 08:00:00"),
        ("2024-3-1 9:05+02:00", "auto", "2024-03-01 07:05:00"),
        ("1709287200", "unix", "2024-03-01 10:00:00"),
        ("1709287200.5", "unix", "2024-03-01 10:00:00.500000"),
        ("1709287200000", "unix-ms", "2024-03-01 10:00:00"),
        (" 1/3/2024 10:00", "%d/%m/%Y %H:%M", "2024-03-01 10:00:00"),
    ],
)
def test_times(tmp_path: Path, text: str, how: str, time: str) -> None:
    path = log(tmp_path, "user_id,item_id,time", f"ann,mug,{text}")
    assert str(read(path, time_format=how)["time"].iloc[0]) == time


@pytest.mark.parametrize(
    ("text", "how"), [("1.3.24", "auto"), ("1709287200", "auto"), ("1709287200000", "unix"), ("3/31/24", "%d/%m/%y")]
)
def test_what_is_no_time(tmp_path: Path, text: str, how: str) -> None:
    with pytest.raises(KgError, match="not a time") as caught:
        read(log(tmp_path, "user_id,item_id,time", f"ann,mug,{text}"), time_format=how)
    assert (caught.value.row, caught.value.column, caught.value.value) == (2, "time", text)


def test_texts_are_trimmed_and_empty_ones_are_none(tmp_path: Path) -> None:
    path = log(
        tmp_path,
        "user_id,item_id,session_id,quantity,item_note",
        'ann , big mug,"", 2 ,  ',
        "ann,mug,-,NaN,N/A",
        "bob,mug,s,,x",
    )
    frame = read(path, missing=["-", "N/A"]).astype(object).where(lambda values: values.notna(), None)
    told = frame[["user_id", "item_id", "session_id", "quantity", "item_note"]].values.tolist()
    assert told == [
        ["ann", "big mug", None, 2.0, None],
        ["ann", "mug", None, None, None],
        ["bob", "mug", "s", None, "x"],
    ]


@pytest.mark.parametrize("text", ["inf", "1e999", "two", "1,5", "0x1"])
def test_what_is_no_number(tmp_path: Path, text: str) -> None:
    with pytest.raises(KgError, match="not a number") as caught:
        read(log(tmp_path, "user_id;item_id;quantity", f"ann;mug;{text}"))
    assert (caught.value.row, caught.value.column, caught.value.value) == (2, "quantity", text)


def test_kinds_in_the_shops_words(tmp_path: Path) -> None:
    path = log(tmp_path, "user_id,item_id,kind", "ann,mug,pv", "ann,mug,buy", "ann,mug,wave")
    assert list(read(path, kinds={"pv": "view", "buy": "purchase"})["kind"]) == ["view", "purchase", "wave"]


def test_ids_of_a_frame_with_gaps_are_whole_numbers(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    frame = pd.DataFrame({"user_id": [17850.0, None, 1e15], "item_id": [1, 2, 3], "price": [1.5, 2.0, None]})
    frame.to_parquet(path)
    config = KgConfig.model_validate({"clean": [{"name": "nobody", "where": "user_id IS NULL"}]})
    events = ingest(config, path)[0].events.execute()
    assert list(events["user_id"]) == ["17850", "1000000000000000"]
    assert list(events["item_id"]) == ["1", "3"]


def test_typed_parquet_columns(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    times = pd.to_datetime(["2024-03-01 10:00:00.5", "2024-03-01 12:00"], format="ISO8601").tz_localize("Europe/Berlin")
    pd.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "y"], "time": times, "quantity": [1, 2]}).to_parquet(path)
    events = read(path)
    assert list(map(str, events["time"])) == ["2024-03-01 09:00:00.500000", "2024-03-01 11:00:00"]
    assert list(events["quantity"]) == [1.0, 2.0]


def test_names_ignore_case_and_may_hold_anything(tmp_path: Path) -> None:
    path = log(tmp_path, 'Customer ID,"the ""item""",Größe', "ann,mug,xl")
    columns = {"user_id": "customer id", "item_id": '"the ""item"""', "item_size": "Größe"}
    frame = read(path, columns=columns)
    assert frame[["user_id", "item_id", "item_size"]].values.tolist() == [["ann", "mug", "xl"]]


def test_columns_are_kept_under_their_own_names(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("sku,colour,weight\nmug,red,1\n")
    items = {"path": "items.csv", "columns": {"item_id": "sku"}, "keep": ["colour"]}
    config = KgConfig.model_validate({"folder": tmp_path, "items": items})
    frame = ingest(config, log(tmp_path, "user_id,item_id", "ann,mug"))[0].items.execute()
    assert (frame["colour"].tolist(), "weight" in frame) == (["red"], False)


def test_without_a_mapping_usual_names_are_recognised(tmp_path: Path) -> None:
    (tmp_path / "goods.csv").write_text("SKU,Name,colour\nmug,A mug,red\n")
    config = KgConfig.model_validate({"folder": tmp_path, "items": {"path": "goods.csv"}})
    tables, _ = ingest(config, log(tmp_path, "Customer ID,StockCode,brand,Country,note", "ann,mug,acme,France,x"))
    (event,) = tables.events.execute().to_dict("records")
    assert (event["user_id"], event["item_id"], event["item_brand"], event["user_country"]) == (
        "ann",
        "mug",
        "acme",
        "France",
    )
    assert "note" not in event
    assert tables.items.execute()[["item_id", "title", "colour"]].values.tolist() == [["mug", "A mug", "red"]]


@pytest.mark.parametrize(
    ("columns", "column", "fix"),
    [
        ({"user_id": "custmer"}, "custmer", "Did you mean 'customer'?"),
        ({"item_id": "sku"}, None, "customer, item"),
        ({"user_id": "customer", "item_id": "item", "pirce": "price"}, "events.columns.pirce", "Did you mean 'price'?"),
        ({"user_id": "nobody", "item_id": "item"}, "nobody", "It has customer, item, price"),
        ({"user_id": "customer", "item_id": "item", "price": "price *"}, "events.columns.price", "customer, item"),
        ({"user_id": "customer", "item_id": "itm || ''"}, "events.columns.item_id", "customer, item"),
    ],
)
def test_a_wrong_column_is_told_with_the_right_ones(
    tmp_path: Path, columns: dict[str, str], column: str | None, fix: str
) -> None:
    path = log(tmp_path, "customer,item,price", "ann,mug,1")
    with pytest.raises(KgError) as caught:
        read(path, columns=columns)
    assert caught.value.column == column
    assert caught.value.file in (path, None)
    assert fix in caught.value.fix


def test_an_expression_that_fails_on_a_value(tmp_path: Path) -> None:
    path = log(tmp_path, "user_id,item_id,price", "ann,mug,1", "ann,mug,free")
    columns = {"user_id": "user_id", "item_id": "item_id", "price": "price::DOUBLE * 2"}
    with pytest.raises(KgError, match="'free'") as caught:
        read(path, columns=columns)
    assert caught.value.file == path


def test_files_of_several_layouts_are_one_log(tmp_path: Path) -> None:
    log(tmp_path, "user_id,item_id,quantity", "ann,mug,2", name="a.csv")
    log(tmp_path, "item_id;user_id;kind", "mug;bob;view", name="b.csv")
    log(tmp_path, '{"user_id": "cat", "item_id": "pot", "quantity": 3}', name="c.jsonl")
    frame = read(tmp_path).set_index("user_id").sort_index()
    assert frame["kind"].tolist() == ["purchase", "view", "purchase"]
    assert frame["origin"].tolist() == ["a.csv", "b.csv", "c.jsonl"]
    assert frame["quantity"].fillna(0).tolist() == [2, 0, 3]


def items_of(folder: Path, name: str, text: str, **source: Any) -> pd.DataFrame:
    (folder / name).write_text(text, encoding="utf-8")
    (folder / "log.csv").write_text("user_id,item_id\nann,a\n")
    config = {"folder": folder, "events": {"path": "log.csv"}, "items": {"path": name, **source}}
    return ingest(KgConfig.model_validate(config))[0].items.execute().set_index("item_id")


def test_a_cell_of_several_values_is_a_list(tmp_path: Path) -> None:
    text = 'item_id,tags\na,"red | blue|"\nb,|\nc,\nd,"[""x"", ""y|z""]"\ne,[no list|x\n'
    tags = items_of(tmp_path, "items.csv", text, columns={"item_id": "item_id", "tags": "tags"}, several={"tags": "|"})
    found = {item: None if value is None else list(value) for item, value in tags["tags"].items()}
    assert found == {"a": ["red", "blue"], "b": None, "c": None, "d": ["x", "y|z"], "e": ["[no list", "x"]}


@pytest.mark.parametrize(("name", "told"), [("brand", "holds one value"), ("tagz", "no such column.*tags")])
def test_a_column_that_cannot_hold_several_is_told(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(KgError, match=told):
        items_of(tmp_path, "items.csv", "item_id,tags\na,x\n", keep=["tags", "item_id"], several={name: "|"})


def test_nested_values_are_named_by_their_path(tmp_path: Path) -> None:
    text = (
        '{"sku": "a", "spec": {"colour": "red", "size": {"cm": 3}, "fits": ["x", "y"]}}\n{"sku": "b", "spec": null}\n'
    )
    columns = {"item_id": "sku", "colour": "spec.colour", "cm": "spec.size.cm", "fits": "spec.fits"}
    items = items_of(tmp_path, "items.jsonl", text, columns=columns, several={"fits": ","})
    assert items.loc["a", ["colour", "cm"]].tolist() == ["red", "3"]
    assert list(items.loc["a", "fits"]) == ["x", "y"]
    assert items.loc["b", ["colour", "cm"]].isna().all()


def test_lists_of_a_parquet_file(tmp_path: Path) -> None:
    pd.DataFrame({"item_id": ["a"], "tags": [["x", 'y"z']]}).to_parquet(tmp_path / "items.parquet")
    (tmp_path / "log.csv").write_text("user_id,item_id\nann,a\n")
    items = {"path": "items.parquet", "several": {"tags": ","}}
    config = {"folder": tmp_path, "events": {"path": "log.csv"}, "items": items}
    assert list(ingest(KgConfig.model_validate(config))[0].items.execute()["tags"][0]) == ["x", 'y"z']


def test_every_value_of_a_list_is_a_node(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item_id,tags\na,x;y\nb,y\n")
    items = {"path": "items.csv", "delimiter": ",", "several": {"tags": ";"}}
    config = {"folder": tmp_path, "items": items, "derive": {"item_attributes": ["tags"]}}
    tables = ingest(KgConfig.model_validate(config), log(tmp_path, "user_id,item_id", "ann,a"))[0]
    graph = kg.build(derive(tables, tables.config.derive))
    assert graph.nodes["tags"].ids.ids.tolist() == ["x", "y"]
    assert graph.matrix(("item", "tags", "tags")).toarray().tolist() == [[1, 1], [0, 1]]
