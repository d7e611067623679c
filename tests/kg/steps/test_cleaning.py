"""Rules in sequence against the same done with pandas; figures against counting."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.config import KgConfig
from kg.engine import Engine
from kg.errors import KgError
from kg.reading import IngestReport, ingest
from kg.steps import cleaning
from kg.tables import Tables

COLUMNS = ["user_id", "item_id", "quantity", "note"]
RULES = {
    "repeats": {},
    "no user": {"where": "user_id IS NULL"},
    "odd": {"where": "note = 'odd'"},
    "back": {"where": "quantity < 0", "action": "return"},
    "not positive": {"where": "quantity <= 0"},
    "lonely": {"where": "user_id IN (SELECT user_id FROM raw_events GROUP BY 1 HAVING count(*) = 1)"},
}
ENGINE = Engine(threads=1)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", ""]), st.sampled_from(["mug", "pot"]), st.integers(-1, 2),
        st.sampled_from(["odd", "even", ""]),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


def cleaned(rows: list[tuple[object, ...]], rules: list[dict[str, str]]) -> tuple[Tables, IngestReport]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        pd.DataFrame(rows, columns=COLUMNS).to_csv(path, index=False)
        return ingest(KgConfig.model_validate({"clean": rules, "events": {"max_rejects": 1}}), path, ENGINE)


def slowly(rows: list[tuple[object, ...]], names: list[str]) -> tuple[pd.DataFrame, list[tuple[str, int, int]]]:
    raw = pd.DataFrame(rows, columns=COLUMNS).replace("", None).assign(kind="purchase")

    def matches(name: str, now: pd.DataFrame) -> pd.Series:
        once = raw["user_id"].value_counts()
        back = now["kind"] == "return"
        return {
            "repeats": raw.loc[now.index].duplicated(),
            "no user": now["user_id"].isna(),
            "odd": now["note"] == "odd",
            "back": (now["quantity"] < 0) & ~back,
            "not positive": now["quantity"] <= 0,
            "lonely": now["user_id"].isin(once[once == 1].index),
        }[name]

    now, counts = raw.copy(), []
    for name in names:
        hit = matches(name, now)
        counts.append((name, int(matches(name, raw).sum()), int(hit.sum())))
        if name == "back":
            now.loc[hit, "kind"] = "return"
            now["quantity"] = now["quantity"].where(now["kind"] != "return", now["quantity"].abs())
        else:
            now = now[~hit]
    return now[now["user_id"].notna()], counts


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, names=st.permutations(list(RULES)))
def test_rules_do_what_pandas_does(rows: list[tuple[object, ...]], names: list[str]) -> None:
    tables, report = cleaned(rows, [{"name": name, **RULES[name]} for name in names])
    kept, counts = slowly(rows, names)
    assert [(rule.name, rule.rows, rule.removed) for rule in report.rules] == counts
    found = tables.events.execute()[["user_id", "item_id", "kind", "quantity"]]
    expected = kept[["user_id", "item_id", "kind", "quantity"]].astype({"quantity": float}).reset_index(drop=True)
    assert found.astype(object).values.tolist() == expected.astype(object).values.tolist()
    assert report.events == kept["kind"].value_counts().to_dict()
    bought = kept[kept["kind"] != "return"]
    assert (report.users, report.items) == (bought["user_id"].nunique(), bought["item_id"].nunique())


def test_repeats_are_found_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("ann", "mug", n % 7, "") for n in range(40)]
    monkeypatch.setattr(cleaning, "_SORTED", 5)
    assert cleaned(rows, [{"name": "repeats"}])[1].rules[0].removed == 33


def test_rows_whose_hashes_begin_alike_are_no_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("ann", "mug", n, "") for n in [*range(40), 7, 9, 9]]
    monkeypatch.setattr(cleaning, "_BEGINNING", "(_hash >> 63)::UINTEGER")
    assert cleaned(rows, [{"name": "repeats"}])[1].rules[0].removed == 3


def test_repeats_agree_in_every_raw_column() -> None:
    """Also in those that are not taken over, and as they are written."""
    rows = [("ann", "mug", "1", "even"), ("ann", "mug", "1", "odd"), ("ann", "mug", "1.0", "odd")]
    rows += [("ann", "mug", "1", "odd")]
    assert cleaned(rows, [{"name": "repeats"}])[1].rules[0].removed == 1


def test_repeats_across_files(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("user_id,item_id\nann,mug\n")
    _, report = ingest(KgConfig.model_validate({"clean": [{"name": "repeats"}]}), tmp_path)
    assert (report.rows_read, report.events) == (2, {"purchase": 1})


def test_figures_of_the_raw_log() -> None:
    rows = [
        ("ann", "mug", 1, "a"),
        ("ann", "mug", 2, "b"),
        ("bob", "pot", 1, "a"),
        ("", "pot", 1, "c"),
        ("", "", 1, "d"),
    ]
    checks = [
        {"name": "rows", "where": "quantity = 1"},
        {"name": "users", "count": "user_id"},
        {"name": "items of anonymous", "count": "item_id", "where": "user_id IS NULL"},
        {"name": "users with notes", "count": "user_id", "several": "note"},
    ]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        pd.DataFrame(rows, columns=COLUMNS).to_csv(path, index=False)
        config = {"checks": checks, "clean": [{"name": "no user", "where": "user_id IS NULL"}]}
        report = ingest(KgConfig.model_validate(config), path)[1]
    assert report.checks == {"rows": 4, "users": 2, "items of anonymous": 1, "users with notes": 1}


@pytest.mark.parametrize(
    "section",
    [
        {"clean": [{"name": "wild", "where": "quantty < 0"}]},
        {"clean": [{"name": "wild", "where": "quantity <"}]},
        {"clean": [{"name": "wild", "where": "note::INT = 1"}]},
        {"checks": [{"name": "wild", "where": "quantty < 0"}]},
        {"checks": [{"name": "wild", "count": "nothing"}]},
    ],
)
def test_a_rule_that_cannot_be_understood(tmp_path: Path, section: dict[str, object]) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user_id,item_id,quantity,note\nann,mug,1,odd\n")
    with pytest.raises(KgError, match="'wild'") as caught:
        ingest(KgConfig.model_validate(section), path)
    assert caught.value.fix


def test_rules_of_the_catalogue(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("user_id,item_id\nann,mug\nann,gas\n")
    (tmp_path / "items.csv").write_text("item_id,title,sort\nmug,Mug,ware\ngas,Gas,fuel\nmug,Mug again,ware\n")
    config = KgConfig.model_validate(
        {
            "folder": tmp_path,
            "events": {"path": "log.csv"},
            "items": {"path": "items.csv"},
            "clean": [
                {"name": "fuel", "where": "item_id IN (SELECT item_id FROM raw_items WHERE sort = 'fuel')"},
                {"name": "fuel among items", "table": "items", "where": "sort = 'fuel'"},
                {"name": "of users, whom there are not", "table": "users"},
            ],
        }
    )
    tables, report = ingest(config)
    assert tables.items.execute()[["item_id", "title"]].values.tolist() == [["mug", "Mug"]]
    assert [(rule.name, rule.removed) for rule in report.rules] == [
        ("fuel", 1),
        ("fuel among items", 1),
        ("item_id again", 1),
    ]
