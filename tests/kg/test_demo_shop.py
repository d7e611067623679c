"""The demo shop: equal seeds give equal bytes, its files fit together, every cause holds, the dirt is as announced."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kg.demo_shop import MECHANISMS, DemoShop, Dirt, Mixture, generate
from kg.demo_shop.demand import GroupedDraw
from kg.demo_shop.writer import DemoFiles
from kg.errors import KgError

SHOP = DemoShop(users=300, items=150, events=12_000, seed=3)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return generate(SHOP, tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def events(files: DemoFiles) -> pd.DataFrame:
    return pd.read_csv(files.events, parse_dates=["event_time"], date_format="%Y-%m-%dT%H:%M:%S%z")


@pytest.fixture(scope="module")
def truth(files: DemoFiles) -> pd.DataFrame:
    return pd.read_parquet(files.truth)


def contents(files: DemoFiles) -> dict[str, bytes]:
    return {field.name: getattr(files, field.name).read_bytes() for field in fields(files)}


def test_equal_seeds_give_equal_bytes_and_others_do_not(files: DemoFiles, tmp_path: Path) -> None:
    again = contents(generate(SHOP, tmp_path / "again"))
    other = contents(generate(DemoShop(users=300, items=150, events=12_000, seed=4), tmp_path / "other"))
    assert again == contents(files)
    assert {name for name in again if again[name] == other[name]} == {"taxonomy"}


def test_the_log_is_ordered_and_has_exactly_the_rows_asked_for(events: pd.DataFrame) -> None:
    assert len(events) == SHOP.events
    assert events["event_time"].is_monotonic_increasing
    assert events["event_time"].iloc[0] >= pd.Timestamp(SHOP.first_day, tz="UTC")
    assert list(events) == [
        "event_time", "event_type", "user_id", "item_id", "quantity", "price", "session_id", "rating",
    ]  # fmt: skip


def test_every_kind_fills_its_own_columns(events: pd.DataFrame) -> None:
    filled = events.assign(price=True).notna().groupby(events["event_type"]).mean()
    assert filled["quantity"].to_dict() == {"view": 0, "cart": 1, "purchase": 1, "rating": 0, "return": 1}
    assert filled["rating"].to_dict() == {"view": 0, "cart": 0, "purchase": 0, "rating": 1, "return": 0}
    assert filled["session_id"].to_dict() == {"view": 1, "cart": 1, "purchase": 1, "rating": 0, "return": 0}
    assert events.loc[events["event_type"] == "rating", "price"].isna().all()
    assert events["rating"].dropna().between(1, 5).all()
    assert (events["quantity"].dropna() > 0).all()
    assert (events["price"].dropna() > 0).all()


def test_references_hold(files: DemoFiles, events: pd.DataFrame) -> None:
    items, users, summary = pd.read_csv(files.items), pd.read_csv(files.users), json.loads(files.summary.read_text())
    assert items["item_id"].is_unique
    assert items["title"].is_unique
    assert users["user_id"].is_unique
    assert set(events["item_id"]) <= set(items["item_id"])
    assert set(events["user_id"].dropna()) - set(users["user_id"]) == set(summary["dirt"]["bots"])
    seen = events.merge(users, on="user_id")
    assert (pd.to_datetime(seen["joined"], utc=True) <= seen["event_time"]).all()
    visits = events.dropna(subset="session_id")[["session_id", "user_id"]].drop_duplicates()
    assert visits["session_id"].is_unique


def test_views_lead_to_carts_and_carts_to_purchases(events: pd.DataFrame) -> None:
    visited = events.dropna(subset="session_id").sort_values("event_time", kind="stable")
    key = ["session_id", "item_id"]
    count = visited.drop_duplicates().pivot_table(
        index=key, columns="event_type", values="event_time", aggfunc="count", fill_value=0
    )
    assert (count["view"] >= count["cart"]).all()
    assert (count["cart"] >= count["purchase"]).all()
    first = visited.pivot_table(index=key, columns="event_type", values="event_time", aggfunc="min")
    bought = first.dropna(subset="purchase")
    assert (bought["view"] < bought["cart"]).all()
    assert (bought["cart"] < bought["purchase"]).all()


def test_the_taxonomy_holds_the_category_of_every_item(files: DemoFiles) -> None:
    from rdflib import Graph
    from rdflib.namespace import SKOS

    graph = Graph().parse(files.taxonomy)
    leaves = {str(graph.value(concept, SKOS.notation)) for concept in graph.subjects(SKOS.broader)}
    assert set(pd.read_csv(files.items)["category"]) == leaves
    assert {(child, parent) for child, parent in graph.subject_objects(SKOS.broader)} == {
        (child, parent) for parent, child in graph.subject_objects(SKOS.narrower)
    }
    assert set(graph.objects(None, SKOS.hasTopConcept)) == set(graph.objects(None, SKOS.broader))


def test_every_cause_holds(files: DemoFiles, truth: pd.DataFrame) -> None:
    items = pd.read_parquet(files.truth_items).set_index("item_id")
    users = pd.read_parquet(files.truth_users).set_index("user_id")
    by = dict(iter(truth.groupby("mechanism")))
    assert set(by) == set(MECHANISMS)

    brand = by["brand"]
    assert (brand["cause"].to_numpy() == users.loc[brand["user_id"], "favourite_brand"].to_numpy()).all()
    assert (brand["cause"].to_numpy() == items.loc[brand["item_id"], "brand"].to_numpy()).all()

    interest = by["interest"]
    interests = users.loc[interest["user_id"], ["interest_1", "interest_2", "interest_3"]].to_numpy()
    assert (interests == interest["cause"].to_numpy()[:, None]).any(axis=1).all()
    assert (interest["cause"].to_numpy() == items.loc[interest["item_id"], "category"].to_numpy()).all()

    complement = by["complement"]
    pairs = items.loc[complement["cause"], ["complement_1", "complement_2"]].to_numpy()
    assert (pairs == complement["item_id"].to_numpy()[:, None]).any(axis=1).all()

    assert (by["repurchase"]["cause"] == by["repurchase"]["item_id"]).all()
    assert (items.loc[by["repurchase"]["item_id"], "interval_days"] > 0).all()
    assert by["popularity"]["cause"].isna().all()

    caused = truth.dropna(subset="cause_time")
    assert set(caused["mechanism"]) == {"complement", "repurchase"}
    assert (caused["time"] - caused["cause_time"] >= pd.Timedelta(hours=23)).all()
    earlier = set(zip(truth["user_id"], truth["item_id"], truth["time"], strict=True))
    assert set(zip(caused["user_id"], caused["cause"], caused["cause_time"], strict=True)) <= earlier


def test_the_truth_is_the_purchases_of_the_log(events: pd.DataFrame, truth: pd.DataFrame) -> None:
    key = ["user_id", "item_id", "time", "session_id"]
    logged = events[events["event_type"] == "purchase"].rename(columns={"event_time": "time"})
    logged = logged.dropna(subset="user_id")[key].drop_duplicates()
    known = set(truth[key].itertuples(index=False, name=None))
    assert len(known) == len(truth) == len(logged)
    assert known == set(logged.itertuples(index=False, name=None))


def test_a_return_gives_back_an_earlier_purchase_that_caused_nothing(events: pd.DataFrame, truth: pd.DataFrame) -> None:
    back = events[events["event_type"] == "return"].drop_duplicates()
    bought = events[events["event_type"] == "purchase"].drop_duplicates().dropna(subset="user_id")
    assert len(back) > 0
    pairs = back.merge(bought, on=["user_id", "item_id"], suffixes=("", "_bought"))
    fits = (pairs["event_time"] > pairs["event_time_bought"]) & (pairs["quantity"] <= pairs["quantity_bought"])
    same = fits & (pairs["price"].eq(pairs["price_bought"]) | pairs["price_bought"].isna())
    assert pairs[same].groupby(["user_id", "item_id", "event_time"]).ngroups == len(back)
    causes = truth.dropna(subset="cause_time").groupby(["user_id", "cause"]).size()
    once = truth.groupby(["user_id", "item_id"]).size() == 1
    returned = [pair for pair in zip(back["user_id"], back["item_id"], strict=True) if once[pair]]
    assert returned
    assert not set(returned) & set(causes.index)


def test_the_summary_counts_the_dirt(files: DemoFiles, events: pd.DataFrame) -> None:
    summary = json.loads(files.summary.read_text())
    dirt = summary["dirt"]
    assert summary["rows"] == len(events)
    assert summary["kinds"] == events["event_type"].value_counts().to_dict()
    assert dirt["duplicates"] == events.duplicated().sum() == round(SHOP.dirt.duplicates * SHOP.events)
    assert dirt["missing_user"] == events["user_id"].isna().sum() > 0
    priced = events[events["event_type"] != "rating"]
    assert dirt["missing_price"] == priced["price"].isna().sum() > 0
    assert dirt["bots"] == events[events["user_id"].isin(dirt["bots"])].groupby("user_id").size().to_dict()
    bots = events[events["user_id"].isin(dirt["bots"])]
    assert set(bots["event_type"]) == {"view"}
    assert bots.groupby("user_id")["event_time"].agg(lambda time: time.max() - time.min()).max() < pd.Timedelta(hours=2)


def test_a_clean_shop_is_clean(tmp_path: Path) -> None:
    clean = Dirt(duplicates=0, guests=0, bots=0, missing_prices=0, returns=0)
    files = generate(DemoShop(users=50, items=60, events=1_000, dirt=clean), tmp_path)
    events = pd.read_csv(files.events)
    assert len(events) == 1_000
    assert not events.duplicated().any()
    assert events["user_id"].notna().all()
    assert "return" not in set(events["event_type"])


@pytest.mark.parametrize("size", [{"users": 10}, {"users": 5_000}, {"items": 50}, {"events": 500}, {"days": 60}])
def test_any_size_has_exactly_its_rows(size: dict[str, int], tmp_path: Path) -> None:
    shop = DemoShop(**{"users": 40, "items": 60, "events": 3_000} | size)  # type: ignore[arg-type]
    assert len(pd.read_csv(generate(shop, tmp_path).events)) == shop.events


def test_popularity_and_activity_are_skewed_and_december_beats_june(events: pd.DataFrame, truth: pd.DataFrame) -> None:
    for column, share in (("item_id", 0.3), ("user_id", 0.25)):
        counts = truth[column].value_counts()
        assert counts.head(len(counts) // 10).sum() > share * counts.sum()
    month, day = events["event_time"].dt.month, events["event_time"].dt.day_of_week
    assert (month == 12).sum() > 1.5 * (month == 6).sum()
    assert (day == 6).sum() > 1.2 * (day == 2).sum()


def test_decoys_are_hubs_that_cause_nothing(tmp_path: Path) -> None:
    files = generate(DemoShop(users=300, items=150, events=12_000, seed=3, decoys=True), tmp_path)
    items, truth = pd.read_csv(files.items), pd.read_parquet(files.truth)
    assert items["brand"].value_counts().index[0] == "Marketplace Basics"
    assert items["label"].value_counts().index[0] == "bestseller"
    assert "Marketplace Basics" not in set(truth["cause"])
    buyers = truth.groupby("item_id")["user_id"].nunique().sort_values()
    assert items.set_index("item_id").loc[buyers.index[-1], "brand"] == "Marketplace Basics"
    assert buyers.iloc[-1] > 1.5 * buyers.iloc[-2]


def test_a_grouped_draw_follows_the_demand_of_its_week_and_group() -> None:
    rng = np.random.default_rng(0)
    weekly = rng.random((3, 7)) * (rng.random((3, 7)) < 0.7)
    weekly /= weekly.sum(axis=1, keepdims=True)
    groups = np.array([2, 0, 1, 2, 2, 0, 1])
    weekly[1, groups == 1] = 0.0
    shelf = GroupedDraw.of(weekly, groups, 3)
    n = 20_000
    for week in range(3):
        for group in range(3):
            expected = np.where(groups == group, weekly[week], 0.0)
            drawn = shelf.draw(np.full(n, week), np.full(n, group), rng)
            if expected.sum() == 0:
                assert (drawn == -1).all()
                continue
            share = np.bincount(drawn, minlength=7) / n
            assert np.abs(share - expected / expected.sum()).max() < 0.02
            assert (share[expected == 0] == 0).all()
        drawn = shelf.draw_any(np.full(n, week), rng)
        assert np.abs(np.bincount(drawn, minlength=7) / n - weekly[week] / weekly[week].sum()).max() < 0.02


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: DemoShop(users=1),
        lambda: DemoShop(events=10),
        lambda: Mixture(popularity=0),
        lambda: Mixture(brand=-1),
        lambda: Mixture(brand=float("nan")),
        lambda: Dirt(bots=0.5),
    ],
)
def test_impossible_parameters_are_named(wrong: object) -> None:
    with pytest.raises(KgError, match=r"users|events|popularity|brand|bots"):
        wrong()  # type: ignore[operator]
