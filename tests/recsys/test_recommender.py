"""The library as a notebook uses it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import kg
import recsys
from kg.files import file_hash
from kg.steps.derive import derive
from recsys.config import Config, Explanations
from recsys.errors import RecsysError
from recsys.explanation.contract import as_json
from recsys.explanation.words import words
from recsys.reranking.chain import Chain
from recsys.types import Placement

DAYS, USERS, ITEMS = 60, 24, 12


@pytest.fixture(scope="session")
def log() -> pd.DataFrame:
    """Two halves of a shop: users buy items of their own half, half of them again."""
    rng = np.random.default_rng(3)
    rows = []
    for user in range(USERS):
        for day in sorted(rng.integers(0, DAYS, 14)):
            item = 2 * rng.integers(0, ITEMS // 2) + user % 2
            rows.append((f"u{user:02}", f"i{item:02}", pd.Timestamp("2024-03-01") + pd.Timedelta(days=int(day))))
    return pd.DataFrame(rows, columns=["user_id", "item_id", "time"]).astype({"time": "datetime64[us]"})


@pytest.fixture(scope="session")
def items() -> pd.DataFrame:
    ids = [f"i{item:02}" for item in range(ITEMS)]
    prices = np.arange(1.0, ITEMS + 1)
    titles = [f"Thing {item}" for item in range(ITEMS)]
    return pd.DataFrame({"item_id": ids, "title": titles, "price": prices, "brand": ["odd", "even"] * (ITEMS // 2)})


@pytest.fixture(scope="session")
def config() -> Config:
    return Config(scorers={"popularity": {}, "repeat": {}, "ease": {}, "walks": {}})


@pytest.fixture(scope="session")
def model(log: pd.DataFrame, items: pd.DataFrame, config: Config) -> recsys.Recommender:
    return recsys.Recommender(config).fit(kg.Tables.of(events=log, items=items))


def test_recommendations_stay_in_a_users_half(model: recsys.Recommender) -> None:
    found = model.recommend(["u00", "u01"], k=3, repeats="include")
    assert list(found.columns) == ["user_id", "item_id", "rank", "title", "score"]
    halves = found["item_id"].str[1:].astype(int) % 2
    assert list(halves) == list(found["user_id"].str[1:].astype(int) % 2)


def test_an_explanation_adds_up_and_agrees_with_the_list(model: recsys.Recommender) -> None:
    found = model.recommend(["u00"], k=3, repeats="include")
    for row in found.itertuples():
        told = model.explain("u00", row.item_id, repeats="include")
        assert told.complete
        assert told.score == pytest.approx(row.score, rel=1e-4)
        assert model.rank("u00", row.item_id, repeats="include") == row.rank


def test_what_was_bought_is_left_out(model: recsys.Recommender, log: pd.DataFrame) -> None:
    bought = set(log[log["user_id"] == "u00"]["item_id"])
    found = model.recommend(["u00"], k=ITEMS)
    assert bought.isdisjoint(found["item_id"])
    assert model.rank("u00", bought.pop()) is None


def test_filters(model: recsys.Recommender) -> None:
    found = model.recommend(["u00"], ITEMS, repeats="include", filters=recsys.Filters(price_min=3, price_max=5))
    assert set(found["item_id"]) <= {"i02", "i03", "i04"}


def test_a_guest_and_everyone(model: recsys.Recommender) -> None:
    guest = model.recommend(history=["i00", "i02"], k=2)
    assert list(guest["user_id"]) == ["", ""]
    assert {"i00", "i02"}.isdisjoint(guest["item_id"])
    assert model.recommend(k=1, repeats="include")["user_id"].nunique() == USERS


def test_cold_items_and_new_visitors_get_reasons(log: pd.DataFrame, items: pd.DataFrame, config: Config) -> None:
    new = pd.DataFrame({"item_id": ["new"], "title": ["New thing"], "price": [2.0], "brand": ["even"]})
    users = pd.DataFrame({"user_id": ["nobody"]})
    model = recsys.Recommender(config).fit(kg.Tables.of(events=log, items=pd.concat([items, new]), users=users))
    model.fusions["include"].weights_[:] = 1.0  # the shop is too small to learn that popularity counts

    def said(user: str | None, item: str) -> tuple[str, ...]:
        told = model.teller.tell(model.explain(user, item, history=[], repeats="include"))
        assert told.score == pytest.approx(sum(reason.value for reason in told.reasons), abs=1e-6)
        return words(told)

    liked = "u01" if "even" in str(items.set_index("item_id").loc["i01", "brand"]) else "u00"
    assert any("also by even" in sentence for sentence in said(liked, "new"))
    assert said(None, "new") == ("“New thing” is new here.",)
    best = model.recommend(history=[], k=1, repeats="include")
    assert set(best["user_id"]) == {""}
    for visitor in (None, "nobody"):
        assert "ought by" in said(visitor, best["item_id"][0])[0]


def test_steps_of_the_config_re_rank_and_are_told(model: recsys.Recommender) -> None:
    steps = Chain.of([{"step": "price_range"}, {"step": "pin", "items": ["i04"]}])
    found = model.recommend(["u00"], 3, repeats="include", rerank=steps)
    assert list(found.columns[-3:]) == ["rank_before", "moved_by_price_range", "moved_by_pin"]
    assert (found["item_id"][0], model.rank("u00", "i04", 3, repeats="include", rerank=steps)) == ("i04", 1)
    plain = model.recommend(["u00"], 3, repeats="include")
    assert "rank_before" not in plain.columns
    configured = recsys.Recommender.of(
        model.graph,
        model.fusions["include"].parts,
        model.recipe,
        model.config_.model_copy(update={"rerank": ({"step": "pin", "items": ["i04"]},)}),
    )
    assert configured.recommend(["u01"], 1, repeats="include")["item_id"][0] == "i04"
    with pytest.raises(recsys.RecsysError, match="no such item"):
        model.recommend(["u00"], rerank=Chain.of([{"step": "pin", "items": ["i99"]}]))


def test_what_is_to_be_hidden_must_be_known(model: recsys.Recommender) -> None:
    hidden = Explanations(sensitive=("brnad",))
    shop = model.config_.model_copy(update={"explanations": hidden})
    other = recsys.Recommender.of(model.graph, model.fusions["include"].parts, model.recipe, shop)
    with pytest.raises(recsys.RecsysError, match="Did you mean 'brand'"):
        other.show("u00", "i02")
    shop = model.config_.model_copy(update={"explanations": Explanations(sensitive=("brand",), k_anonymous=100)})
    other = recsys.Recommender.of(model.graph, model.fusions["include"].parts, model.recipe, shop)
    shown = other.show("u00", "i02")
    said = json.dumps(as_json(shown.told, Placement(1, 1)))
    assert not any(f'"{word}"' in said for word in ("brand", "even", "odd"))
    crowds = [stop.count for reason in shown.told.reasons for stop in reason.stops if stop.type == "user"]
    assert set(crowds) <= {None}


def test_the_past_does_not_know_the_future(model: recsys.Recommender, log: pd.DataFrame) -> None:
    early = datetime(2024, 3, 20)
    before = set(log[(log["user_id"] == "u00") & (log["time"] < early)]["item_id"])
    told = model.explain("u00", "i00", as_of=early)
    touched = {model.graph.id(part.event.node) for part in told.contributions if part.event}
    assert touched <= before | {"odd", "even"}


def test_similar(model: recsys.Recommender) -> None:
    found = model.similar("i00")
    assert list(found.columns) == ["item_id", "rank", "title", "score", "kind"]
    assert "i00" not in set(found["item_id"])


def test_it_draws_itself(model: recsys.Recommender) -> None:
    assert "<svg" in model.show("u00", "i02")._repr_html_()
    told = model.explain("u00", "i02")
    assert "<svg" in told._repr_html_()
    assert "<table" in replace(told, drawn=None)._repr_html_()
    assert "<table" in model._repr_html_()


def test_what_a_console_shows_is_short(model: recsys.Recommender, log: pd.DataFrame) -> None:
    query = model.graph.query()
    made = [
        model, recsys.Recommender(), model.graph, *model.graph.nodes.values(), *model.graph.relations.values(),
        model.graph.nodes["user"].ids, query, model.explain("u00", "i02"), *model.fusions.values(),
        model.service(query).listed(query, query.users), kg.Tables.of(events=log),
    ]  # fmt: skip
    for each in made:
        assert len(repr(each)) < 200
        assert repr(each).startswith(type(each).__name__)


def test_one_id_is_one_user_or_item(model: recsys.Recommender) -> None:
    pd.testing.assert_frame_equal(model.recommend("u00", k=3), model.recommend(["u00", "u00"], k=3))
    pd.testing.assert_frame_equal(model.recommend(history="i00", k=3), model.recommend(history=["i00"], k=3))
    assert model.explain(None, "i02", history="i00").score == model.explain(None, "i02", history=["i00"]).score


@pytest.mark.parametrize("k", [0, -1, 2.5])
def test_a_length_that_is_none(model: recsys.Recommender, k: Any) -> None:
    for ask in (
        lambda: model.recommend(["u00"], k=k),
        lambda: model.similar("i00", k),
        lambda: model.rank("u00", "i02", k),
    ):
        with pytest.raises(recsys.RecsysError, match="a whole number from 1"):
            ask()


@pytest.mark.parametrize("user", ["", None, float("nan")])
def test_a_user_without_an_id(model: recsys.Recommender, user: Any) -> None:
    with pytest.raises(recsys.RecsysError, match="id of a user is empty"):
        model.recommend(["u00", user])
    with pytest.raises(recsys.RecsysError, match="no such user") as number:
        model.recommend([12347])  # type: ignore[list-item]
    assert "quotes" in number.value.fix


def test_a_filter_that_cannot_be_kept(model: recsys.Recommender) -> None:
    with pytest.raises(recsys.RecsysError, match="no price is in this range"):
        model.recommend(["u00"], filters=recsys.Filters(price_min=5, price_max=4))
    with pytest.raises(recsys.RecsysError, match="what is available"):
        model.recommend(["u00"], filters=recsys.Filters(available=True))


def test_saved_and_loaded(model: recsys.Recommender, tmp_path: Path) -> None:
    model.save(str(tmp_path / "model"))
    loaded = recsys.Recommender.load(str(tmp_path / "model"))
    pd.testing.assert_frame_equal(loaded.recommend(k=5), model.recommend(k=5))
    assert loaded.explain("u00", "i02") == model.explain("u00", "i02")


@pytest.mark.parametrize("name", ["recipe.json", "config.json"])
def test_one_of_another_version_is_refused(model: recsys.Recommender, tmp_path: Path, name: str) -> None:
    model.save(tmp_path)
    document = json.loads((tmp_path / name).read_text())
    (tmp_path / name).write_text(json.dumps(document | {"of_tomorrow": 1}))
    hashes = json.loads((tmp_path / "hashes.json").read_text())
    (tmp_path / "hashes.json").write_text(json.dumps(hashes | {name: file_hash(tmp_path / name)}))
    with pytest.raises(RecsysError, match="of another version"):
        recsys.Recommender.load(tmp_path)


@pytest.mark.parametrize(
    "name", ["recipe.json", "config.json", "scorers/ease/scorer.json", "graph/nodes.parquet", "hashes.json"]
)
def test_a_damaged_file_is_named(model: recsys.Recommender, tmp_path: Path, name: str) -> None:
    model.save(tmp_path / "model")
    path = tmp_path / "model" / name
    whole = path.read_bytes()
    for harmed in (whole[:-9], whole[:-30] + bytes([whole[-30] ^ 1]) + whole[-29:]):
        path.write_bytes(harmed)
        with pytest.raises(kg.KgError) as caught:
            recsys.Recommender.load(tmp_path / "model").update(pd.DataFrame({"user_id": ["u00"], "item_id": ["i00"]}))
        assert str(tmp_path / "model") in str(caught.value.file)


def test_the_same_seed_gives_the_same_model(log: pd.DataFrame, config: Config) -> None:
    first, second = (
        recsys.Recommender(config).fit(kg.Tables.of(events=log.sample(frac=1, random_state=seed))) for seed in (0, 1)
    )
    pd.testing.assert_frame_equal(first.recommend(k=5), second.recommend(k=5))


def test_the_unknown_is_named(model: recsys.Recommender) -> None:
    with pytest.raises(recsys.RecsysError, match="no such user"):
        model.recommend(["u00", "nobody"])
    with pytest.raises(recsys.RecsysError, match="no such item"):
        model.explain("u00", "nothing")
    with pytest.raises(recsys.RecsysError, match="no such item"):
        model.recommend(history=["nothing"])


@pytest.mark.parametrize(
    ("made", "kind"),
    [(pd.DataFrame, pd.DataFrame), (pl.from_pandas, pl.DataFrame), (pa.Table.from_pandas, pa.Table)],
)
def test_the_kind_of_frame_that_came_in_goes_out(log: pd.DataFrame, config: Config, made: Any, kind: type) -> None:
    model = recsys.Recommender(config.only(["popularity", "ease"])).fit(kg.Tables.of(events=made(log)))
    assert isinstance(model.recommend(["u00"], k=2), kind)
    assert isinstance(model.similar("i00"), kind)


@pytest.mark.parametrize("package", ["kg", "recsys"])
def test_names_are_found_when_used_and_nothing_is_loaded_before(package: str) -> None:
    module = {"kg": kg, "recsys": recsys}[package]
    assert all(getattr(module, name) is not None for name in module.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = module.nonsense  # type: ignore[attr-defined]
    probe = f"import sys, {package}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "torch"} & set(loaded)


def test_what_was_read_by_a_config_is_fitted_by_it(log: pd.DataFrame, tmp_path: Path) -> None:
    titles = {f"i{item:02}": f"{'RED' if item % 2 else 'BLUE'} CUP {item}" for item in range(ITEMS)}
    log.assign(item_title=log["item_id"].map(titles)).to_csv(tmp_path / "log.csv", index=False)
    (tmp_path / "shop.toml").write_text("[events]\npath = 'log.csv'\n[derive]\ntitle_attributes = ['colour']\n")
    shop = kg.read(tmp_path / "shop.toml")
    assert set(recsys.Recommender().fit(shop).graph.nodes["colour"].ids.ids) == {"red", "blue"}
    other = recsys.Recommender(Config()).fit(shop)
    assert "colour" not in other.graph.nodes


def test_updated_with_new_days_it_is_fitted_on_all(
    log: pd.DataFrame, items: pd.DataFrame, config: Config, tmp_path: Path
) -> None:
    """Also after saving and loading; a changed item wins, and what was learned stays."""
    old, new = log.iloc[: len(log) - 20], log.iloc[len(log) - 20 :]
    new = pd.concat([new, new.iloc[:3].assign(user_id="new"), new.iloc[:2].assign(item_id="i99")])
    known = items.assign(price=items["price"] * 2)
    changed = items.iloc[[3]].assign(title="Now another", brand="third", maker="own")
    more = kg.Tables.of(events=new, items=changed)
    recsys.Recommender(config).fit(kg.Tables.of(events=old, items=known)).save(tmp_path / "model")
    updated = recsys.Recommender.load(tmp_path / "model")
    learned = updated.recipe
    assert updated.update(more) is updated
    assert updated.recipe == learned
    all_items = pd.concat([known.drop(index=3), changed])
    whole = kg.Tables.of(events=pd.concat([old, new]), items=all_items)
    assert updated.graph.hash == kg.build(derive(whole, config.derive)).hash
    found = updated.recommend(["new"], k=ITEMS, repeats="include")
    assert "Now another" in set(found["title"])
    assert updated.explain("new", "i99", repeats="include").complete
    updated.save(tmp_path / "model")
    again = recsys.Recommender.load(tmp_path / "model").update(new.iloc[:1].assign(user_id="newer"))
    assert len(again.recommend(["newer", "new"], k=1)) == 2


def test_what_an_update_cannot_add(model: recsys.Recommender, log: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(kg.KgError, match="'item_id'"):
        model.update(log.drop(columns="item_id"))
    loud = pd.DataFrame({"item_id": ["i00"], "loud": [1.5]})
    mute = recsys.Recommender.of(model.graph, model.fusions["exclude"].parts, model.recipe, model.config_)
    mute.tables = kg.Tables.of(events=log, items=loud.astype({"loud": str}))
    with pytest.raises(kg.KgError, match="two types"):
        mute.update(kg.Tables.of(events=log.iloc[:1], items=loud))
    of_a_workspace = recsys.Recommender.of(model.graph, model.fusions["exclude"].parts, model.recipe, model.config_)
    with pytest.raises(recsys.RecsysError, match="without tables"):
        of_a_workspace.update(log)
    model.save(tmp_path / "model")
    path = tmp_path / "model" / "tables" / "events.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(recsys.RecsysError, match="damaged") as caught:
        recsys.Recommender.load(tmp_path / "model").update(log.iloc[:1])
    assert caught.value.file == path
