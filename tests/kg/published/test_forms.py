from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kg.errors import KgError
from kg.published.forms import FORMS, read
from kg.tables import Tables

LOG = pd.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "y"], "part": ["train", "test"]})


def test_a_folder_of_no_known_form_is_told_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("hello")
    with pytest.raises(KgError) as found:
        read(tmp_path)
    for form, (files, _) in FORMS.items():
        assert f"{form}: {files}" in str(found.value)
    with pytest.raises(KgError, match="no such folder"):
        read(tmp_path / "absent")


def test_what_tables_save_is_read_again(tmp_path: Path) -> None:
    items = pd.DataFrame({"item_id": ["x", "y"], "brand": ["acme", None]})
    Tables.of(LOG, items=items).save(tmp_path / "shop")
    data = read(tmp_path / "shop")
    assert (data.name, data.form, data.has_parts) == ("shop", "Parquet", True)
    assert data.tables.events.select(*LOG.columns).execute().equals(LOG)
    assert data.tables.items.brand.execute().fillna("").tolist() == ["acme", ""]
    assert len(data.files) == 4


def test_one_file_of_events_will_do(tmp_path: Path) -> None:
    LOG.to_parquet(tmp_path / "log.parquet")
    data = read(tmp_path / "log.parquet")
    assert (data.name, data.kinds, data.tables.events.count().execute()) == ("log", ("purchase",), 2)


def test_where_nothing_was_bought_every_kind_counts_but_returns(tmp_path: Path) -> None:
    LOG.assign(kind=["view", "return"]).to_parquet(tmp_path / "log.parquet")
    assert read(tmp_path / "log.parquet").kinds == ("view",)


def test_a_shop_says_what_is_recommended(tmp_path: Path) -> None:
    LOG.assign(kind=["view", "purchase"]).to_csv(tmp_path / "log.csv", index=False)
    shop = '[events]\npath = "log.csv"\n[events.columns]\nuser_id = "user_id"\nitem_id = "item_id"\nkind = "kind"\n'
    for name, told in (
        ("silent", ""),
        ("views", '[shop]\ntarget_kinds = ["view"]\n'),
        ("carts", '[shop]\ntarget_kinds = ["cart"]\n'),
    ):
        (tmp_path / f"{name}.toml").write_text(told + shop)
    assert read(tmp_path / "silent.toml").kinds == ("purchase",)
    assert read(tmp_path / "views.toml").kinds == ("view",)
    assert read(tmp_path / "carts.toml").kinds == ("purchase",)  # there are none in the log


@pytest.mark.parametrize(
    ("frame", "told"),
    [(LOG.head(0), "empty"), (LOG.drop(columns="item_id"), "no column 'item_id'"), (None, "not a Parquet file")],
)
def test_a_wrong_file_is_named(tmp_path: Path, frame: pd.DataFrame | None, told: str) -> None:
    path = tmp_path / "events.parquet"
    path.write_bytes(b"nothing") if frame is None else frame.to_parquet(path)
    with pytest.raises(KgError, match=told) as found:
        read(tmp_path)
    assert str(tmp_path) in str(found.value)
